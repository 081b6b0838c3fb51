// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What the codec says to people: names of what there is and of nothing else, and for every error
// words, a reason code and a statement.
#ifndef FUZZ_WORDS_H
#define FUZZ_WORDS_H

#include "fuzz/input.h"
#include "libella/tables.h"

namespace fuzz {

inline bool is_unknown(const char *name) {
    return std::strcmp(name, "unknown") == 0;
}

// A number taken for a packet type, a property and a reason code, by the tables of each.
inline void judge_names(const char *harness, uint8_t number) {
    const bool is_packet = number >= ELLA_CONNECT && number <= ELLA_AUTH;
    const bool is_property =
        number < ELLA_PROPERTY_RULE_COUNT && ella_property_rules[number].type != 0;
    const bool is_reason =
        (ella_reason_client_packets[number] | ella_reason_server_packets[number]) != 0;
    if (is_unknown(ella_packet_name(number)) == is_packet ||
        is_unknown(ella_property_name(number)) == is_property ||
        is_unknown(ella_reason_name(number)) == is_reason)
        finding(harness, "a name of nothing, or something without a name");
}

inline void judge_words(const char *harness, ella_error error) {
    const bool is_wrong = error != ELLA_ERROR_NONE;
    const uint8_t reason = ella_error_reason(error);
    if (ella_error_text(error)[0] == '\0' || is_unknown(ella_error_text(error)) ||
        (reason >= 0x80) != is_wrong || is_unknown(ella_reason_name(reason)))
        finding(harness, "an error without words or reason code");
    // Each error breaks a statement of one version at least; too little room is the caller's.
    bool has_statement = false;
    for (uint8_t version = ELLA_VERSION_3_1; version <= ELLA_VERSION_5_0; version++)
        has_statement |= ella_error_statement(error, version)[0] != '\0';
    if (is_wrong && !has_statement && error != ELLA_ERROR_BUFFER_TOO_SMALL &&
        error != ELLA_ERROR_VERSION_LACKS_FIELD)
        finding(harness, "an error without a statement");
}

} // namespace fuzz

#endif
