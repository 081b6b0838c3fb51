/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * One outgoing connection to another broker as its dialling end sees it: dial, CONNECT, subscribe,
 * be online, fall, rest, dial again. (The accepting end is connection.h.)
 *
 * It refuses to know addresses, topics, queues, clocks and how long a rest is. The private
 * protocol try is the high bit of the protocol level in CONNECT, by which brokers of some makes
 * know each other as bridges; others refuse it, and are then asked again without it.
 *
 * Invariants (proved by exhaustion in bridge_test.cc, and from the contracts below for every
 * order of events in proofs/wp/bridge.c):
 *   - CONNECT is sent once for each DIALLED, before everything else, and nothing but CONNACK is
 *     accepted next;
 *   - after one FALL_BACK the private bit is not tried again before the caller says so by
 *     ON_START_PRIVATE;
 *   - STOPPED is left only by a start; a transport is open only in DIALLING ... ONLINE.
 */
#ifndef LIBELLA_STATE_MACHINES_BRIDGE_H
#define LIBELLA_STATE_MACHINES_BRIDGE_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* When a bridge dials. */
enum bridge_start_type {
    BRIDGE_AUTOMATIC = 0, /* at once, and again after every loss */
    BRIDGE_LAZY,          /* when enough messages wait; hangs up when quiet */
    BRIDGE_ONCE,          /* at once, and never again after a loss */
};

enum bridge_state {
    BRIDGE_IDLE = 0,         /* not needed now: not started yet, or lazy and quiet */
    BRIDGE_DIALLING_PRIVATE, /* transport being opened, CONNECT will carry the private bit */
    BRIDGE_DIALLING,         /* transport being opened, CONNECT will be plain */
    BRIDGE_WAITING_PRIVATE,  /* CONNECT with the private bit sent, CONNACK awaited */
    BRIDGE_WAITING,          /* plain CONNECT sent, CONNACK awaited */
    BRIDGE_SUBSCRIBING,      /* accepted; SUBACKs awaited */
    BRIDGE_ONLINE,           /* messages flow both ways */
    BRIDGE_BACKING_OFF,      /* fell; the rest timer runs */
    BRIDGE_STOPPED,          /* by the operator, or fell and dials only once */
};
#define BRIDGE_STATE_COUNT ((unsigned)BRIDGE_STOPPED + 1u)

enum bridge_event {
    /* Dial now: at the program's start (automatic, once), when enough messages wait (lazy), when
     * the rest is over, or by the operator. Use bridge_start_event(). */
    BRIDGE_ON_START = 0,
    BRIDGE_ON_START_PRIVATE,
    /* The rest is over but a lazy bridge has too little to say. */
    BRIDGE_ON_REST_QUIET,
    /* The transport is open. */
    BRIDGE_ON_DIALLED,
    /* CONNACK 0x00. */
    BRIDGE_ON_CONNACK_ACCEPTED,
    /* CONNACK: unacceptable protocol version (3.x 0x01, 5.0 0x84). */
    BRIDGE_ON_CONNACK_VERSION_REFUSED,
    /* CONNACK with any other failure. */
    BRIDGE_ON_CONNACK_REFUSED,
    /* Every SUBSCRIBE is answered, well or badly; at once if there is none. */
    BRIDGE_ON_SUBSCRIBED,
    /* Any lawful packet but CONNACK and DISCONNECT. */
    BRIDGE_ON_TRAFFIC,
    /* Online, lazy, and nothing moved for the idle timeout. */
    BRIDGE_ON_QUIET,
    /* It did not work out: dialling failed, transport lost, time-out at any stage, malformed
     * packet, DISCONNECT from the other end, REFUSED or VIOLATION below. Use
     * bridge_failed_event(). */
    BRIDGE_ON_FAILED,
    BRIDGE_ON_FAILED_ONCE,
    /* The operator or the end of the program. */
    BRIDGE_ON_STOP,
};
#define BRIDGE_EVENT_COUNT ((unsigned)BRIDGE_ON_STOP + 1u)

