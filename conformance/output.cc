// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See output.h.

#include "conformance/output.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace conformance {

void output_write(const std::string &path, const std::string &contents, std::string *error) {
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    std::error_code ignored; // opening the file tells the same
    if (!folder.empty()) {
        std::filesystem::create_directories(folder, ignored);
    }
    errno = 0;
    std::ofstream out(path, std::ios::binary);
    out << contents;
    out.close();
    if (!out) {
        *error += (error->empty() ? "" : "\n") + path + " can't be written: " + strerror(errno);
    }
}

std::string output_date() {
    const time_t now = time(nullptr);
    struct tm parts = {};
    gmtime_r(&now, &parts);
    std::array<char, 16> text{};
    strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
    return text.data();
}

} // namespace conformance
