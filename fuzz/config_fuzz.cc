// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Any bytes as a configuration file: taken or refused with a reason, and taken over by itself
// without a remark. Lines that name folders are left out: what they hold is not the input's.

#include <sys/mman.h>
#include <unistd.h>

#include <sstream>
#include <string>

#include "fuzz/input.h"

extern "C" {
#include "broker/io/config.h"
}

namespace {

struct told {
    int errors;
    int remarks;
};

void report(void *ctx, bool is_error, const char *text) {
    auto *t = static_cast<told *>(ctx);
    (is_error ? t->errors : t->remarks)++;
    if (text == nullptr || *text == '\0')
        fuzz::finding("config_fuzz", "a fault without a reason");
}

// A file without a name on any disk.
class memory_file {
  public:
    explicit memory_file(const std::string &text) : fd_(memfd_create("config", MFD_CLOEXEC)) {
        if (fd_ < 0 || write(fd_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
            std::abort();
        path_ = "/proc/self/fd/" + std::to_string(fd_);
    }
    ~memory_file() { close(fd_); }
    const char *path() const { return path_.c_str(); }

  private:
    int fd_;
    std::string path_;
};

bool read(config *out, const char *path, told *t) {
    const config_reporter reporter = {t, report};
    config_command_line command_line = {};
    command_line.file = path;
    config_init(out);
    const bool good = config_read(out, &command_line, &reporter);
    if (good == (t->errors > 0))
        fuzz::finding("config_fuzz", "taken with an error, or refused without one");
    return good;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    std::istringstream lines(std::string(reinterpret_cast<const char *>(data), size));
    std::string text;
    for (std::string line; std::getline(lines, line);) {
        if (line.find("include_dir") == std::string::npos)
            text += line + "\n";
    }
    const memory_file file(text);
    told t = {0, 0};
    config live;
    config next;
    if (read(&live, file.path(), &t)) {
        told again = {0, 0};
        const config_reporter reporter = {&again, report};
        if (!read(&next, file.path(), &again))
            fuzz::finding("config_fuzz", "the same file, another answer");
        again = {0, 0};
        if (!config_reload(&live, &next, &reporter) || again.errors + again.remarks > 0)
            fuzz::finding("config_fuzz", "the same file is a change");
        config_free(&next);
    }
    config_free(&live);
    return 0;
}
