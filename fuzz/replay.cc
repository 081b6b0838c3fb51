/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Runs a harness over files instead of hunting: replay FILE|FOLDER|@LIST... A list has the name of
 * a file in each line. A finding ends the program as it would end the fuzzer, after the name of
 * the file that it was.
 */
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static std::string now;

/* Called when a finding ends the program; nothing may be allocated here. */
static void say_which(int) {
    const char head[] = "while replaying ";
    if (write(STDERR_FILENO, head, sizeof head - 1) < 0 ||
        write(STDERR_FILENO, now.data(), now.size()) < 0 || write(STDERR_FILENO, "\n", 1) < 0)
        _exit(1);
}

static void replay(const std::string &name) {
    std::ifstream file(name, std::ios::binary);
    if (!file) {
        std::fprintf(stderr, "%s: cannot be read\n", name.c_str());
        std::exit(2);
    }
    const std::vector<char> bytes((std::istreambuf_iterator<char>(file)),
                                  std::istreambuf_iterator<char>());
    now = name;
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
}

static std::vector<std::string> files_of(const std::string &argument) {
    std::vector<std::string> files;
    if (argument[0] == '@') {
        std::ifstream list(argument.substr(1));
        for (std::string line; std::getline(list, line);)
            files.push_back(line);
    } else if (std::filesystem::is_directory(argument)) {
        for (const auto &entry : std::filesystem::recursive_directory_iterator(argument)) {
            if (entry.is_regular_file())
                files.push_back(entry.path().string());
        }
    } else {
        files.push_back(argument);
    }
    return files;
}

int main(int argc, char **argv) {
    size_t count = 0;
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s FILE|FOLDER|@LIST...\n", argv[0]);
        return 2;
    }
    std::signal(SIGABRT, say_which);
    for (int i = 1; i < argc; i++) {
        for (const std::string &name : files_of(argv[i])) {
            replay(name);
            count++;
        }
    }
    std::printf("%zu inputs replayed\n", count);
    return 0;
}
