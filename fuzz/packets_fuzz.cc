// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The core under packets of several clients and jumps of time (packet_script.h). Mutations know
// events and packets: they repeat, drop, move and mix whole packets, change one field of one, or
// bytes inside one while its Remaining Length stays right, so that little is lost to framing.

#include <random>

#include "fuzz/input.h"
#include "fuzz/packet_script.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max)
    __attribute__((weak));

namespace {

using fuzz::packet_script;
using fuzz::script_event;
using fuzz::script_kind;

constexpr size_t SIZE_MAX_BYTES = 1u << 17;
constexpr size_t GROWTH_BYTES = 64;
const uint32_t JUMPS_MS[] = {0, 1, 100, 999, 1000, 1500, 10000, 60000, 3600000, 16777215};
const char *const TOPICS[] = {"a", "a/b", "$SYS/x", "#", "+/b", "$share/g/a/#", "a/b/c", ""};

class mutator {
  public:
    mutator(packet_script *script, unsigned seed) : script_(script), random_(seed) {}

    void mutate() {
        if (script_->events.empty() || below(20) == 0) {
            insert();
            return;
        }
        switch (below(9)) {
        case 0:
            insert();
            break;
        case 1:
            script_->events.erase(script_->events.begin() + index());
            break;
        case 2:
            repeat();
            break;
        case 3:
            std::swap(one(), one());
            break;
        case 4:
            one().client = static_cast<uint8_t>(below(fuzz::SCRIPT_CLIENTS));
            break;
        case 5:
            change_bytes();
            break;
        case 6:
        case 7:
            change_field();
            break;
        default:
            script_->flags = static_cast<uint8_t>(below(256));
            break;
        }
    }

  private:
    uint32_t below(uint32_t bound) { return random_() % bound; }
    std::ptrdiff_t index() {
        return static_cast<std::ptrdiff_t>(below(static_cast<uint32_t>(script_->events.size())));
    }
    script_event &one() { return script_->events[static_cast<size_t>(index())]; }

    void insert() {
        script_event event;
        event.kind = static_cast<script_kind>(below(static_cast<uint32_t>(script_kind::count)));
        event.client = static_cast<uint8_t>(below(fuzz::SCRIPT_CLIENTS));
        event.ms = JUMPS_MS[below(sizeof JUMPS_MS / sizeof *JUMPS_MS)];
        if (event.kind == script_kind::packets)
            event.bytes = fresh_packet();
        const size_t at = below(static_cast<uint32_t>(script_->events.size() + 1));
        script_->events.insert(script_->events.begin() + static_cast<std::ptrdiff_t>(at), event);
    }

    void repeat() {
        const script_event copy = one();
        script_->events.insert(script_->events.begin() + index(), copy);
    }

    // The first packet of an event, as a struct; false if it is none.
    bool decode(const std::string &bytes, ella_version version, ella_packet *packet,
                uint32_t *size) {
        ella_decoder d;
        const bool begins = !bytes.empty() && (static_cast<uint8_t>(bytes[0]) >> 4) == 1;
        ella_decoder_init(&d, begins ? ELLA_VERSION_UNKNOWN : version, ELLA_FROM_CLIENT,
                          ELLA_PACKET_SIZE_MAX);
        const bool whole = ella_decode(&d, reinterpret_cast<const uint8_t *>(bytes.data()), 0,
                                       static_cast<uint32_t>(bytes.size()), packet) == ELLA_PACKET;
        *size = d.size;
        return whole;
    }

    std::string encode(const ella_packet &packet, ella_version version) {
        uint8_t buf[8192];
        uint32_t size = 0;
        if (ella_encode(&packet, version, ELLA_FROM_CLIENT, buf, 0, sizeof buf, &size) !=
            ELLA_ERROR_NONE)
            return "";
        return std::string(reinterpret_cast<char *>(buf), size);
    }

