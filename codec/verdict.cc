// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// verdict: says what the decoder makes of bytes. One packet on each line of standard input,
//
//     VERSION SENDER HEX          such as   5.0 client 300400017400
//
// one JSON object on each line of standard output: {"packet":"PUBLISH","size":6,"fields":{...}},
// {"error":"...","offset":4,"statement":"v5/...","reason_code":130} or {"more":7}. Bytes are
// written in hex; a field that repeats is an array. It decides nothing.

#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "codec/packet_text_test_support.h"
#include "codec/test_support.h"
#include "libella/codec.h"

namespace {

using libella_test::named_value;

std::string hex_of(const std::string &data) {
    std::string out = "\"";
    char pair[3];
    for (const char c : data) {
        std::snprintf(pair, sizeof pair, "%02x", static_cast<unsigned char>(c));
        out += pair;
    }
    return out + '"';
}

std::string json_of(const named_value &row) {
    switch (row.what) {
    case named_value::kind::number:
        return std::to_string(row.number);
    case named_value::kind::flag:
        return row.number != 0 ? "true" : "false";
    case named_value::kind::bytes:
        return hex_of(row.first);
    default:
        return '[' + hex_of(row.first) + ',' + hex_of(row.second) + ']';
    }
}

// Names in the order of their first appearance, each with all its values.
std::string fields_of(const struct ella_packet &packet) {
    std::vector<std::string> order;
    std::map<std::string, std::string> values;
    for (const named_value &row : libella_test::values_of(packet)) {
        std::string &list = values[row.name];
        if (list.empty())
            order.push_back(row.name);
        list += (list.empty() ? "" : ",") + json_of(row);
    }
    std::string out;
    for (const std::string &name : order)
        out += (out.empty() ? "\"" : ",\"") + name + "\":[" + values[name] + ']';
    return '{' + out + '}';
}

enum ella_version version_named(const std::string &name) {
    if (name == "3.1")
        return ELLA_VERSION_3_1;
    if (name == "3.1.1")
        return ELLA_VERSION_3_1_1;
    return name == "5.0" ? ELLA_VERSION_5_0 : ELLA_VERSION_UNKNOWN;
}

std::string error_json(const struct ella_decoder &d) {
    const enum ella_error error = static_cast<enum ella_error>(d.error);
    return std::string("{\"error\":\"") + ella_error_text(error) +
           "\",\"offset\":" + std::to_string(d.error_offset) + ",\"statement\":\"" +
           ella_error_statement(error, d.version) +
           "\",\"reason_code\":" + std::to_string(ella_error_reason(error)) + '}';
}

std::string verdict(enum ella_version version, enum ella_sender sender,
                    const std::vector<uint8_t> &bytes) {
    struct ella_decoder d;
    struct ella_packet packet;
    ella_decoder_init(&d, version, sender, ELLA_PACKET_SIZE_MAX);
    switch (ella_decode(&d, bytes.data(), 0, static_cast<uint32_t>(bytes.size()), &packet)) {
    case ELLA_MORE:
        return "{\"more\":" + std::to_string(d.needed) + '}';
    case ELLA_PACKET:
        return std::string("{\"packet\":\"") +
               ella_packet_name(static_cast<uint32_t>(packet.type)) +
               "\",\"size\":" + std::to_string(d.size) + ",\"fields\":" + fields_of(packet) + '}';
    default:
        return error_json(d);
    }
}

} // namespace

int main() {
    std::ios::sync_with_stdio(false);
    std::string line;
    while (std::getline(std::cin, line)) {
        std::istringstream words(line);
        std::string version;
        std::string sender;
        std::string hex;
        words >> version >> sender >> hex;
        std::cout << verdict(version_named(version),
                             sender == "server" ? ELLA_FROM_SERVER : ELLA_FROM_CLIENT,
                             libella_test::from_hex(hex))
                  << '\n';
    }
    return 0;
}
