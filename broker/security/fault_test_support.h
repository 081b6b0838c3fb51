// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Collects what the parsers of this package say is wrong: "LINE: text".

#ifndef BROKER_SECURITY_FAULT_TEST_SUPPORT_H
#define BROKER_SECURITY_FAULT_TEST_SUPPORT_H

#include <string>
#include <vector>

extern "C" {
#include "broker/security/fault.h"
}

namespace security_test {

class faults {
  public:
    const fault_reporter *reporter() const { return &reporter_; }
    std::vector<std::string> told;
    std::vector<std::string> remarks;

  private:
    static void report(void *ctx, uint32_t line, const char *text) {
        static_cast<faults *>(ctx)->told.push_back(std::to_string(line) + ": " + text);
    }
    static void remark(void *ctx, uint32_t line, const char *text) {
        static_cast<faults *>(ctx)->remarks.push_back(std::to_string(line) + ": " + text);
    }
    const fault_reporter reporter_ = {this, report, remark};
};

inline const uint8_t *bytes_of(const std::string &text) {
    return reinterpret_cast<const uint8_t *>(text.data());
}

} // namespace security_test

#endif