    std::string fresh_packet() {
        ella_packet packet = {};
        const ella_version version = below(2) == 0 ? ELLA_VERSION_3_1_1 : ELLA_VERSION_5_0;
        packet.type = static_cast<ella_packet_type>(1 + below(15));
        packet.connect.version = static_cast<uint8_t>(version);
        packet.connect.clean_start = below(2) == 0;
        packet.connect.client_id = topic();
        packet.publish.topic = topic();
        packet.publish.payload = topic();
        packet.publish.qos = static_cast<uint8_t>(below(3));
        packet.publish.retain = below(4) == 0;
        packet.publish.packet_id = static_cast<uint16_t>(1 + below(4));
        packet.ack.packet_id = static_cast<uint16_t>(1 + below(4));
        packet.subscribe.packet_id = static_cast<uint16_t>(1 + below(4));
        ella_filter entry = {};
        uint8_t filters[64];
        uint32_t used = 0;
        entry.filter = topic();
        entry.qos = static_cast<uint8_t>(below(3));
        if (ella_filter_put(packet.type, version, &entry, filters, sizeof filters, &used) ==
            ELLA_ERROR_NONE)
            packet.subscribe.filters = ella_slice_of(filters, used);
        return encode(packet, version);
    }

    ella_slice topic() {
        const char *text = TOPICS[below(sizeof TOPICS / sizeof *TOPICS)];
        return ella_slice_of(text, static_cast<uint32_t>(std::strlen(text)));
    }

    void change_field() {
        script_event &event = one();
        ella_packet packet;
        uint32_t size = 0;
        if (event.kind == script_kind::time)
            event.ms = JUMPS_MS[below(sizeof JUMPS_MS / sizeof *JUMPS_MS)];
        if (event.kind != script_kind::packets)
            return;
        const ella_version versions[] = {ELLA_VERSION_5_0, ELLA_VERSION_3_1_1};
        for (const ella_version version : versions) {
            if (!decode(event.bytes, version, &packet, &size))
                continue;
            change(&packet);
            const std::string changed = encode(packet, version);
            if (!changed.empty())
                event.bytes = changed + event.bytes.substr(size);
            return;
        }
    }

    void change(ella_packet *packet) {
        const uint16_t id = static_cast<uint16_t>(1 + below(5));
        switch (packet->type) {
        case ELLA_CONNECT:
            packet->connect.clean_start = below(2) == 0;
            packet->connect.keep_alive_s = static_cast<uint16_t>(below(4));
            if (below(2) == 0)
                packet->connect.client_id = topic();
            ella_property_set(&packet->connect.properties, ELLA_PROPERTY_SESSION_EXPIRY_INTERVAL);
            packet->connect.properties.session_expiry_interval_s = below(3) * 10u;
            break;
        case ELLA_PUBLISH:
            packet->publish.qos = static_cast<uint8_t>(below(3));
            packet->publish.retain = below(2) == 0;
            packet->publish.dup = packet->publish.qos > 0 && below(2) == 0;
            packet->publish.packet_id = id;
            if (below(2) == 0)
                packet->publish.topic = topic();
            if (below(4) == 0)
                packet->publish.payload = ella_slice_of(nullptr, 0);
            break;
        case ELLA_SUBSCRIBE:
        case ELLA_UNSUBSCRIBE:
            packet->subscribe.packet_id = id;
            break;
        default:
            packet->ack.packet_id = id;
            packet->ack.reason_code = below(4) == 0 ? 0x80 : 0;
            break;
        }
    }

    // Inside one packet: then its length is put right again, unless that is the point.
    void change_bytes() {
        script_event &event = one();
        if (event.kind != script_kind::packets || LLVMFuzzerMutate == nullptr)
            return;
        std::string bytes = event.bytes;
        const size_t before = bytes.size();
        bytes.resize(before + GROWTH_BYTES);
        bytes.resize(
            LLVMFuzzerMutate(reinterpret_cast<uint8_t *>(&bytes[0]), before, bytes.size()));
        const size_t body = bytes.size() - (bytes.size() < 2 ? bytes.size() : 2);
        if (bytes.size() >= 2 && body < 128 && below(4) != 0)
            bytes[1] = static_cast<char>(body);
        event.bytes = bytes;
    }

    packet_script *script_;
    std::minstd_rand random_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > SIZE_MAX_BYTES)
        return 0;
    const packet_script script = fuzz::script_read(data, size);
    std::string broken = fuzz::script_play(script);
    std::string records;
    if (broken.empty() && script.events.size() % 2 == 1)
        broken = fuzz::script_play(script, &records);
    if (!broken.empty())
        fuzz::finding("packets_fuzz", broken.c_str());
    return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max,
                                          unsigned int seed) {
    packet_script script = fuzz::script_read(data, size);
    mutator(&script, seed).mutate();
    const std::string out = fuzz::script_write(script);
    if (out.size() > size_max)
        return size;
    std::memcpy(data, out.data(), out.size());
    return out.size();
}
