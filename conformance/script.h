// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The scenario language: what a .case file says, as data, and the parser that makes it. It knows
// the names of packets and fields, and refuses to know connections, time or a broker.
// docs/conformance.md is its reference. What is parsed without error can be run: names, values and
// variables are checked here.

#ifndef CONFORMANCE_SCRIPT_H
#define CONFORMANCE_SCRIPT_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/wire.h"

namespace conformance {

// A string of a case: plain bytes, the run's prefix (`~`), and captured variables (`${name}`).
struct text_part {
    enum class kind {
        bytes,
        prefix,
        variable
    } what = kind::bytes;
    std::string bytes; // or the variable's name
};
using text_template = std::vector<text_part>;

struct operand {
    enum class kind {
        number,
        bytes,
        pair,
        variable
    } what = kind::number;
    uint64_t number = 0;
    text_template bytes;
    text_template second;
    std::string variable;
    int64_t offset = 0; // added to a variable that is a number
};

enum class comparison {
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    begins_with,
    absent,
    present
};

// One `name=value` of a packet. Only `equal` may have several operands: any of them will do.
struct field_spec {
    std::string name;
    comparison compare = comparison::equal;
    std::vector<operand> operands;
};

struct packet_spec {
    packet_type type = packet_type::reserved;
    std::vector<field_spec> fields;
};

struct raw_token {
    enum class kind {
        bytes,
        variable_integer,
        rest_length,
        two_bytes,
        four_bytes,
        counted_text
    } what = kind::bytes;
    operand content;
    std::optional<uint64_t> written_length; // of a text, instead of its own
};

// One packet of a `>` line: by fields, or raw.
struct send_piece {
    bool raw = false;
    packet_spec packet;
    std::vector<raw_token> tokens;
};

enum class grade {
    pass,
    undefined,
    lenient
};

struct expect_item {
    enum class kind {
        packet,
        close,
        nothing,
        end
    } what = kind::packet;
    packet_spec packet; // of an end: only its reason, if any
    std::optional<uint64_t> duration_ms;
};

struct alternative {
    conformance::grade grade = conformance::grade::pass;
    std::vector<expect_item> items;
};

enum class step_kind {
    open,
    send,
    expect,
    unordered,
    close,
    abort,
    ignore,
    drain,
    wait,
    repeat,
    connect,
    subscribe,
    unsubscribe,
    publish,
    disconnect,
    ping,
    receive,
};

struct step {
    step_kind kind = step_kind::wait;
    unsigned line = 0;
    std::string source; // the line as written, for messages
    bool given = false;
    bool optional = false;
    std::vector<std::string> clients; // one, or several for `either`
    std::vector<std::string> aliases; // of `either … as`, as many as clients or none
    std::vector<send_piece> pieces;
    unsigned split = 0; // bytes at a time; 0 is all at once
    bool text = false;  // in a text frame, where there are frames
    std::vector<alternative> alternatives;
    std::vector<packet_spec> packets; // of unordered; one for ignore and the steps in one word
    uint64_t duration_ms = 0;
    std::optional<uint64_t> within_ms;
    operand count; // of repeat
    std::string counter;
    std::vector<step> body;
};

struct test_case {
    std::string folder;  // "v3" or "v5"
    std::string section; // "3.1.2"
    std::string name;
    std::string title;
    std::vector<std::string> cites;
    std::vector<std::string> needs;
    unsigned version = 0; // 3, 4 or 5
    bool alone = false;
    std::string file;
    unsigned line = 0;
    std::vector<step> steps;

    std::string address() const; // v5/3.1.2/name
};

struct script {
    std::vector<test_case> cases;
    std::vector<std::string> errors; // "file:line: message"
};

// `file` ends in FOLDER/SECTION_words.case; the folder and section are taken from it.
script script_parse(const std::string &file, std::string_view contents);

// The closed list of needs.
enum class need_kind {
    feature,
    announced,
    configuration,
    transport
};
struct need_info {
    const char *name;
    need_kind kind;
};
const std::vector<need_info> &script_needs();
const need_info *script_need(std::string_view name);

// "3.1", "3.1.1" or "5.0" to 3, 4 or 5, and back; 0 if it is none of them.
unsigned script_version(std::string_view name);
const char *script_version_name(unsigned version);

} // namespace conformance

#endif
