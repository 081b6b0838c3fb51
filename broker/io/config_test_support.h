// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// A configuration read from text, for tests that need one. It knows no option.

#ifndef BROKER_IO_CONFIG_TEST_SUPPORT_H
#define BROKER_IO_CONFIG_TEST_SUPPORT_H

#include <string>
#include <vector>

#include "broker/io/test_support.h"

extern "C" {
#include "broker/io/config.h"
}

namespace io_test {

// A configuration read from text, with what the reader was told.
class configuration {
  public:
    configuration() { config_init(&config); }
    configuration(const configuration &) = delete;
    configuration &operator=(const configuration &) = delete;
    ~configuration() { config_free(&config); }

    bool read_file(const std::string &path) {
        file_ = path;
        command_line.file = file_.c_str();
        return read();
    }
    bool read_text(const std::string &text) { return read_file(dir.write("t.conf", text)); }
    // The command line alone.
    bool read() {
        config_free(&config);
        errors.clear();
        remarks.clear();
        return config_read(&config, &command_line, &reporter);
    }
    // The first error, its folder cut off.
    std::string error() const {
        if (errors.empty())
            return "";
        const std::string prefix = dir.file("");
        const std::string &first = errors.front();
        return first.compare(0, prefix.size(), prefix) == 0 ? first.substr(prefix.size()) : first;
    }

    folder dir;
    config_command_line command_line = {};
    struct config config;
    std::vector<std::string> errors;
    std::vector<std::string> remarks;
    config_reporter reporter = {this, [](void *ctx, bool is_error, const char *text) {
                                    auto *self = static_cast<configuration *>(ctx);
                                    (is_error ? self->errors : self->remarks).push_back(text);
                                }};

  private:
    std::string file_;
};

} // namespace io_test

#endif
