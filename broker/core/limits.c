/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * limits: the values that hold where nobody says otherwise. It knows nothing of what they bound.
 */
#include "broker/core/limits.h"

#include <string.h>

static const struct core_limits limits_default = {
    .max_packet_size_bytes = 2000000u,
    .max_payload_bytes = 0u,
    .receive_maximum = 1000u,
    .max_inflight_messages = 20u,
    .max_inflight_bytes = 0u,
    .max_queued_messages = 1000u,
    .max_queued_bytes = 0u,
    .queue_qos0_messages = false,
    .max_qos0_backlog_bytes = 1048576u,
    .max_sessions = 0u,
    .max_connections = 0u,
    .max_subscriptions_per_session = 100000u,
    .max_subscribe_bytes = 100000u,
    .max_retained_messages = 0u,
    .max_retained_bytes = 0u,
    .max_topic_levels = 200u,
    .memory_limit_bytes = 0u,
    .connect_timeout_ms = 10000u,
    .max_keepalive_s = 0u,
    .session_expiry_max_s = UINT32_MAX,
    .sys_interval_s = 10u,
    .retain_available = true,
    .wildcard_subscription_available = true,
    .subscription_identifier_available = true,
    .shared_subscription_available = true,
    .check_retain_source = true,
    .asks_policy = true,
    .auto_id_prefix = "auto-",
    .response_information = "",
};

void core_limits_default(struct core_limits *limits) {
    memcpy(limits, &limits_default, sizeof *limits);
}
