// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What encoder and decoder share: values, framing, UTF-8, and the one-line description of a
// packet.

#include "conformance/wire.h"

#include <array>
#include <cstdio>

#include "conformance/wire_fields.h"

namespace conformance {

namespace {

// Longer values are shortened in descriptions; the log has the bytes.
constexpr size_t described_bytes_max = 64;

bool printable(std::string_view bytes) {
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F) {
            return false;
        }
    }
    return wire_utf8_valid(bytes);
}

std::string quoted(std::string_view bytes) {
    std::string out = "\"";
    for (const char c : bytes) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + "\"";
}

std::string describe_bytes(std::string_view bytes) {
    if (bytes.size() > described_bytes_max) {
        const std::string count = " (" + std::to_string(bytes.size()) + " bytes)";
        if (bytes == wire_fill(bytes.size())) {
            return "fill:" + std::to_string(bytes.size());
        }
        return "hex:" + wire_hex(bytes.substr(0, described_bytes_max / 4)) + "…" + count;
    }
    if (printable(bytes)) {
        return quoted(bytes);
    }
    std::string hex = "hex:";
    for (const char c : wire_hex(bytes)) {
        if (c != ' ') {
            hex += c;
        }
    }
    return hex;
}

} // namespace

value value::of(uint64_t number) {
    value result;
    result.number = number;
    return result;
}

value value::of(std::string bytes) {
    value result;
    result.kind = value_kind::bytes;
    result.bytes = std::move(bytes);
    return result;
}

value value::of(std::string name, std::string second) {
    value result;
    result.kind = value_kind::pair;
    result.bytes = std::move(name);
    result.second = std::move(second);
    return result;
}

bool value::operator==(const value &other) const {
    if (kind != other.kind) {
        return false;
    }
    return kind == value_kind::number ? number == other.number
                                      : bytes == other.bytes && second == other.second;
}

const value *packet::find(std::string_view name) const {
    for (const field &candidate : fields) {
        if (candidate.name == name) {
            return &candidate.value;
        }
    }
    return nullptr;
}

uint64_t packet::number(std::string_view name, uint64_t otherwise) const {
    const conformance::value *found = find(name);
    return found == nullptr ? otherwise : found->number;
}

frame_status wire_frame(std::string_view bytes, size_t *size_bytes) {
    constexpr size_t length_bytes_max = 4;
    size_t length = 0;
    for (size_t i = 0; i < length_bytes_max; i++) {
        if (bytes.size() <= i + 1) {
            return frame_status::incomplete;
        }
        const auto byte = static_cast<uint8_t>(bytes[i + 1]);
        length |= static_cast<size_t>(byte & 0x7F) << (7 * i);
        if ((byte & 0x80) == 0) {
            *size_bytes = i + 2 + length;
            return bytes.size() >= *size_bytes ? frame_status::complete : frame_status::incomplete;
        }
    }
    return frame_status::malformed;
}

std::string wire_variable_integer(uint32_t number) {
    std::string out;
    do {
        const auto low = static_cast<uint8_t>(number & 0x7F);
        number >>= 7;
        out += static_cast<char>(number == 0 ? low : low | 0x80);
    } while (number != 0);
    return out;
}

std::string wire_fill(size_t count) {
    std::string out(count, 'a');
    for (size_t i = 0; i < count; i++) {
        out[i] = static_cast<char>('a' + i % 26);
    }
    return out;
}

// The ranges of Table 3-7 of Unicode: first byte, then the bounds of the second, then how many
// more follow.
bool wire_utf8_valid(std::string_view text) {
    struct lead {
        uint8_t first, last, second_min, second_max;
        size_t more;
    };
    static constexpr std::array<lead, 9> leads = {{{0x01, 0x7F, 0, 0, 0},
                                                   {0xC2, 0xDF, 0x80, 0xBF, 1},
                                                   {0xE0, 0xE0, 0xA0, 0xBF, 2},
                                                   {0xE1, 0xEC, 0x80, 0xBF, 2},
                                                   {0xED, 0xED, 0x80, 0x9F, 2},
                                                   {0xEE, 0xEF, 0x80, 0xBF, 2},
                                                   {0xF0, 0xF0, 0x90, 0xBF, 3},
                                                   {0xF1, 0xF3, 0x80, 0xBF, 3},
                                                   {0xF4, 0xF4, 0x80, 0x8F, 3}}};
    for (size_t i = 0; i < text.size();) {
        const auto byte = static_cast<uint8_t>(text[i]);
        const lead *row = nullptr;
        for (const lead &candidate : leads) {
            if (byte >= candidate.first && byte <= candidate.last) {
                row = &candidate;
            }
        }
        if (row == nullptr || text.size() - i <= row->more) {
            return false;
        }
        for (size_t k = 1; k <= row->more; k++) {
            const auto next = static_cast<uint8_t>(text[i + k]);
            const uint8_t low = k == 1 ? row->second_min : uint8_t{0x80};
            const uint8_t high = k == 1 ? row->second_max : uint8_t{0xBF};
            if (next < low || next > high) {
                return false;
            }
        }
        i += row->more + 1;
    }
    return true;
}

std::string wire_hex(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<uint8_t>(c);
        if (!out.empty()) {
            out += ' ';
        }
        out += digits[byte >> 4];
        out += digits[byte & 0x0F];
    }
    return out;
}

std::string wire_describe_value(const value &source) {
    switch (source.kind) {
    case value_kind::number:
        return std::to_string(source.number);
    case value_kind::bytes:
        return describe_bytes(source.bytes);
    case value_kind::pair:
        return describe_bytes(source.bytes) + ":" + describe_bytes(source.second);
    }
    return {};
}

std::string wire_describe(const packet &source) {
    std::string out = packet_name(source.type);
    for (const field &item : source.fields) {
        out += " " + item.name + "=";
        if (item.name == "reason" || item.name == "connect_flags") {
            std::array<char, 8> hex{};
            std::snprintf(hex.data(), hex.size(), "0x%02x",
                          static_cast<unsigned>(item.value.number & 0xFF));
            out += hex.data();
        } else {
            out += wire_describe_value(item.value);
        }
    }
    return out;
}

} // namespace conformance
