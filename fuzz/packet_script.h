// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Packets of several clients, and time between them, as a script for the broker's core. Unlike in
// core_script.h nobody here is lawful: what is sent may be anything, so only what the core owes to
// everybody is judged. The same bytes always tell the same story.
//
//     script   flags event*
//     flags    1 byte: which limits are small
//     event    1 byte: kind * 16 + client (0..7), then
//              PACKETS  length (2 bytes, high byte first), as many bytes: sent on the client's
//                       connection, which is opened if need be
//              CLOSE    nothing: the client's connection ends
//              TIME     milliseconds (3 bytes, high byte first)
//              READ     nothing: the client takes all that there is for it
//              DEAF     nothing: from now on it takes nothing until READ
#ifndef FUZZ_PACKET_SCRIPT_H
#define FUZZ_PACKET_SCRIPT_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fuzz {

constexpr uint32_t SCRIPT_CLIENTS = 8;
constexpr size_t SCRIPT_EVENTS_MAX = 400;

enum class script_kind : uint8_t {
    packets,
    close,
    time,
    read,
    deaf,
    count
};

struct script_event {
    script_kind kind = script_kind::packets;
    uint8_t client = 0;
    uint32_t ms = 0;
    std::string bytes;
};

struct packet_script {
    uint8_t flags = 0;
    std::vector<script_event> events;
};

// What is cut short at the end of the bytes is taken as far as it goes.
packet_script script_read(const uint8_t *data, size_t size);
std::string script_write(const packet_script &script);

// Plays it. Returns what the core owed and did not give, empty if there is nothing. With records
// the core keeps a journal, whose batches are durable at once and are added to it.
std::string script_play(const packet_script &script, std::string *records = nullptr);

} // namespace fuzz

#endif
