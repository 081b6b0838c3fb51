// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The defaults are the ones that limits.h promises.

#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>

extern "C" {
#include "broker/core/limits.h"
}

TEST(Limits, DefaultsAreWhatTheHeaderSays) {
    struct core_limits l;
    std::memset(&l, 0xFF, sizeof l);
    core_limits_default(&l);
    EXPECT_EQ(l.max_packet_size_bytes, 2000000u);
    EXPECT_EQ(l.max_payload_bytes, 0u);
    EXPECT_EQ(l.receive_maximum, 1000u);
    EXPECT_EQ(l.max_inflight_messages, 20u);
    EXPECT_EQ(l.max_inflight_bytes, 0u);
    EXPECT_EQ(l.max_queued_messages, 1000u);
    EXPECT_EQ(l.max_queued_bytes, 0u);
    EXPECT_FALSE(l.queue_qos0_messages);
    EXPECT_EQ(l.max_sessions, 0u);
    EXPECT_EQ(l.max_connections, 0u);
    EXPECT_EQ(l.max_subscriptions_per_session, 100000u);
    EXPECT_EQ(l.max_subscribe_bytes, 100000u);
    EXPECT_EQ(l.max_retained_messages, 0u);
    EXPECT_EQ(l.max_retained_bytes, 0u);
    EXPECT_EQ(l.max_topic_levels, 200u);
    EXPECT_EQ(l.memory_limit_bytes, 0u);
    EXPECT_EQ(l.connect_timeout_ms, 10000u);
    EXPECT_EQ(l.max_keepalive_s, 0u);
    EXPECT_EQ(l.session_expiry_max_s, 0xFFFFFFFFu);
    EXPECT_EQ(l.sys_interval_s, 10u);
    EXPECT_TRUE(l.retain_available);
    EXPECT_TRUE(l.wildcard_subscription_available);
    EXPECT_TRUE(l.subscription_identifier_available);
    EXPECT_TRUE(l.shared_subscription_available);
    EXPECT_TRUE(l.check_retain_source);
    EXPECT_STREQ(l.auto_id_prefix, "auto-");
    EXPECT_STREQ(l.response_information, "");
}