enum bridge_action {
    /* Nothing: late news of a transport that was given up, or a wish already granted. */
    BRIDGE_DO_IGNORE = 0,
    /* Open a transport to the next address. */
    BRIDGE_DO_DIAL,
    /* Send CONNECT with the private bit set in the protocol level. */
    BRIDGE_DO_CONNECT_PRIVATE,
    /* Send CONNECT. */
    BRIDGE_DO_CONNECT,
    /* Send the SUBSCRIBEs (and UNSUBSCRIBEs) of the configured topics. */
    BRIDGE_DO_SUBSCRIBE,
    /* Publish the notification, send what waits, reset the growth of the rest. */
    BRIDGE_DO_GO_ONLINE,
    /* Process the packet. */
    BRIDGE_DO_PROCESS,
    /* Close the transport if it is open, remember that the private bit is not wanted there (until
     * the operator starts the bridge anew), and open a transport to the same address at once. */
    BRIDGE_DO_FALL_BACK,
    /* Close the transport if it is open and start the rest timer. */
    BRIDGE_DO_BACK_OFF,
    /* Stay without transport until enough messages wait. */
    BRIDGE_DO_REST,
    /* Close the transport if it is open, stop the rest timer if it runs; send nothing. */
    BRIDGE_DO_CLOSE,
    /* Send DISCONNECT 0x00, close, and send nothing more. */
    BRIDGE_DO_HANG_UP,
    /* The other end said no. Log it, then step bridge_failed_event(). */
    BRIDGE_REFUSED,
    /* The other end broke the protocol. State kept: send DISCONNECT 0x82 if 5.0 and accepted, then
     * step bridge_failed_event(). */
    BRIDGE_VIOLATION,
};
#define BRIDGE_ACTION_COUNT ((unsigned)BRIDGE_VIOLATION + 1u)

struct bridge_transition {
    enum bridge_state next;
    enum bridge_action action;
};

/* The odd edges, and why they are so:
 *   1. A failure of any kind while WAITING_PRIVATE falls back: brokers that do not know the
 *      private bit refuse the version, or just hang up. A loss of the network at that moment
 *      is not told apart; it costs one plain try. REFUSED (credentials and the like) is no
 *      reason to fall back: it comes as CONNACK_REFUSED, and the failure event that follows
 *      would be taken for a hang-up, so CONNACK_REFUSED moves on to WAITING, whose failures
 *      do not fall back.
 *   2. VERSION_REFUSED while plainly WAITING is a refusal: there is no lower version to try.
 *   3. Lazy bridges rest after a failure too, and only then go IDLE (REST_QUIET) or dial
 *      again: else a dead remote would be dialled without pause as long as messages wait.
 *   4. ONCE falls back like the others: the private try is half a dial.
 *   5. While SUBSCRIBING packets are processed: SUBACK itself, and messages that a resumed
 *      session has waiting.
 *   6. QUIET while not ONLINE is late, ignored.
 *   7. News in states without transport is of the transport given up, ignored; one that opens
 *      after it was given up is closed.
 *   8. STOP while CONNACK is awaited hangs up with DISCONNECT: the other end may already have
 *      accepted, and would publish the will (v5/3.14.4-3).
 *
 * Values outside the enums give {STOPPED, CLOSE}. */
