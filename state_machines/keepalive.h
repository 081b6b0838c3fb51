/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * When silence has lasted too long: the connect timeout before CONNECT is accepted (v3/u-3.1.4-1,
 * v5/u-3.1.4-1) and one and a half times the keep alive afterwards (v3/3.1.2-24, v5/3.1.2-22).
 *
 * It refuses to know clocks: every time is an argument, in milliseconds from any one origin, and
 * no sum overflows. It refuses to know packets: half a packet is no packet, a packet sent is no
 * packet received.
 *
 * Invariants (proved by exhaustion in keepalive_test.cc, and from the contracts below for every
 * order of events in proofs/wp/keepalive.c):
 *   - EXPIRE at most once, and never in OFF;
 *   - only whole packets from the peer, after acceptance, move the deadline.
 */
#ifndef LIBELLA_STATE_MACHINES_KEEPALIVE_H
#define LIBELLA_STATE_MACHINES_KEEPALIVE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A deadline that never comes, in milliseconds. */
#define KEEPALIVE_NEVER_MS UINT64_MAX

enum keepalive_state {
    KEEPALIVE_CONNECTING = 0, /* CONNECT is not accepted yet: the connect timeout runs */
    KEEPALIVE_RUNNING,        /* 1.5 x keep alive since the last packet runs */
    KEEPALIVE_OFF,            /* keep alive 0: silence is no offence */
    KEEPALIVE_EXPIRED,        /* too late; the connection is closing */
};
#define KEEPALIVE_STATE_COUNT ((unsigned)KEEPALIVE_EXPIRED + 1u)

enum keepalive_event {
    /* CONNECT is accepted with a keep alive of more than 0, or of 0 seconds: Server Keep Alive if
     * the server sends one, else the client's (v5/3.2.2-22). Use keepalive_accepted_event(). */
    KEEPALIVE_ON_ACCEPTED = 0,
    KEEPALIVE_ON_ACCEPTED_OFF,
    /* A whole packet of any type came from the peer. */
    KEEPALIVE_ON_PACKET,
    /* Time was looked at: before the deadline, or at or after it. Use keepalive_time_event(). */
    KEEPALIVE_ON_TIME_EARLY,
    KEEPALIVE_ON_TIME_DUE,
};
#define KEEPALIVE_EVENT_COUNT ((unsigned)KEEPALIVE_ON_TIME_DUE + 1u)

enum keepalive_action {
    /* Nothing; the deadline stays. */
    KEEPALIVE_DO_IGNORE = 0,
    /* Set the deadline to keepalive_deadline_ms() of now. */
    KEEPALIVE_DO_RESTART,
    /* Set the deadline to KEEPALIVE_NEVER_MS. */
    KEEPALIVE_DO_STOP,
    /* Give the connection ON_TIMEOUT: close as if the network had failed (the will goes out). */
    KEEPALIVE_DO_EXPIRE,
};
#define KEEPALIVE_ACTION_COUNT ((unsigned)KEEPALIVE_DO_EXPIRE + 1u)

struct keepalive_transition {
    enum keepalive_state next;
    enum keepalive_action action;
};

/* The odd edges, and why they are so:
 *   1. Packets while CONNECTING do not move the deadline: a peer cannot stay unauthenticated by
 *      sending AUTH for ever. The connect timeout spans everything up to acceptance.
 *   2. Acceptance while RUNNING or OFF is ignored: there is one CONNACK only.
 *   3. EXPIRED is final: a packet that arrives with the deadline passed does not revive anything.
 *
 * Values outside the enums give {EXPIRED, IGNORE}. */
