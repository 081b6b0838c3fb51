/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Driver: walking and building of lists, topic matching and shared subscriptions, with any
 * slices and any numbers.
 */
#include "eva/any.h"
#include "eva/codec.h"

static uint8_t bytes[BYTES];
static uint8_t target[BYTES];

static void walk(void) {
    struct ella_slice rest = any_slice(bytes);
    struct ella_slice name;
    struct ella_slice value;
    struct ella_filter filter;
    struct lists_property property;
    uint32_t number;

    while (ella_filter_next((enum ella_packet_type)any_u32(), &rest, &filter))
        (void)ella_topic_share(filter.filter, &name, &value);
    rest = any_slice(bytes);
    while (ella_user_property_next(&rest, &name, &value))
        (void)ella_topic_match(name, value);
    rest = any_slice(bytes);
    while (ella_subscription_identifier_next(&rest, &number))
        any_bytes(bytes, sizeof bytes);
    rest = any_slice(bytes);
    while (ella_lists_property_next(&rest, &property))
        any_bytes(bytes, sizeof bytes);
    (void)ella_topic_match(any_slice(bytes), any_slice(bytes));
    (void)ella_topic_match(ella_slice_of(bytes, any_index(BYTES)), any_slice(bytes));
    (void)ella_topic_share(any_slice(bytes), &name, &value);
}

static void build(void) {
    struct ella_filter filter;
    uint32_t used = any_index(BYTES);

    filter.filter = any_slice(bytes);
    filter.qos = any_u8();
    filter.no_local = any_bool();
    filter.retain_as_published = any_bool();
    filter.retain_handling = any_u8();
    (void)ella_filter_put((enum ella_packet_type)any_u32(), any_version(), &filter, target,
                          any_index(BYTES), &used);
    used = any_index(BYTES);
    (void)ella_user_property_put(any_slice(bytes), any_slice(bytes), target, any_index(BYTES),
                                 &used);
    used = any_index(BYTES);
    (void)ella_subscription_identifier_put(any_u32(), target, any_index(BYTES), &used);
}

void eva_lists(void) {
    any_bytes(bytes, sizeof bytes);
    walk();
    build();
}
