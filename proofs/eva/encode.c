/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Driver: ella_encode() and its sisters with any packet and any buffer.
 *
 * Every member of the packet takes any value of its type, enumerations and flags included; every
 * slice begins and ends anywhere in a buffer of any bytes. The writer's functions are taken by
 * their contracts, which the target wp_writer proves.
 */
#include "eva/any.h"
#include "eva/codec.h"

static uint8_t bytes[BYTES];
static uint8_t target[BYTES];
static struct ella_packet packet;
static uint32_t size;

static void any_properties(struct ella_properties *p) {
    p->present = any_u64();
    p->message_expiry_interval_s = any_u32();
    p->session_expiry_interval_s = any_u32();
    p->will_delay_interval_s = any_u32();
    p->maximum_packet_size = any_u32();
    p->server_keep_alive_s = any_u16();
    p->receive_maximum = any_u16();
    p->topic_alias_maximum = any_u16();
    p->topic_alias = any_u16();
    p->payload_format_indicator = any_u8();
    p->request_problem_information = any_u8();
    p->request_response_information = any_u8();
    p->maximum_qos = any_u8();
    p->retain_available = any_u8();
    p->wildcard_subscription_available = any_u8();
    p->subscription_identifier_available = any_u8();
    p->shared_subscription_available = any_u8();
    p->content_type = any_slice(bytes);
    p->response_topic = any_slice(bytes);
    p->correlation_data = any_slice(bytes);
    p->assigned_client_identifier = any_slice(bytes);
    p->authentication_method = any_slice(bytes);
    p->authentication_data = any_slice(bytes);
    p->response_information = any_slice(bytes);
    p->server_reference = any_slice(bytes);
    p->reason_string = any_slice(bytes);
    p->subscription_identifiers = any_slice(bytes);
    p->user_properties = any_slice(bytes);
}

static void any_connect(struct ella_connect *c) {
    c->version = any_u8();
    c->clean_start = any_bool();
    c->has_will = any_bool();
    c->will_retain = any_bool();
    c->has_user_name = any_bool();
    c->has_password = any_bool();
    c->will_qos = any_u8();
    c->keep_alive_s = any_u16();
    c->client_id = any_slice(bytes);
    c->will_topic = any_slice(bytes);
    c->will_payload = any_slice(bytes);
    c->user_name = any_slice(bytes);
    c->password = any_slice(bytes);
    any_properties(&c->properties);
    any_properties(&c->will_properties);
}

static void any_publish(struct ella_publish *p) {
    p->dup = any_bool();
    p->retain = any_bool();
    p->qos = any_u8();
    p->packet_id = any_u16();
    p->topic = any_slice(bytes);
    p->payload = any_slice(bytes);
    any_properties(&p->properties);
}

static void any_packet(struct ella_packet *p) {
    p->type = (enum ella_packet_type)any_u32();
    any_connect(&p->connect);
    p->connack.session_present = any_bool();
    p->connack.reason_code = any_u8();
    any_properties(&p->connack.properties);
    any_publish(&p->publish);
    p->ack.packet_id = any_u16();
    p->ack.reason_code = any_u8();
    any_properties(&p->ack.properties);
    p->subscribe.packet_id = any_u16();
    p->subscribe.filters = any_slice(bytes);
    any_properties(&p->subscribe.properties);
    p->suback.packet_id = any_u16();
    p->suback.reason_codes = any_slice(bytes);
    any_properties(&p->suback.properties);
    p->reason.reason_code = any_u8();
    any_properties(&p->reason.properties);
}

void eva_encode(void) {
    any_bytes(bytes, sizeof bytes);
    any_packet(&packet);
    (void)ella_encoded_size(&packet, any_version(), any_sender(), &size);
    (void)ella_encode(&packet, any_version(), any_sender(), target, any_index(BYTES),
                      any_index(BYTES), &size);
    (void)ella_encode_checked(&packet, any_version(), any_sender(), target, any_index(BYTES),
                              any_index(BYTES), &size);
    (void)ella_publish_size(&packet.publish, any_version(), any_sender(), &size);
    (void)ella_encode_publish(&packet.publish, any_version(), any_sender(), target,
                              any_index(BYTES), any_index(BYTES), &size);
    (void)ella_properties_size(&packet.publish.properties, packet.type, any_sender(), &size);
    (void)ella_properties_encode(&packet.publish.properties, packet.type, any_sender(), target,
                                 any_index(BYTES), any_index(BYTES), &size);
}