/*@ predicate bridge_known(integer state, integer event) =
      0 <= state <= BRIDGE_STOPPED && 0 <= event <= BRIDGE_ON_STOP;
  predicate bridge_has_transport(integer state) =
      BRIDGE_DIALLING_PRIVATE <= state <= BRIDGE_ONLINE;
  predicate bridge_is_dialling(integer state) =
      state == BRIDGE_DIALLING_PRIVATE || state == BRIDGE_DIALLING;
  predicate bridge_waits(integer state) =
      state == BRIDGE_WAITING_PRIVATE || state == BRIDGE_WAITING;
  predicate bridge_is_accepted(integer state) =
      state == BRIDGE_SUBSCRIBING || state == BRIDGE_ONLINE;
  predicate bridge_is_start(integer event) =
      event == BRIDGE_ON_START || event == BRIDGE_ON_START_PRIVATE;
  predicate bridge_is_connack(integer event) =
      BRIDGE_ON_CONNACK_ACCEPTED <= event <= BRIDGE_ON_CONNACK_REFUSED;
  predicate bridge_is_failure(integer event) =
      event == BRIDGE_ON_FAILED || event == BRIDGE_ON_FAILED_ONCE;
*/
/*@ assigns \nothing;
  ensures total: 0 <= \result.next <= BRIDGE_STOPPED &&
      0 <= \result.action <= BRIDGE_VIOLATION;
  ensures unknown: !bridge_known(state, event) ==>
      \result.next == BRIDGE_STOPPED && \result.action == BRIDGE_DO_CLOSE;
  ensures dial: \result.action == BRIDGE_DO_DIAL <==> bridge_known(state, event) &&
      !bridge_has_transport(state) && bridge_is_start(event);
  ensures dialling: !bridge_has_transport(state) ==>
      (bridge_has_transport(\result.next) <==> \result.action == BRIDGE_DO_DIAL);
  ensures private_only_if_asked: state != BRIDGE_DIALLING_PRIVATE ==>
      (\result.next == BRIDGE_DIALLING_PRIVATE <==>
          \result.action == BRIDGE_DO_DIAL && event == BRIDGE_ON_START_PRIVATE);
  ensures connect: \result.action == BRIDGE_DO_CONNECT <==>
      state == BRIDGE_DIALLING && event == BRIDGE_ON_DIALLED;
  ensures connect_private: \result.action == BRIDGE_DO_CONNECT_PRIVATE <==>
      state == BRIDGE_DIALLING_PRIVATE && event == BRIDGE_ON_DIALLED;
  ensures private_awaited: state != BRIDGE_WAITING_PRIVATE ==>
      (\result.next == BRIDGE_WAITING_PRIVATE <==> \result.action == BRIDGE_DO_CONNECT_PRIVATE);
  ensures connack_awaited: !bridge_waits(state) ==>
      (bridge_waits(\result.next) <==> \result.action == BRIDGE_DO_CONNECT ||
          \result.action == BRIDGE_DO_CONNECT_PRIVATE);
  ensures subscribe: \result.action == BRIDGE_DO_SUBSCRIBE <==>
      bridge_waits(state) && event == BRIDGE_ON_CONNACK_ACCEPTED;
  ensures accepted: !bridge_is_accepted(state) ==>
      (bridge_is_accepted(\result.next) <==> \result.action == BRIDGE_DO_SUBSCRIBE);
  ensures go_online: \result.action == BRIDGE_DO_GO_ONLINE <==>
      state == BRIDGE_SUBSCRIBING && event == BRIDGE_ON_SUBSCRIBED;
  ensures online: state != BRIDGE_ONLINE ==>
      (\result.next == BRIDGE_ONLINE <==> \result.action == BRIDGE_DO_GO_ONLINE);
  ensures process: \result.action == BRIDGE_DO_PROCESS <==>
      bridge_is_accepted(state) && event == BRIDGE_ON_TRAFFIC;
  ensures fall_back: \result.action == BRIDGE_DO_FALL_BACK <==>
      state == BRIDGE_WAITING_PRIVATE &&
      (event == BRIDGE_ON_CONNACK_VERSION_REFUSED || bridge_is_failure(event));
  ensures falls_back: \result.action == BRIDGE_DO_FALL_BACK ==>
      \result.next == BRIDGE_DIALLING;
  ensures back_off: \result.action == BRIDGE_DO_BACK_OFF <==> event == BRIDGE_ON_FAILED &&
      bridge_has_transport(state) && state != BRIDGE_WAITING_PRIVATE;
  ensures backing_off: state != BRIDGE_BACKING_OFF ==>
      (\result.next == BRIDGE_BACKING_OFF <==> \result.action == BRIDGE_DO_BACK_OFF);
  ensures rest: \result.action == BRIDGE_DO_REST <==>
      state == BRIDGE_BACKING_OFF && event == BRIDGE_ON_REST_QUIET;
  ensures hang_up: \result.action == BRIDGE_DO_HANG_UP <==>
      (state == BRIDGE_ONLINE && event == BRIDGE_ON_QUIET) ||
      ((bridge_waits(state) || bridge_is_accepted(state)) && event == BRIDGE_ON_STOP);
  ensures refused: \result.action == BRIDGE_REFUSED <==>
      (bridge_waits(state) && event == BRIDGE_ON_CONNACK_REFUSED) ||
      (state == BRIDGE_WAITING && event == BRIDGE_ON_CONNACK_VERSION_REFUSED);
  ensures refused_waits: \result.action == BRIDGE_REFUSED ==> \result.next == BRIDGE_WAITING;
  ensures violation: \result.action == BRIDGE_VIOLATION <==>
      (bridge_waits(state) && event == BRIDGE_ON_TRAFFIC) ||
      (bridge_is_accepted(state) && bridge_is_connack(event));
  ensures stays: \result.action == BRIDGE_VIOLATION || \result.action == BRIDGE_DO_IGNORE ||
      \result.action == BRIDGE_DO_PROCESS ==> \result.next == state;
  ensures transport_is_closed: bridge_has_transport(state) && bridge_known(state, event) ==>
      (!bridge_has_transport(\result.next) <==> \result.action == BRIDGE_DO_BACK_OFF ||
          \result.action == BRIDGE_DO_CLOSE || \result.action == BRIDGE_DO_HANG_UP);
  ensures late_transport_is_closed: event == BRIDGE_ON_DIALLED && bridge_known(state, event) &&
      !bridge_has_transport(state) ==> \result.action == BRIDGE_DO_CLOSE;
  ensures stop: event == BRIDGE_ON_STOP ==> \result.next == BRIDGE_STOPPED;
  ensures stopped: state == BRIDGE_STOPPED && \result.next != BRIDGE_STOPPED ==>
      bridge_is_start(event);
  ensures once: event == BRIDGE_ON_FAILED_ONCE && bridge_has_transport(state) &&
      state != BRIDGE_WAITING_PRIVATE ==> \result.next == BRIDGE_STOPPED;
*/
struct bridge_transition bridge_step(enum bridge_state state, enum bridge_event event);

