// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// How fast the codec is: packets and bytes per second for decoding and encoding typical packets,
// beside memcpy of the same bytes.
//
//     bazel run -c opt //codec:bench

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "libella/codec.h"

namespace {

const std::string payload(64, 'x');
const char *const topic = "plant/7/line/3/temperature";

struct ella_slice slice(const std::string &text) {
    return ella_slice_of(text.data(), static_cast<uint32_t>(text.size()));
}

// A packet and the bytes it is encoded to.
struct sample {
    struct ella_packet packet = {};
    enum ella_version version = ELLA_VERSION_5_0;
    std::vector<uint8_t> extra; // filters or user properties, which the packet points to
    std::vector<uint8_t> bytes;

    void finish() {
        uint32_t size = 0;
        if (ella_encoded_size(&packet, version, ELLA_FROM_CLIENT, &size) != ELLA_ERROR_NONE)
            std::abort();
        bytes.resize(size);
        if (ella_encode_checked(&packet, version, ELLA_FROM_CLIENT, bytes.data(), 0, size,
                                &size) != ELLA_ERROR_NONE)
            std::abort();
    }
};

void fill_publish(sample *out, uint8_t qos) {
    out->packet.type = ELLA_PUBLISH;
    out->packet.publish.qos = qos;
    out->packet.publish.packet_id = 1234;
    out->packet.publish.topic = ella_slice_of(topic, static_cast<uint32_t>(std::strlen(topic)));
    out->packet.publish.payload = slice(payload);
}

// PUBLISH of QoS 0 with 64 bytes of payload.
void publish_qos_0(sample *out) {
    out->version = ELLA_VERSION_3_1_1;
    fill_publish(out, 0);
}

void publish_qos_0_of_5_0(sample *out) {
    fill_publish(out, 0);
}

// PUBLISH of QoS 1 as a request has it: expiry, content type, response topic, correlation data and
// two user properties.
void publish_qos_1_properties(sample *out) {
    struct ella_properties *p = &out->packet.publish.properties;
    fill_publish(out, 1);
    p->message_expiry_interval_s = 3600;
    p->content_type = ella_slice_of("application/json", 16);
    p->response_topic = ella_slice_of("plant/7/replies", 15);
    p->correlation_data = ella_slice_of("0123456789abcdef", 16);
    out->extra.resize(64);
    uint32_t used = 0;
    for (const char *value : {"first", "other"}) {
        if (ella_user_property_put(ella_slice_of("origin", 6), ella_slice_of(value, 5),
                                   out->extra.data(), 64, &used) != ELLA_ERROR_NONE)
            std::abort();
    }
    p->user_properties = ella_slice_of(out->extra.data(), used);
    for (const enum ella_property_id id :
         {ELLA_PROPERTY_MESSAGE_EXPIRY_INTERVAL, ELLA_PROPERTY_CONTENT_TYPE,
          ELLA_PROPERTY_RESPONSE_TOPIC, ELLA_PROPERTY_CORRELATION_DATA,
          ELLA_PROPERTY_USER_PROPERTY})
        ella_property_set(p, id);
}

// CONNECT of 5.0 with will, user name and password.
void connect(sample *out) {
    struct ella_connect *c = &out->packet.connect;
    out->packet.type = ELLA_CONNECT;
    c->version = ELLA_VERSION_5_0;
    c->clean_start = true;
    c->keep_alive_s = 60;
    c->client_id = ella_slice_of("sensor-0123456789", 17);
    c->properties.session_expiry_interval_s = 86400;
    ella_property_set(&c->properties, ELLA_PROPERTY_SESSION_EXPIRY_INTERVAL);
    c->properties.receive_maximum = 100;
    ella_property_set(&c->properties, ELLA_PROPERTY_RECEIVE_MAXIMUM);
    c->has_will = true;
    c->will_qos = 1;
    c->will_topic = ella_slice_of("plant/7/status", 14);
    c->will_payload = ella_slice_of("offline", 7);
    c->has_user_name = true;
    c->user_name = ella_slice_of("sensor", 6);
    c->has_password = true;
    c->password = ella_slice_of("correct horse battery", 21);
}

// SUBSCRIBE of ten filters.
void subscribe_10(sample *out) {
    out->packet.type = ELLA_SUBSCRIBE;
    out->packet.subscribe.packet_id = 1;
    out->extra.resize(512);
    uint32_t used = 0;
    for (int i = 0; i < 10; i++) {
        const std::string text = "plant/" + std::to_string(i) + "/line/+/temperature/#";
        struct ella_filter entry = {};
        entry.filter = slice(text);
        entry.qos = 1;
        if (ella_filter_put(ELLA_SUBSCRIBE, ELLA_VERSION_5_0, &entry, out->extra.data(), 512,
                            &used) != ELLA_ERROR_NONE)
            std::abort();
    }
    out->packet.subscribe.filters = ella_slice_of(out->extra.data(), used);
}

void count(benchmark::State &state, const sample &s) {
    state.SetItemsProcessed(state.iterations());
    state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(s.bytes.size()));
    state.SetLabel(std::to_string(s.bytes.size()) + " bytes");
}

void decode(benchmark::State &state, void (*fill)(sample *)) {
    sample s;
    struct ella_decoder d;
    struct ella_packet packet;
    fill(&s);
    s.finish();
    ella_decoder_init(&d, s.version, ELLA_FROM_CLIENT, ELLA_PACKET_SIZE_MAX);
    for (auto _ : state) {
        if (ella_decode(&d, s.bytes.data(), 0, static_cast<uint32_t>(s.bytes.size()), &packet) !=
            ELLA_PACKET)
            state.SkipWithError("not decoded");
        benchmark::DoNotOptimize(packet);
    }
    count(state, s);
}

void encode(benchmark::State &state, void (*fill)(sample *)) {
    sample s;
    fill(&s);
    s.finish();
    const uint32_t room = static_cast<uint32_t>(s.bytes.size());
    for (auto _ : state) {
        uint32_t size = 0;
        const enum ella_error error =
            s.packet.type == ELLA_PUBLISH
                ? ella_encode_publish(&s.packet.publish, s.version, ELLA_FROM_CLIENT,
                                      s.bytes.data(), 0, room, &size)
                : ella_encode(&s.packet, s.version, ELLA_FROM_CLIENT, s.bytes.data(), 0, room,
                              &size);
        if (error != ELLA_ERROR_NONE)
            state.SkipWithError("not encoded");
        benchmark::ClobberMemory();
    }
    count(state, s);
}

void copy(benchmark::State &state, void (*fill)(sample *)) {
    sample s;
    fill(&s);
    s.finish();
    std::vector<uint8_t> target(s.bytes.size());
    for (auto _ : state) {
        std::memcpy(target.data(), s.bytes.data(), s.bytes.size());
        benchmark::ClobberMemory();
    }
    count(state, s);
}

#define BENCH(fill)                                                                               \
    BENCHMARK_CAPTURE(decode, fill, fill);                                                        \
    BENCHMARK_CAPTURE(encode, fill, fill);                                                        \
    BENCHMARK_CAPTURE(copy, fill, fill)

BENCH(publish_qos_0);
BENCH(publish_qos_0_of_5_0);
BENCH(publish_qos_1_properties);
BENCH(connect);
BENCH(subscribe_10);

} // namespace

BENCHMARK_MAIN();