/*@ predicate keepalive_known(integer state, integer event) =
      0 <= state <= KEEPALIVE_EXPIRED && 0 <= event <= KEEPALIVE_ON_TIME_DUE;
*/
/*@ assigns \nothing;
  ensures total: 0 <= \result.next <= KEEPALIVE_EXPIRED &&
      0 <= \result.action <= KEEPALIVE_DO_EXPIRE;
  ensures unknown: !keepalive_known(state, event) ==>
      \result.next == KEEPALIVE_EXPIRED && \result.action == KEEPALIVE_DO_IGNORE;
  ensures expire: \result.action == KEEPALIVE_DO_EXPIRE <==>
      (state == KEEPALIVE_CONNECTING || state == KEEPALIVE_RUNNING) &&
      event == KEEPALIVE_ON_TIME_DUE;
  ensures expired: keepalive_known(state, event) ==>
      (\result.next == KEEPALIVE_EXPIRED <==>
          state == KEEPALIVE_EXPIRED || \result.action == KEEPALIVE_DO_EXPIRE);
  ensures restart: \result.action == KEEPALIVE_DO_RESTART <==>
      (state == KEEPALIVE_CONNECTING && event == KEEPALIVE_ON_ACCEPTED) ||
      (state == KEEPALIVE_RUNNING && event == KEEPALIVE_ON_PACKET);
  ensures stop: \result.action == KEEPALIVE_DO_STOP <==>
      state == KEEPALIVE_CONNECTING && event == KEEPALIVE_ON_ACCEPTED_OFF;
  ensures running: \result.next == KEEPALIVE_RUNNING <==> keepalive_known(state, event) &&
      (\result.action == KEEPALIVE_DO_RESTART ||
          (state == KEEPALIVE_RUNNING && event != KEEPALIVE_ON_TIME_DUE));
  ensures off_for_ever: state == KEEPALIVE_OFF && keepalive_known(state, event) ==>
      \result.next == KEEPALIVE_OFF && \result.action == KEEPALIVE_DO_IGNORE;
  ensures off: state != KEEPALIVE_OFF ==>
      (\result.next == KEEPALIVE_OFF <==> \result.action == KEEPALIVE_DO_STOP);
  ensures ignored: keepalive_known(state, event) && \result.action == KEEPALIVE_DO_IGNORE ==>
      \result.next == state;
*/
struct keepalive_transition keepalive_step(enum keepalive_state state, enum keepalive_event event);

/* ON_ACCEPTED or, for 0, ON_ACCEPTED_OFF. */
/*@ assigns \nothing;
  ensures off: \result == KEEPALIVE_ON_ACCEPTED_OFF <==> keep_alive_s == 0;
  ensures on: \result == KEEPALIVE_ON_ACCEPTED <==> keep_alive_s > 0;
*/
enum keepalive_event keepalive_accepted_event(uint16_t keep_alive_s);

/* ON_TIME_DUE from deadline_ms on, ON_TIME_EARLY before; never due at KEEPALIVE_NEVER_MS. */
/*@ assigns \nothing;
  ensures due: \result == KEEPALIVE_ON_TIME_DUE <==>
      now_ms >= deadline_ms && deadline_ms != KEEPALIVE_NEVER_MS;
  ensures early: \result == KEEPALIVE_ON_TIME_EARLY <==>
      now_ms < deadline_ms || deadline_ms == KEEPALIVE_NEVER_MS;
*/
enum keepalive_event keepalive_time_event(uint64_t now_ms, uint64_t deadline_ms);

/* When the connect timeout ends; timeout_ms 0 means never. */
/*@ assigns \nothing;
  ensures never: timeout_ms == 0 ==> \result == KEEPALIVE_NEVER_MS;
  ensures sum: timeout_ms > 0 ==> \result == \min(opened_ms + timeout_ms, KEEPALIVE_NEVER_MS);
*/
uint64_t keepalive_connect_deadline_ms(uint64_t opened_ms, uint32_t timeout_ms);

/* When 1.5 x keep_alive_s (exact: 1500 ms a second) without a packet is over; 0 means never. */
/*@ assigns \nothing;
  ensures never: keep_alive_s == 0 ==> \result == KEEPALIVE_NEVER_MS;
  ensures sum: keep_alive_s > 0 ==>
      \result == \min(last_packet_ms + keep_alive_s * 1500, KEEPALIVE_NEVER_MS);
*/
uint64_t keepalive_deadline_ms(uint64_t last_packet_ms, uint16_t keep_alive_s);

/* The other end's duty (v3/3.1.2-23, v5 3.1.2.10): when PINGREQ must be sent if nothing else was
 * sent after last_sent_ms; 0 means never. */
/*@ assigns \nothing;
  ensures never: keep_alive_s == 0 ==> \result == KEEPALIVE_NEVER_MS;
  ensures sum: keep_alive_s > 0 ==>
      \result == \min(last_sent_ms + keep_alive_s * 1000, KEEPALIVE_NEVER_MS);
*/
uint64_t keepalive_ping_due_ms(uint64_t last_sent_ms, uint16_t keep_alive_s);

/* Lower-case names for logs and diagrams, "?" for values outside the enum. */
//@ assigns \result \from state;
const char *keepalive_state_name(enum keepalive_state state);
//@ assigns \result \from event;
const char *keepalive_event_name(enum keepalive_event event);
//@ assigns \result \from action;
const char *keepalive_action_name(enum keepalive_action action);

#ifdef __cplusplus
}
#endif

#endif
