/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Proof: the silence of one connection, for every order of packets and looks at the clock. Time is
 * up at most once, never with keep alive 0, and, once CONNECT is accepted, never before one and a
 * half times the keep alive has gone by since the last packet; before, never before the connect
 * timeout.
 */
#include <stdbool.h>
#include <stddef.h>

#include "state_machines/keepalive.c"

struct silence {
    enum keepalive_state state;
    uint16_t keep_alive_s;
    uint64_t deadline_ms;
    uint64_t since_ms;   /* of the last packet after acceptance, or of acceptance */
    uint64_t opened_ms;  /* when the transport was opened */
    uint32_t timeout_ms; /* the connect timeout */
    bool expired;
};

/*@ predicate lawful(struct silence silence) =
      0 <= silence.state <= KEEPALIVE_EXPIRED &&
      (silence.expired <==> silence.state == KEEPALIVE_EXPIRED) &&
      (silence.state == KEEPALIVE_CONNECTING ==> silence.deadline_ms == (silence.timeout_ms == 0
          ? KEEPALIVE_NEVER_MS
          : \min(silence.opened_ms + silence.timeout_ms, KEEPALIVE_NEVER_MS))) &&
      (silence.state == KEEPALIVE_RUNNING ==> silence.keep_alive_s > 0 && silence.deadline_ms ==
          \min(silence.since_ms + silence.keep_alive_s * 1500, KEEPALIVE_NEVER_MS)) &&
      (silence.state == KEEPALIVE_OFF ==> silence.keep_alive_s == 0);
*/

/*@ assigns \nothing;
  ensures invariant: lawful(\result);
  ensures connecting: \result.state == KEEPALIVE_CONNECTING && !\result.expired;
*/
struct silence silence_start(uint64_t now_ms, uint32_t timeout_ms) {
    struct silence silence = {KEEPALIVE_CONNECTING, 0, 0, now_ms, now_ms, timeout_ms, false};
    silence.deadline_ms = keepalive_connect_deadline_ms(now_ms, timeout_ms);
    return silence;
}

/*@ requires valid: \valid(silence);
  requires event_is_of_peer: 0 <= event <= KEEPALIVE_ON_PACKET;
  requires event_is_of_interval: event == KEEPALIVE_ON_ACCEPTED &&
      silence->state == KEEPALIVE_CONNECTING ==> silence->keep_alive_s > 0;
  requires event_is_of_no_interval: event == KEEPALIVE_ON_ACCEPTED_OFF &&
      silence->state == KEEPALIVE_CONNECTING ==> silence->keep_alive_s == 0;
  requires invariant: lawful(*silence);
  assigns silence->state, silence->since_ms, silence->deadline_ms;
  ensures invariant: lawful(*silence);
  ensures accepted: \old(silence->state) == KEEPALIVE_CONNECTING ==>
      (silence->state == KEEPALIVE_RUNNING <==> event == KEEPALIVE_ON_ACCEPTED) &&
      (silence->state == KEEPALIVE_OFF <==> event == KEEPALIVE_ON_ACCEPTED_OFF);
  ensures packet_restarts: event == KEEPALIVE_ON_PACKET &&
      \old(silence->state) == KEEPALIVE_RUNNING ==> silence->since_ms == now_ms;
  ensures packet_before_acceptance: event == KEEPALIVE_ON_PACKET &&
      \old(silence->state) == KEEPALIVE_CONNECTING ==>
      silence->deadline_ms == \old(silence->deadline_ms);
*/
static void silence_talk(struct silence *silence, enum keepalive_event event, uint64_t now_ms) {
    const struct keepalive_transition transition = keepalive_step(silence->state, event);
    if (transition.action == KEEPALIVE_DO_RESTART) {
        silence->since_ms = now_ms;
        silence->deadline_ms = keepalive_deadline_ms(now_ms, silence->keep_alive_s);
    } else if (transition.action == KEEPALIVE_DO_STOP) {
        silence->deadline_ms = KEEPALIVE_NEVER_MS;
    }
    silence->state = transition.next;
}

/*@ requires valid: \valid(silence);
  requires invariant: lawful(*silence);
  assigns *silence;
  ensures invariant: lawful(*silence);
  ensures interval: \old(silence->state) == KEEPALIVE_CONNECTING ==>
      silence->keep_alive_s == keep_alive_s;
  ensures accepted: \old(silence->state) == KEEPALIVE_CONNECTING ==> silence->state ==
      (keep_alive_s == 0 ? KEEPALIVE_OFF : KEEPALIVE_RUNNING);
*/
void silence_accept(struct silence *silence, uint16_t keep_alive_s, uint64_t now_ms) {
    if (silence->state == KEEPALIVE_CONNECTING) {
        silence->keep_alive_s = keep_alive_s;
    }
    silence_talk(silence, keepalive_accepted_event(keep_alive_s), now_ms);
}

/*@ requires valid: \valid(silence);
  requires invariant: lawful(*silence);
  assigns *silence;
  ensures invariant: lawful(*silence);
*/
void silence_packet(struct silence *silence, uint64_t now_ms) {
    silence_talk(silence, KEEPALIVE_ON_PACKET, now_ms);
}

/* True when time is up. */
/*@ requires valid: \valid(silence);
  requires invariant: lawful(*silence);
  assigns *silence;
  ensures invariant: lawful(*silence);
  ensures once: \result <==> !\old(silence->expired) && silence->expired;
  ensures never_when_off: \old(silence->state) == KEEPALIVE_OFF ==> !\result;
  ensures not_before: \result && \old(silence->state) == KEEPALIVE_RUNNING ==>
      now_ms >= \old(silence->since_ms) + \old(silence->keep_alive_s) * 1500;
  ensures at_last: \old(silence->state) == KEEPALIVE_RUNNING &&
      \old(silence->deadline_ms) < KEEPALIVE_NEVER_MS &&
      now_ms >= \old(silence->since_ms) + \old(silence->keep_alive_s) * 1500 ==> \result;
  ensures not_before_timeout: \result && \old(silence->state) == KEEPALIVE_CONNECTING ==>
      \old(silence->timeout_ms) > 0 &&
      now_ms >= \old(silence->opened_ms) + \old(silence->timeout_ms);
*/
bool silence_look(struct silence *silence, uint64_t now_ms) {
    const enum keepalive_event event = keepalive_time_event(now_ms, silence->deadline_ms);
    const struct keepalive_transition transition = keepalive_step(silence->state, event);
    silence->state = transition.next;
    silence->expired = transition.next == KEEPALIVE_EXPIRED;
    return transition.action == KEEPALIVE_DO_EXPIRE;
}
