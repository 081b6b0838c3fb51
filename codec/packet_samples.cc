// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors

#include "codec/packet_samples.h"

#include <cstdlib>
#include <cstring>
#include <string>

namespace codec_samples {

namespace {

const std::string payload(64, 'x');
const char *const topic = "plant/7/line/3/temperature";

struct ella_slice slice(const std::string &text) {
    return ella_slice_of(text.data(), static_cast<uint32_t>(text.size()));
}

void fill_publish(sample *out, uint8_t qos) {
    out->packet.type = ELLA_PUBLISH;
    out->packet.publish.qos = qos;
    out->packet.publish.packet_id = 1234;
    out->packet.publish.topic = ella_slice_of(topic, static_cast<uint32_t>(std::strlen(topic)));
    out->packet.publish.payload = slice(payload);
}

} // namespace

void sample::finish() {
    uint32_t size = 0;
    if (ella_encoded_size(&packet, version, ELLA_FROM_CLIENT, &size) != ELLA_ERROR_NONE)
        std::abort();
    bytes.resize(size);
    if (ella_encode_checked(&packet, version, ELLA_FROM_CLIENT, bytes.data(), 0, size, &size) !=
        ELLA_ERROR_NONE)
        std::abort();
}

enum ella_error sample::encode(uint32_t room) {
    uint32_t size = 0;
    return packet.type == ELLA_PUBLISH
               ? ella_encode_publish(&packet.publish, version, ELLA_FROM_CLIENT, bytes.data(), 0,
                                     room, &size)
               : ella_encode(&packet, version, ELLA_FROM_CLIENT, bytes.data(), 0, room, &size);
}

void publish_qos_0(sample *out) {
    out->version = ELLA_VERSION_3_1_1;
    fill_publish(out, 0);
}

void publish_qos_1(sample *out) {
    out->version = ELLA_VERSION_3_1_1;
    fill_publish(out, 1);
}

void publish_qos_0_of_5_0(sample *out) {
    fill_publish(out, 0);
}

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

void puback(sample *out) {
    out->version = ELLA_VERSION_3_1_1;
    out->packet.type = ELLA_PUBACK;
    out->packet.ack.packet_id = 1234;
}

} // namespace codec_samples
