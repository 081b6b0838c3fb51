/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Proof: a whole connection, for every order of events. Nothing but CONNECT is processed first and
 * only once; at most one CONNACK; DISCONNECT and other packets only while a session is attached;
 * nothing is sent or processed after the last packet; a session that was attached is told of its
 * end exactly once.
 *
 * It refuses to know what the actions do; it counts them.
 */
#include <stddef.h>

#include "state_machines/connection.c"

/* What a connection has done so far, counted by its actions. */
struct life {
    enum connection_state state;
    unsigned connects;  /* CONNECTs given to the checks or the authentication */
    unsigned connacks;  /* CONNACKs sent, good or bad */
    unsigned sessions;  /* sessions attached */
    unsigned farewells; /* sessions told of their end */
    bool over;          /* the last packet is ordered, or the transport is gone */
};

/*@ predicate lawful(struct life life) =
      0 <= life.state <= CONNECTION_CLOSED &&
      life.connects <= 1 && life.connacks <= 1 && life.sessions <= 1 &&
      (life.connects == 0 ==> life.sessions == 0) &&
      (life.sessions == 1 ==> life.connacks == 1) &&
      (life.state == CONNECTION_WAITING ==> life.connects == 0) &&
      (connection_is_judged(life.state) || connection_has_session(life.state) ==>
          life.connects == 1) &&
      (life.state < CONNECTION_CLOSING ==> life.connacks == life.sessions) &&
      (connection_is_judged(life.state) ==> life.sessions == 0) &&
      (life.over <==> life.state >= CONNECTION_CLOSING) &&
      (connection_has_session(life.state) <==> life.sessions == life.farewells + 1) &&
      (!connection_has_session(life.state) <==> life.sessions == life.farewells);
  predicate orders_packet(integer action) =
      action == CONNECTION_DO_ACCEPT || action == CONNECTION_DO_REAUTHENTICATED ||
      action == CONNECTION_DO_AUTH || connection_refuses(action) ||
      connection_disconnects(action);
*/

/*@ requires valid: \valid(life);
  requires known: 0 <= event <= CONNECTION_ON_TRANSPORT_CLOSED;
  requires invariant: lawful(*life);
  assigns *life;
  ensures invariant: lawful(*life);
  ensures connect_first: \old(life->connects) == 0 ==> \result != CONNECTION_DO_PROCESS &&
      \result != CONNECTION_DO_HOLD && \result != CONNECTION_DO_ACCEPT;
  ensures connect_once: \result == CONNECTION_DO_CHECK ==> \old(life->connects) == 0;
  ensures silent_when_over: \old(life->over) ==> !orders_packet(\result) &&
      \result != CONNECTION_DO_PROCESS && life->over;
  ensures disconnect_is_last: connection_disconnects(\result) ==>
      life->over && \old(life->sessions) == 1;
  ensures one_connack: (\result == CONNECTION_DO_ACCEPT || connection_refuses(\result)) ==>
      \old(life->connacks) == 0;
  ensures process_in_session: \result == CONNECTION_DO_PROCESS ==>
      \old(life->sessions) == 1 && !\old(life->over);
  ensures forward: !connection_has_session(\old(life->state)) ==>
      life->state >= \old(life->state);
*/
static enum connection_action life_step(struct life *life, enum connection_event event) {
    const struct connection_transition transition = connection_step(life->state, event);
    switch (transition.action) {
    case CONNECTION_DO_CHECK:
        life->connects++;
        break;
    case CONNECTION_DO_AUTH:
        if (event == CONNECTION_ON_CONNECT_WITH_METHOD) {
            life->connects++;
        }
        break;
    case CONNECTION_DO_ACCEPT:
        life->connacks++;
        life->sessions++;
        break;
    case CONNECTION_DO_REFUSE:
    case CONNECTION_VIOLATION_REFUSE:
        life->connacks++;
        life->over = true;
        break;
    case CONNECTION_DO_DISCONNECT:
    case CONNECTION_VIOLATION_DISCONNECT:
    case CONNECTION_DO_FAREWELL:
    case CONNECTION_DO_LOSE:
        life->farewells++;
        life->over = true;
        break;
    case CONNECTION_DO_CLOSE:
    case CONNECTION_VIOLATION_CLOSE:
    case CONNECTION_DO_RELEASE:
        life->over = true;
        break;
    default:
        break;
    }
    life->state = transition.next;
    return transition.action;
}

/* Any trace, of any length. */
/*@ requires readable: \valid_read(events + (0 .. event_count - 1));
  requires known: \forall integer i; 0 <= i < event_count ==>
      0 <= events[i] <= CONNECTION_ON_TRANSPORT_CLOSED;
  assigns \nothing;
  ensures invariant: lawful(\result);
*/
struct life life_of(const enum connection_event *events, size_t event_count) {
    struct life life = {CONNECTION_WAITING, 0, 0, 0, 0, false};
    /*@ loop invariant 0 <= i <= event_count;
      loop invariant lawful(life);
      loop assigns i, life;
      loop variant event_count - i;
    */
    for (size_t i = 0; i < event_count; i++) {
        (void)life_step(&life, events[i]);
    }
    return life;
}

/* A packet alone never makes a session: that takes a verdict. */
/*@ assigns \nothing;
  ensures waiting: \result.next == CONNECTION_CHECKING ||
      \result.next == CONNECTION_AUTHENTICATING ==> type == ELLA_CONNECT;
  ensures nothing_else: type != ELLA_CONNECT ==> \result.next == CONNECTION_CLOSING &&
      (\result.action == CONNECTION_DO_CLOSE || \result.action == CONNECTION_VIOLATION_CLOSE);
*/
struct connection_transition first_packet(enum ella_packet_type type, bool has_method) {
    return connection_step(CONNECTION_WAITING, connection_packet_event(type, has_method));
}
