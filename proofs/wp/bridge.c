/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Proof: a bridge's connection, for every order of events. One transport at a time; one CONNECT on
 * each, first of all; nothing is processed before CONNACK; nothing is sent after DISCONNECT; after
 * a fall back the private bit is not set again before it is asked for.
 */
#include <stddef.h>

#include "state_machines/bridge.c"

struct dial {
    enum bridge_state state;
    bool transport; /* open or being opened */
    bool connected; /* CONNECT is sent on it */
    bool accepted;  /* CONNACK 0x00 came on it */
    bool plain;     /* fell back, and no start asked for the private bit since */
};

/*@ predicate lawful(struct dial dial) =
      0 <= dial.state <= BRIDGE_STOPPED &&
      (dial.transport <==> bridge_has_transport(dial.state)) &&
      (dial.connected <==> bridge_waits(dial.state) || bridge_is_accepted(dial.state)) &&
      (dial.accepted <==> bridge_is_accepted(dial.state)) &&
      (dial.plain ==> dial.state != BRIDGE_DIALLING_PRIVATE &&
          dial.state != BRIDGE_WAITING_PRIVATE);
  predicate sends(integer action) = action == BRIDGE_DO_CONNECT ||
      action == BRIDGE_DO_CONNECT_PRIVATE || action == BRIDGE_DO_SUBSCRIBE ||
      action == BRIDGE_DO_GO_ONLINE || action == BRIDGE_DO_HANG_UP;
*/

/*@ requires valid: \valid(dial);
  requires known: 0 <= event <= BRIDGE_ON_STOP;
  requires invariant: lawful(*dial);
  assigns *dial;
  ensures invariant: lawful(*dial);
  ensures one_transport: \result == BRIDGE_DO_DIAL ==> !\old(dial->transport);
  ensures one_connect: \result == BRIDGE_DO_CONNECT || \result == BRIDGE_DO_CONNECT_PRIVATE ==>
      !\old(dial->connected) && \old(dial->transport);
  ensures connect_first: sends(\result) && \result != BRIDGE_DO_CONNECT &&
      \result != BRIDGE_DO_CONNECT_PRIVATE ==> \old(dial->connected);
  ensures connack_first: \result == BRIDGE_DO_PROCESS || \result == BRIDGE_DO_GO_ONLINE ==>
      \old(dial->accepted);
  ensures hang_up_is_last: \result == BRIDGE_DO_HANG_UP ==> !dial->transport;
  ensures private: \result == BRIDGE_DO_CONNECT_PRIVATE ==> !\old(dial->plain);
*/
static enum bridge_action dial_step(struct dial *dial, enum bridge_event event) {
    const struct bridge_transition transition = bridge_step(dial->state, event);
    switch (transition.action) {
    case BRIDGE_DO_DIAL:
        dial->transport = true;
        if (event == BRIDGE_ON_START_PRIVATE) {
            dial->plain = false;
        }
        break;
    case BRIDGE_DO_CONNECT:
    case BRIDGE_DO_CONNECT_PRIVATE:
        dial->connected = true;
        break;
    case BRIDGE_DO_SUBSCRIBE:
        dial->accepted = true;
        break;
    case BRIDGE_DO_FALL_BACK:
        dial->connected = false;
        dial->plain = true;
        break;
    case BRIDGE_DO_BACK_OFF:
    case BRIDGE_DO_CLOSE:
    case BRIDGE_DO_HANG_UP:
        dial->transport = false;
        dial->connected = false;
        dial->accepted = false;
        break;
    default:
        break;
    }
    dial->state = transition.next;
    return transition.action;
}

/* Any trace, of any length. */
/*@ requires readable: \valid_read(events + (0 .. event_count - 1));
  requires known: \forall integer i; 0 <= i < event_count ==> 0 <= events[i] <= BRIDGE_ON_STOP;
  assigns \nothing;
  ensures invariant: lawful(\result);
*/
struct dial dial_of(const enum bridge_event *events, size_t event_count) {
    struct dial dial = {BRIDGE_IDLE, false, false, false, false};
    /*@ loop invariant 0 <= i <= event_count;
      loop invariant lawful(dial);
      loop assigns i, dial;
      loop variant event_count - i;
    */
    for (size_t i = 0; i < event_count; i++) {
        (void)dial_step(&dial, events[i]);
    }
    return dial;
}
