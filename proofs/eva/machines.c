/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Driver: every function of the state machines, with arguments of any value, those outside of the
 * enumerations too. WP proves what they mean; here it is that nothing is read that was not
 * written.
 */
#include "eva/any.h"

#include "state_machines/auth.h"
#include "state_machines/bridge.h"
#include "state_machines/connection.h"
#include "state_machines/keepalive.h"
#include "state_machines/qos_receive.h"
#include "state_machines/qos_send.h"
#include "state_machines/session.h"

static uint64_t used;
static char letter;

static void any_auth(void) {
    const struct auth_transition to = auth_step(any_u32(), any_u32());

    used ^= to.next ^ to.action;
    letter ^= auth_state_name(any_u32())[0] ^ auth_event_name(any_u32())[0];
    letter ^= auth_action_name(any_u32())[0];
}

static void any_bridge(void) {
    const struct bridge_transition to = bridge_step(any_u32(), any_u32());

    used ^= to.next ^ to.action;
    used ^= bridge_start_event(any_bool(), any_bool());
    used ^= bridge_rested_event(any_u32(), any_bool(), any_bool(), any_bool());
    used ^= bridge_failed_event(any_u32());
    letter ^= bridge_state_name(any_u32())[0] ^ bridge_event_name(any_u32())[0];
    letter ^= bridge_action_name(any_u32())[0];
}

static void any_connection(void) {
    const struct connection_transition to = connection_step(any_u32(), any_u32());

    used ^= to.next ^ to.action;
    used ^= connection_packet_event(any_u32(), any_bool());
    used ^= connection_may_send(any_u32());
    letter ^= connection_state_name(any_u32())[0] ^ connection_event_name(any_u32())[0];
    letter ^= connection_action_name(any_u32())[0];
}

static void any_keepalive(void) {
    const struct keepalive_transition to = keepalive_step(any_u32(), any_u32());

    used ^= to.next ^ to.action;
    used ^= keepalive_accepted_event(any_u16());
    used ^= keepalive_time_event(any_u64(), any_u64());
    used ^= keepalive_connect_deadline_ms(any_u64(), any_u32());
    used ^= keepalive_deadline_ms(any_u64(), any_u16());
    used ^= keepalive_ping_due_ms(any_u64(), any_u16());
    letter ^= keepalive_state_name(any_u32())[0] ^ keepalive_event_name(any_u32())[0];
    letter ^= keepalive_action_name(any_u32())[0];
}

static void any_qos_receive(void) {
    const struct qos_receive_transition to = qos_receive_step(any_u32(), any_u32());

    used ^= to.next ^ to.action;
    letter ^= qos_receive_state_name(any_u32())[0] ^ qos_receive_event_name(any_u32())[0];
    letter ^= qos_receive_action_name(any_u32())[0];
}

static void any_qos_send(void) {
    const struct qos_send_transition to = qos_send_step(any_u32(), any_u32());

    used ^= to.next ^ to.action;
    used ^= to.takes_slot ^ to.frees_id;
    letter ^= qos_send_state_name(any_u32())[0] ^ qos_send_event_name(any_u32())[0];
    letter ^= qos_send_action_name(any_u32())[0];
}

static void any_quota(void) {
    struct send_quota quota = send_quota_start(any_u16());

    used ^= send_quota_left(quota);
    quota.maximum = any_u16();
    quota.in_flight = any_u16();
    used ^= send_quota_left(quota);
    if (any_bool())
        used ^= send_quota_take(&quota);
    else if (any_bool())
        send_quota_claim(&quota);
    else
        send_quota_give(&quota);
    used ^= quota.maximum ^ quota.in_flight;
}

static void any_session(void) {
    const struct session_transition to = session_step(any_u32(), any_u32());

    used ^= to.next ^ to.action ^ to.will;
    used ^= session_lost_event(any_u32(), any_u32());
    used ^= session_disconnect_event(any_u32());
    used ^= session_may_change_expiry(any_u32(), any_u32());
    used ^= session_will_delay_s(any_u32(), any_u32());
    used ^= session_deadline_ms(any_u64(), any_u32());
    used ^= session_present(any_u32());
    letter ^= session_state_name(any_u32())[0] ^ session_event_name(any_u32())[0];
    letter ^= session_action_name(any_u32())[0] ^ session_will_name(any_u32())[0];
}

void eva_machines(void) {
    any_auth();
    any_bridge();
    any_connection();
    any_keepalive();
    any_qos_receive();
    any_qos_send();
    any_quota();
    any_session();
}
