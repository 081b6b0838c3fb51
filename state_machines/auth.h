/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The enhanced authentication of MQTT 5.0 (section 4.12), first and repeated, as the end that
 * judges sees it: whose turn it is to speak.
 *
 * It refuses to know methods, data, passwords and whether the connection is already established:
 * connection.h turns SUCCEED and FAIL into the packet that fits.
 *
 * Invariants (proved by exhaustion in auth_test.cc, and from the contracts below for every
 * order of events in proofs/wp/auth.c):
 *   - SUCCEED and FAIL only while the verifier was asked, so one verdict for each question;
 *   - CHALLENGE is followed by the peer's turn, VERIFY by the verifier's;
 *   - without a method in CONNECT (IDLE for ever) every AUTH is a violation and none is sent;
 *   - FAILED is final.
 */
#ifndef LIBELLA_STATE_MACHINES_AUTH_H
#define LIBELLA_STATE_MACHINES_AUTH_H

#ifdef __cplusplus
extern "C" {
#endif

enum auth_state {
    AUTH_IDLE = 0,   /* no exchange ever began: no CONNECT yet, or one without a method */
    AUTH_VERIFYING,  /* the verifier has the data */
    AUTH_CHALLENGED, /* AUTH 0x18 was sent: the peer's turn */
    AUTH_SUCCEEDED,  /* authenticated by a method: the peer may begin again */
    AUTH_FAILED,     /* refused, broken off or over; the connection is closing */
};
#define AUTH_STATE_COUNT ((unsigned)AUTH_FAILED + 1u)

enum auth_event {
    /* CONNECT with an Authentication Method that the verifier knows. CONNECT without a method
     * gives no event. */
    AUTH_ON_CONNECT = 0,
    /* CONNECT with a method that nobody here knows (v5/4.12.0-1). */
    AUTH_ON_CONNECT_UNSUPPORTED,
    /* AUTH 0x18 with the method of CONNECT. */
    AUTH_ON_CONTINUE,
    /* AUTH 0x19 with the method of CONNECT. */
    AUTH_ON_REAUTHENTICATE,
    /* AUTH without a method, with another method, or with a reason code that only the judging end
     * may use (v5/u-3.15-1, v5/u-3.15.2.2.2-1, v5/3.15.2-1). */
    AUTH_ON_WRONG,
    /* The verifier's answers. */
    AUTH_ON_VERIFIER_ACCEPTS,
    AUTH_ON_VERIFIER_CHALLENGES,
    AUTH_ON_VERIFIER_REFUSES,
    /* The peer or the verifier took too long. */
    AUTH_ON_TIMEOUT,
    /* The connection is closing for another reason. */
    AUTH_ON_END,
};
#define AUTH_EVENT_COUNT ((unsigned)AUTH_ON_END + 1u)

enum auth_action {
    /* Nothing: an answer that nobody waits for any more, or an end after the end. */
    AUTH_DO_IGNORE = 0,
    /* Ask the verifier; give it the Authentication Data of the packet. */
    AUTH_DO_VERIFY,
    /* Send AUTH 0x18 with the verifier's data and the method of CONNECT (v5/4.12.0-2, -5). */
    AUTH_DO_CHALLENGE,
    /* Give the connection ON_ACCEPTED: CONNACK 0x00, or AUTH 0x00 if established. */
    AUTH_DO_SUCCEED,
    /* Give the connection ON_REFUSED with Not authorized (0x87) or the verifier's reason. */
    AUTH_DO_FAIL,
    /* Give the connection ON_REFUSED with Bad authentication method (0x8C). */
    AUTH_DO_FAIL_METHOD,
    /* As FAIL, and tell the verifier to forget the question. */
    AUTH_DO_FAIL_CANCEL,
    /* Tell the verifier to forget the question; the connection needs nothing. */
    AUTH_DO_CANCEL,
    /* Give the connection ON_BAD_PACKET with Protocol Error (0x82). */
    AUTH_VIOLATION,
    /* As VIOLATION, and tell the verifier to forget the question. */
    AUTH_VIOLATION_CANCEL,
};
#define AUTH_ACTION_COUNT ((unsigned)AUTH_VIOLATION_CANCEL + 1u)

struct auth_transition {
    enum auth_state next;
    enum auth_action action;
};

/* The odd edges, and why they are so:
 *   1. AUTH while VERIFYING is a violation: the exchange is strictly by turns, and a second AUTH
 *      would make the verifier judge data it did not ask for.
 *   2. AUTH 0x19 while CHALLENGED is a violation: the exchange is not over.
 *   3. AUTH 0x18 after SUCCEEDED is a violation: only 0x19 begins again (v5/4.12.1-1).
 *   4. CONNECT after IDLE never reaches this machine (connection.h refuses it first); it is a
 *      violation here too.
 *   5. AUTH after FAILED is ignored: refused peers are not listened to (v5/3.1.4-6).
 *   6. A failed repetition is final as well: the connection closes (v5/4.12.1-2).
 *
 * Values outside the enums give {FAILED, VIOLATION}. */
/*@ predicate auth_known(integer state, integer event) =
      0 <= state <= AUTH_FAILED && 0 <= event <= AUTH_ON_END;
  predicate auth_is_peer(integer event) = AUTH_ON_CONNECT <= event <= AUTH_ON_WRONG;
  predicate auth_cancels(integer action) = action == AUTH_DO_FAIL_CANCEL ||
      action == AUTH_DO_CANCEL || action == AUTH_VIOLATION_CANCEL;
*/
/*@ assigns \nothing;
  ensures total: 0 <= \result.next <= AUTH_FAILED &&
      0 <= \result.action <= AUTH_VIOLATION_CANCEL;
  ensures unknown: !auth_known(state, event) ==>
      \result.next == AUTH_FAILED && \result.action == AUTH_VIOLATION;
  ensures verify: \result.action == AUTH_DO_VERIFY <==>
      (state == AUTH_IDLE && event == AUTH_ON_CONNECT) ||
      (state == AUTH_CHALLENGED && event == AUTH_ON_CONTINUE) ||
      (state == AUTH_SUCCEEDED && event == AUTH_ON_REAUTHENTICATE);
  ensures verifying: \result.next == AUTH_VERIFYING <==> \result.action == AUTH_DO_VERIFY;
  ensures challenge: \result.action == AUTH_DO_CHALLENGE <==>
      state == AUTH_VERIFYING && event == AUTH_ON_VERIFIER_CHALLENGES;
  ensures succeed: \result.action == AUTH_DO_SUCCEED <==>
      state == AUTH_VERIFYING && event == AUTH_ON_VERIFIER_ACCEPTS;
  ensures challenged: state != AUTH_CHALLENGED ==>
      (\result.next == AUTH_CHALLENGED <==> \result.action == AUTH_DO_CHALLENGE);
  ensures succeeded: state != AUTH_SUCCEEDED ==>
      (\result.next == AUTH_SUCCEEDED <==> \result.action == AUTH_DO_SUCCEED);
  ensures fail: \result.action == AUTH_DO_FAIL <==>
      (state == AUTH_VERIFYING && event == AUTH_ON_VERIFIER_REFUSES) ||
      (state == AUTH_CHALLENGED && event == AUTH_ON_TIMEOUT);
  ensures fail_method: \result.action == AUTH_DO_FAIL_METHOD <==>
      state == AUTH_IDLE && event == AUTH_ON_CONNECT_UNSUPPORTED;
  ensures cancel: auth_cancels(\result.action) <==> state == AUTH_VERIFYING &&
      auth_known(state, event) && !(AUTH_ON_VERIFIER_ACCEPTS <= event <= AUTH_ON_VERIFIER_REFUSES);
  ensures fail_cancel: \result.action == AUTH_DO_FAIL_CANCEL <==>
      state == AUTH_VERIFYING && event == AUTH_ON_TIMEOUT;
  ensures violation_cancel: \result.action == AUTH_VIOLATION_CANCEL <==>
      state == AUTH_VERIFYING && auth_is_peer(event);
  ensures out_of_turn: auth_known(state, event) ==> (\result.action == AUTH_VIOLATION <==>
      auth_is_peer(event) && state != AUTH_VERIFYING && state != AUTH_FAILED &&
      \result.action != AUTH_DO_VERIFY && \result.action != AUTH_DO_FAIL_METHOD);
  ensures faults_fail: AUTH_VIOLATION <= \result.action <= AUTH_VIOLATION_CANCEL ||
      AUTH_DO_FAIL <= \result.action <= AUTH_DO_CANCEL ==> \result.next == AUTH_FAILED;
  ensures ignored: \result.action == AUTH_DO_IGNORE ==> \result.next == state ||
      (event == AUTH_ON_END && \result.next == AUTH_FAILED);
  ensures failed_is_final: state == AUTH_FAILED && auth_known(state, event) ==>
      \result.next == AUTH_FAILED && \result.action == AUTH_DO_IGNORE;
  ensures end: event == AUTH_ON_END ==> \result.next == AUTH_FAILED;
*/
struct auth_transition auth_step(enum auth_state state, enum auth_event event);

/* Lower-case names for logs and diagrams, "?" for values outside the enum. */
//@ assigns \result \from state;
const char *auth_state_name(enum auth_state state);
//@ assigns \result \from event;
const char *auth_event_name(enum auth_event event);
//@ assigns \result \from action;
const char *auth_action_name(enum auth_action action);

#ifdef __cplusplus
}
#endif

#endif
