/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The life of the session of one client identifier, and of the will that comes with each
 * connection: created, attached, detached, gone (v3 3.1.2.4-5, v5 3.1.2.4-5, 3.1.3.2, 3.1.4, 4.1).
 *
 * It refuses to know what is in a session or a will, and reads no clock: the helpers below turn
 * intervals into events and deadlines. 3.x is a special case of 5.0: Clean Session 1 is Clean
 * Start 1 with expiry 0, Clean Session 0 is Clean Start 0 with SESSION_NEVER_EXPIRES (or the
 * operator's limit), the will delay is 0.
 *
 * Invariants (proved by exhaustion in session_test.cc, and from the contracts below for every
 * order of events in proofs/wp/session.c):
 *   - each will is published once or discarded once, never both, never neither when the session is
 *     gone;
 *   - a will is discarded only by a normal DISCONNECT or by a resumption before it was due;
 *   - a session is never ended while a connection is attached, except by that connection's end;
 *   - RESUME is answered only where a session was kept.
 */
#ifndef LIBELLA_STATE_MACHINES_SESSION_H
#define LIBELLA_STATE_MACHINES_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Session Expiry Interval, in seconds, that means for ever (v5 3.1.2.11.2). */
#define SESSION_NEVER_EXPIRES 0xffffffffu
/* A deadline that never comes, in milliseconds. */
#define SESSION_NO_DEADLINE_MS UINT64_MAX

enum session_state {
    SESSION_GONE = 0,      /* there is no session */
    SESSION_ATTACHED,      /* a connection has it; that connection has no will */
    SESSION_ATTACHED_WILL, /* a connection has it, and a will */
    SESSION_DETACHED,      /* no connection; the expiry timer runs, if it expires at all */
    SESSION_DETACHED_WILL, /* as DETACHED, and a will is due later: its timer runs too */
};
#define SESSION_STATE_COUNT ((unsigned)SESSION_DETACHED_WILL + 1u)

enum session_event {
    /* A CONNECT is accepted: with Clean Start 0 or 1, without or with a will. If the session is
     * attached to another connection, that one is lost first (ON_LOST_..., by session_lost_event()
     * with that connection's own intervals): so a take-over is two steps. */
    SESSION_ON_RESUME = 0,
    SESSION_ON_RESUME_WILL,
    SESSION_ON_CLEAN,
    SESSION_ON_CLEAN_WILL,
    /* The connection ends in any other way than a normal DISCONNECT: transport lost, time-out,
     * protocol error, take-over, server's DISCONNECT, or the client's DISCONNECT with a reason
     * code other than 0x00. Use session_lost_event(). */
    SESSION_ON_LOST_ENDING,     /* expiry 0: the session ends with the connection */
    SESSION_ON_LOST_WILL_NOW,   /* the session stays; a will, if any, has no delay */
    SESSION_ON_LOST_WILL_LATER, /* the session stays; a will, if any, is due after its delay */
    /* DISCONNECT with reason code 0x00, and every DISCONNECT of 3.x. Use
     * session_disconnect_event() with the expiry that the DISCONNECT itself may have changed. */
    SESSION_ON_DISCONNECT_ENDING,
    SESSION_ON_DISCONNECT_LASTING,
    /* The will's timer. */
    SESSION_ON_WILL_DUE,
    /* The expiry timer; or the operator removes a detached session. */
    SESSION_ON_EXPIRED,
};
#define SESSION_EVENT_COUNT ((unsigned)SESSION_ON_EXPIRED + 1u)

/* What becomes of the session. Do session_will first: the old will goes out before its session is
 * replaced or ended, and before the will of the new connection is stored. */
enum session_action {
    /* Nothing: a timer that was cancelled fired all the same. */
    SESSION_DO_IGNORE = 0,
    /* Make a new session (Session Present 0). */
    SESSION_DO_CREATE,
    /* Stop both timers and go on with the session (Session Present 1): send again what is
     * unacknowledged. */
    SESSION_DO_RESUME,
    /* Stop both timers, end the old session as in END and make a new one (Session Present 0). */
    SESSION_DO_REPLACE,
    /* Keep the session without a connection: start the expiry timer (session_deadline_ms()). If
     * the next state is DETACHED_WILL, start the will's timer too (session_will_delay_s()). */
    SESSION_DO_DETACH,
    /* The will's timer fired; the session stays as it is. */
    SESSION_DO_STAY,
    /* Stop both timers and discard all of the session; retained messages are not part of it. */
    SESSION_DO_END,
    /* The caller's fault, never the peer's: attached twice, or lost without being attached. State
     * kept, nothing to do. */
    SESSION_MISUSE,
};
#define SESSION_ACTION_COUNT ((unsigned)SESSION_MISUSE + 1u)

/* What becomes of the will of the connection that ends or has ended. */
enum session_will {
    SESSION_WILL_KEEP = 0, /* there is none, or it stays where it is */
    SESSION_WILL_PUBLISH,  /* publish it now with all its properties, then remove it */
    SESSION_WILL_DISCARD,  /* remove it unpublished */
};
#define SESSION_WILL_COUNT ((unsigned)SESSION_WILL_DISCARD + 1u)

struct session_transition {
    enum session_state next;
    enum session_action action;
    enum session_will will;
};

/* The odd edges, and why they are so:
 *   1. Take-over is LOST, then RESUME or CLEAN. With will delay 0 LOST publishes; with expiry 0
 *      LOST publishes whatever the delay, for the session ends, and the new connection finds no
 *      session even with Clean Start 0; with a delay the will waits, so that RESUME discards it
 *      (v5/3.1.3-9) and CLEAN publishes it, because CLEAN ends the session it belongs to
 *      (v5/3.1.2-8, v5 3.1.4).
 *   2. A will delay longer than the expiry: EXPIRED comes first, or at the same instant; the will
 *      is published by whichever comes first and is then gone.
 *   3. DISCONNECT with reason 0x04, or with a failure code, is a loss and not a farewell: only
 * 0x00 discards the will (v5/3.14.4-3), and the delay counts as for a lost connection.
 *   4. A peer's protocol error, also in its DISCONNECT, is a loss: the will goes out.
 *   5. DISCONNECT 0x00 that sets the expiry to 0 discards the will and ends the session.
 *   6. Timers that fire while attached are late: the connection has cancelled them (v5/4.1.0-1).
 *
 * Values outside the enums give {GONE, MISUSE, KEEP}. */
/*@ predicate session_known(integer state, integer event) =
      0 <= state <= SESSION_DETACHED_WILL && 0 <= event <= SESSION_ON_EXPIRED;
  predicate session_is_attached(integer state) =
      state == SESSION_ATTACHED || state == SESSION_ATTACHED_WILL;
  predicate session_is_detached(integer state) =
      state == SESSION_DETACHED || state == SESSION_DETACHED_WILL;
  predicate session_has_will(integer state) =
      state == SESSION_ATTACHED_WILL || state == SESSION_DETACHED_WILL;
  predicate session_is_resume(integer event) =
      event == SESSION_ON_RESUME || event == SESSION_ON_RESUME_WILL;
  predicate session_is_clean(integer event) =
      event == SESSION_ON_CLEAN || event == SESSION_ON_CLEAN_WILL;
  predicate session_is_connect(integer event) =
      session_is_resume(event) || session_is_clean(event);
  predicate session_brings_will(integer event) =
      event == SESSION_ON_RESUME_WILL || event == SESSION_ON_CLEAN_WILL;
  predicate session_is_disconnect(integer event) =
      event == SESSION_ON_DISCONNECT_ENDING || event == SESSION_ON_DISCONNECT_LASTING;
  predicate session_is_lost(integer event) =
      SESSION_ON_LOST_ENDING <= event <= SESSION_ON_LOST_WILL_LATER;
  // The will goes out (v5 3.1.2.5, 3.1.3.2.2, 3.1.4): its connection ended otherwise than by a
  // normal DISCONNECT and there is no delay, or the delay is over, or the session ends first.
  predicate session_will_is_due(integer state, integer event) =
      (state == SESSION_ATTACHED_WILL &&
          (event == SESSION_ON_LOST_WILL_NOW || event == SESSION_ON_LOST_ENDING)) ||
      (state == SESSION_DETACHED_WILL && (event == SESSION_ON_WILL_DUE ||
          event == SESSION_ON_EXPIRED || session_is_clean(event)));
  // The will is removed unpublished (v5/3.14.4-3, v5/3.1.3-9): a normal DISCONNECT, or the session
  // goes on before the delay is over.
  predicate session_will_is_void(integer state, integer event) =
      (state == SESSION_ATTACHED_WILL && session_is_disconnect(event)) ||
      (state == SESSION_DETACHED_WILL && session_is_resume(event));
*/
/*@ assigns \nothing;
  ensures total: 0 <= \result.next <= SESSION_DETACHED_WILL &&
      0 <= \result.action <= SESSION_MISUSE && 0 <= \result.will <= SESSION_WILL_DISCARD;
  ensures unknown: !session_known(state, event) ==> \result.next == SESSION_GONE &&
      \result.action == SESSION_MISUSE && \result.will == SESSION_WILL_KEEP;
  ensures will_published: \result.will == SESSION_WILL_PUBLISH <==>
      session_will_is_due(state, event);
  ensures will_discarded: \result.will == SESSION_WILL_DISCARD <==>
      session_will_is_void(state, event);
  ensures will_stays: session_known(state, event) ==> (session_has_will(\result.next) <==>
      (session_has_will(state) && \result.will == SESSION_WILL_KEEP) ||
      (session_brings_will(event) && !session_is_attached(state)));
  ensures misuse: session_known(state, event) ==> (\result.action == SESSION_MISUSE <==>
      (session_is_attached(state) && session_is_connect(event)) ||
      (!session_is_attached(state) && (session_is_lost(event) || session_is_disconnect(event))));
  ensures faults_change_nothing: session_known(state, event) &&
      (\result.action == SESSION_MISUSE || \result.action == SESSION_DO_IGNORE) ==>
      \result.next == state;
  ensures create: \result.action == SESSION_DO_CREATE <==>
      state == SESSION_GONE && session_is_connect(event);
  ensures resume: \result.action == SESSION_DO_RESUME <==>
      session_is_detached(state) && session_is_resume(event);
  ensures replace: \result.action == SESSION_DO_REPLACE <==>
      session_is_detached(state) && session_is_clean(event);
  ensures attached: session_known(state, event) && !session_is_attached(state) ==>
      (session_is_attached(\result.next) <==> session_is_connect(event));
  ensures detach: \result.action == SESSION_DO_DETACH <==> session_is_attached(state) &&
      (event == SESSION_ON_LOST_WILL_NOW || event == SESSION_ON_LOST_WILL_LATER ||
          event == SESSION_ON_DISCONNECT_LASTING);
  ensures detached: session_is_attached(state) ==>
      (session_is_detached(\result.next) <==> \result.action == SESSION_DO_DETACH);
  ensures stay: \result.action == SESSION_DO_STAY <==>
      state == SESSION_DETACHED_WILL && event == SESSION_ON_WILL_DUE;
  ensures stays: \result.action == SESSION_DO_STAY ==> \result.next == SESSION_DETACHED;
  ensures end: \result.action == SESSION_DO_END <==>
      (session_is_attached(state) &&
          (event == SESSION_ON_LOST_ENDING || event == SESSION_ON_DISCONNECT_ENDING)) ||
      (session_is_detached(state) && event == SESSION_ON_EXPIRED);
  ensures gone: session_known(state, event) && state != SESSION_GONE ==>
      (\result.next == SESSION_GONE <==> \result.action == SESSION_DO_END);
*/
struct session_transition session_step(enum session_state state, enum session_event event);

/* The event of a connection that ends otherwise than by a normal DISCONNECT. Intervals in seconds:
 * will_delay_s of the will (0 if none), session_expiry_s as CONNECT or the DISCONNECT gave it. */
/*@ assigns \nothing;
  ensures ending: \result == SESSION_ON_LOST_ENDING <==> session_expiry_s == 0;
  ensures will_now: \result == SESSION_ON_LOST_WILL_NOW <==>
      session_expiry_s > 0 && will_delay_s == 0;
  ensures will_later: \result == SESSION_ON_LOST_WILL_LATER <==>
      session_expiry_s > 0 && will_delay_s > 0;
*/
enum session_event session_lost_event(uint32_t will_delay_s, uint32_t session_expiry_s);

/* The event of a normal DISCONNECT. */
/*@ assigns \nothing;
  ensures ending: \result == SESSION_ON_DISCONNECT_ENDING <==> session_expiry_s == 0;
  ensures lasting: \result == SESSION_ON_DISCONNECT_LASTING <==> session_expiry_s > 0;
*/
enum session_event session_disconnect_event(uint32_t session_expiry_s);

/* Whether DISCONNECT may change the expiry so: not from 0, as CONNECT gave it, to something else
 * (v5/u-3.14.2.2.2-2). connect_expiry_s is what the client asked for and not what the server made
 * of it. */
/*@ assigns \nothing;
  ensures never_from_zero: \result <==> !(connect_expiry_s == 0 && disconnect_expiry_s != 0);
*/
bool session_may_change_expiry(uint32_t connect_expiry_s, uint32_t disconnect_expiry_s);

/* After how many seconds a will that is due later goes out: the shorter of both (v5 3.1.3.2.2). */
/*@ assigns \nothing;
  ensures shorter: \result == \min(will_delay_s, session_expiry_s);
*/
uint32_t session_will_delay_s(uint32_t will_delay_s, uint32_t session_expiry_s);

/* now_ms plus an interval; SESSION_NO_DEADLINE_MS for SESSION_NEVER_EXPIRES or beyond 64 bits. */
/*@ assigns \nothing;
  ensures never: interval_s == SESSION_NEVER_EXPIRES ==> \result == SESSION_NO_DEADLINE_MS;
  ensures sum: interval_s != SESSION_NEVER_EXPIRES ==>
      \result == \min(now_ms + interval_s * 1000, SESSION_NO_DEADLINE_MS);
  ensures not_before: \result >= now_ms;
*/
uint64_t session_deadline_ms(uint64_t now_ms, uint32_t interval_s);

/* The Session Present flag of a CONNACK that accepts (v5/3.2.2-2, -3, v3/3.2.2-1 to -3). */
/*@ assigns \nothing;
  ensures only_resumed: \result <==> action == SESSION_DO_RESUME;
*/
bool session_present(enum session_action action);

/* Lower-case names for logs and diagrams, "?" for values outside the enum. */
//@ assigns \result \from state;
const char *session_state_name(enum session_state state);
//@ assigns \result \from event;
const char *session_event_name(enum session_event event);
//@ assigns \result \from action;
const char *session_action_name(enum session_action action);
//@ assigns \result \from will;
const char *session_will_name(enum session_will will);

#ifdef __cplusplus
}
#endif

#endif