/* The event that dials: private if the operator wants the try and it was not refused. */
/*@ assigns \nothing;
  ensures private: \result == BRIDGE_ON_START_PRIVATE <==> try_private && !private_refused;
  ensures plain: \result == BRIDGE_ON_START <==> !try_private || private_refused;
*/
enum bridge_event bridge_start_event(bool try_private, bool private_refused);

/* The event when the rest timer fires: START, or REST_QUIET for a lazy bridge that is not wanted
 * (too few messages wait). wanted is of no meaning for the other types. */
/*@ assigns \nothing;
  ensures quiet: \result == BRIDGE_ON_REST_QUIET <==> type == BRIDGE_LAZY && !wanted;
  ensures private: \result == BRIDGE_ON_START_PRIVATE <==>
      !(type == BRIDGE_LAZY && !wanted) && try_private && !private_refused;
  ensures plain: \result == BRIDGE_ON_START <==>
      !(type == BRIDGE_LAZY && !wanted) && !(try_private && !private_refused);
*/
enum bridge_event bridge_rested_event(enum bridge_start_type type, bool wanted, bool try_private,
                                      bool private_refused);

/* The event of a failure. */
/*@ assigns \nothing;
  ensures once: \result == BRIDGE_ON_FAILED_ONCE <==> type == BRIDGE_ONCE;
  ensures again: \result == BRIDGE_ON_FAILED <==> type != BRIDGE_ONCE;
*/
enum bridge_event bridge_failed_event(enum bridge_start_type type);

/* Lower-case names for logs and diagrams, "?" for values outside the enum. */
//@ assigns \result \from state;
const char *bridge_state_name(enum bridge_state state);
//@ assigns \result \from event;
const char *bridge_event_name(enum bridge_event event);
//@ assigns \result \from action;
const char *bridge_action_name(enum bridge_action action);

#ifdef __cplusplus
}
#endif

#endif
