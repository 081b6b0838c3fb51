/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Proof: an enhanced authentication, for every order of events. The verifier has one question at a
 * time; every question is answered once or cancelled once; a verdict never comes unasked; the peer
 * is challenged only by the verifier's word; without a method in CONNECT nothing is ever asked.
 */
#include <stdbool.h>
#include <stddef.h>

#include "state_machines/auth.c"

struct exchange {
    enum auth_state state;
    bool asked;     /* the verifier has a question */
    bool turn;      /* the peer was challenged and has not answered */
    bool began;     /* a CONNECT with a method came */
    bool succeeded; /* the verifier accepted, and nothing came after that */
};

/*@ predicate lawful(struct exchange exchange) =
      0 <= exchange.state <= AUTH_FAILED &&
      (exchange.asked <==> exchange.state == AUTH_VERIFYING) &&
      (exchange.turn <==> exchange.state == AUTH_CHALLENGED) &&
      (exchange.succeeded <==> exchange.state == AUTH_SUCCEEDED) &&
      (!exchange.began ==> exchange.state == AUTH_IDLE || exchange.state == AUTH_FAILED);
  predicate asks(integer action) = action == AUTH_DO_VERIFY;
  predicate settles(integer event, integer action) = auth_cancels(action) ||
      action == AUTH_DO_SUCCEED || action == AUTH_DO_CHALLENGE ||
      (action == AUTH_DO_FAIL && event == AUTH_ON_VERIFIER_REFUSES);
*/

/*@ requires valid: \valid(exchange);
  requires known: 0 <= event <= AUTH_ON_END;
  requires invariant: lawful(*exchange);
  assigns *exchange;
  ensures invariant: lawful(*exchange);
  ensures one_question: asks(\result) ==> !\old(exchange->asked) && exchange->asked;
  ensures one_answer: settles(event, \result) <==> \old(exchange->asked);
  ensures never_unasked: \result == AUTH_DO_SUCCEED || \result == AUTH_DO_CHALLENGE ==>
      \old(exchange->asked) && !exchange->asked;
  ensures no_method: !exchange->began ==> !asks(\result) && \result != AUTH_DO_CHALLENGE &&
      \result != AUTH_DO_SUCCEED;
  ensures again_only_after_success: asks(\result) && event == AUTH_ON_REAUTHENTICATE ==>
      \old(exchange->succeeded);
*/
static enum auth_action exchange_step(struct exchange *exchange, enum auth_event event) {
    const struct auth_transition transition = auth_step(exchange->state, event);
    switch (transition.action) {
    case AUTH_DO_VERIFY:
        exchange->asked = true;
        exchange->turn = false;
        exchange->succeeded = false;
        if (event == AUTH_ON_CONNECT) {
            exchange->began = true;
        }
        break;
    case AUTH_DO_CHALLENGE:
        exchange->asked = false;
        exchange->turn = true;
        break;
    case AUTH_DO_SUCCEED:
        exchange->asked = false;
        exchange->succeeded = true;
        break;
    case AUTH_DO_IGNORE:
        if (event == AUTH_ON_END) {
            exchange->turn = false;
            exchange->succeeded = false;
        }
        break;
    default:
        exchange->asked = false;
        exchange->turn = false;
        exchange->succeeded = false;
        break;
    }
    exchange->state = transition.next;
    return transition.action;
}

/* Any trace, of any length. */
/*@ requires readable: \valid_read(events + (0 .. event_count - 1));
  requires known: \forall integer i; 0 <= i < event_count ==> 0 <= events[i] <= AUTH_ON_END;
  assigns \nothing;
  ensures invariant: lawful(\result);
*/
struct exchange exchange_of(const enum auth_event *events, size_t event_count) {
    struct exchange exchange = {AUTH_IDLE, false, false, false, false};
    /*@ loop invariant 0 <= i <= event_count;
      loop invariant lawful(exchange);
      loop assigns i, exchange;
      loop variant event_count - i;
    */
    for (size_t i = 0; i < event_count; i++) {
        (void)exchange_step(&exchange, events[i]);
    }
    return exchange;
}
