/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Every conformance case against the core in virtual time; none may fail or be inconclusive, and
 * the core must give back all its memory after each.
 */
#include <gtest/gtest.h>

#include <algorithm>

#include "broker/core/core_world.h"
#include "conformance/catalog.h"
#include "conformance/runner.h"

namespace {

std::vector<conformance::test_case> cases() {
    conformance::script all = conformance::catalog_embedded();
    for (const std::string &error : all.errors) {
        std::fprintf(stderr, "%s\n", error.c_str());
    }
    if (!all.errors.empty()) {
        return {};
    }
    // Around the core there is no transport.
    const auto of_transport = [](const conformance::test_case &each) {
        return std::count(each.needs.begin(), each.needs.end(), "websocket") > 0;
    };
    all.cases.erase(std::remove_if(all.cases.begin(), all.cases.end(), of_transport),
                    all.cases.end());
    return all.cases;
}

class Cases : public testing::TestWithParam<conformance::test_case> {};

TEST_P(Cases, KeepTheStandard) {
    CoreWorld world(GetParam().needs);
    conformance::case_result result = conformance::runner_run(GetParam(), world, {});
    bool good = result.verdict != conformance::verdict::fail &&
                result.verdict != conformance::verdict::inconclusive &&
                result.verdict != conformance::verdict::not_supported;
    EXPECT_TRUE(good) << GetParam().file << ":" << result.line << ": "
                      << conformance::verdict_name(result.verdict) << ": " << result.reason << "\n"
                      << conformance::runner_log_text(result.log, "    ");
    EXPECT_EQ(world.finish(), 0u) << "bytes were left behind";
}

std::string name_of(const testing::TestParamInfo<conformance::test_case> &info) {
    std::string name = info.param.folder + "_" + info.param.section + "_" + info.param.name;
    for (char &c : name) {
        if (!isalnum(static_cast<unsigned char>(c))) {
            c = '_';
        }
    }
    return name;
}

INSTANTIATE_TEST_SUITE_P(All, Cases, testing::ValuesIn(cases()), name_of);

TEST(Catalog, HasCases) {
    EXPECT_GT(cases().size(), 100u);
}

} // namespace
