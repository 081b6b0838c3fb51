// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Any bytes as an acl_file and a question about it. The first line is the question: client
// identifier, user name and topic with a tab between them; the rest is the file. A decision names
// a line that exists, and a subscription to a topic without wildcards reaches something exactly if
// that topic may be read.

#include <algorithm>
#include <string>

#include "fuzz/input.h"

extern "C" {
#include "broker/security/acl.h"
}

namespace {

// So many filters to visit would take longer than an answer may: acl_reaches() says yes then.
constexpr size_t RULES_MAX = 300;

ella_slice slice(const std::string &text) {
    return ella_slice_of(text.data(), static_cast<uint32_t>(text.size()));
}

bool is_text(const std::string &text) {
    return ella_utf8_check(reinterpret_cast<const uint8_t *>(text.data()), 0,
                           static_cast<uint32_t>(text.size()))
               .error == ELLA_ERROR_NONE;
}

void report(void *, uint32_t, const char *) {}

void check(const acl *rules, const acl_client *client, const std::string &topic, size_t lines) {
    for (const acl_access access : {ACL_READ, ACL_WRITE}) {
        const acl_decision decision = acl_decide(rules, client, access, slice(topic));
        const bool by_line =
            decision.reason == ACL_BY_TOPIC_LINE || decision.reason == ACL_BY_PATTERN_LINE;
        if (by_line != (decision.line > 0) || decision.line > lines)
            fuzz::finding("acl_fuzz", "a decision without a line");
        if (!by_line && decision.is_allowed)
            fuzz::finding("acl_fuzz", "allowed by nothing");
    }
    if (acl_rule_count(rules) < RULES_MAX && acl_reaches(rules, client, slice(topic)) !=
                                                 acl_allows(rules, client, ACL_READ, slice(topic)))
        fuzz::finding("acl_fuzz", "the reach of a topic is not that of a message");
    if (acl_allows(rules, client, ACL_READ, slice(topic)) && topic[0] != '$' &&
        !acl_reaches(rules, client, slice("#")))
        fuzz::finding("acl_fuzz", "readable, but out of reach");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const std::string all(reinterpret_cast<const char *>(data), size);
    const size_t end = std::min(all.find('\n'), size);
    const std::string question = all.substr(0, end);
    const fuzz::exact file(data + end, size - end);
    const fault_reporter reporter = {nullptr, report, nullptr};
    acl *rules = acl_file_parse(file.data(), size - end, 1, &reporter);
    if (rules == nullptr)
        return 0;
    const size_t first = question.find('\t');
    const size_t second = first == std::string::npos ? first : question.find('\t', first + 1);
    if (second != std::string::npos) {
        const std::string id = question.substr(0, first);
        const std::string user = question.substr(first + 1, second - first - 1);
        const std::string topic = question.substr(second + 1);
        const acl_client client = {slice(id), slice(user), !user.empty()};
        uint32_t at = 0;
        if (is_text(id) && is_text(user) &&
            ella_topic_name_check(reinterpret_cast<const uint8_t *>(topic.data()), 0,
                                  static_cast<uint32_t>(topic.size()), &at) == ELLA_ERROR_NONE)
            check(rules, &client, topic,
                  static_cast<size_t>(std::count(all.begin(), all.end(), '\n') + 1));
    }
    acl_free(rules);
    return 0;
}
