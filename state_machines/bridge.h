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
 * Invariants (proved by exhaustion in bridge_test.cc):
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
struct bridge_transition bridge_step(enum bridge_state state, enum bridge_event event);

/* The event that dials: private if the operator wants the try and it was not refused. */
enum bridge_event bridge_start_event(bool try_private, bool private_refused);

/* The event when the rest timer fires: START, or REST_QUIET for a lazy bridge that is not wanted
 * (too few messages wait). wanted is of no meaning for the other types. */
enum bridge_event bridge_rested_event(enum bridge_start_type type, bool wanted, bool try_private,
                                      bool private_refused);

/* The event of a failure. */
enum bridge_event bridge_failed_event(enum bridge_start_type type);

/* Lower-case names for logs and diagrams, "?" for values outside the enum. */
const char *bridge_state_name(enum bridge_state state);
const char *bridge_event_name(enum bridge_event event);
const char *bridge_action_name(enum bridge_action action);

#ifdef __cplusplus
}
#endif

#endif
