/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Proof: a session with all its packet ids as receiver of QoS 2. In whatever order PUBLISH, PUBREL
 * and their repetitions come, each handshake delivers its message onward at most once, and exactly
 * once if its first PUBLISH is to be delivered.
 *
 * A handshake of a packet id is what lies between two PUBREL of it, or ends of the session. It
 * refuses to know how the states are stored: one array entry for each packet id.
 */
#include <stddef.h>
#include <stdint.h>

#include "state_machines/qos_receive.c"

#define ID_COUNT 65536u

struct arrival {
    uint16_t packet_id;
    enum qos_receive_event event;
};

static enum qos_receive_state states[ID_COUNT];
/*@ ghost
  // How often the handshake that each packet id is in has delivered its message, and whether a
  // PUBLISH that is to be delivered opened it.
  unsigned char delivered[ID_COUNT];
  unsigned char opened[ID_COUNT];
*/

/*@ predicate at_most_once{L} = \forall integer id; 0 <= id < ID_COUNT ==>
      0 <= states[id] <= QOS_RECEIVE_RECEIVED &&
      0 <= delivered[id] <= 1 && 0 <= opened[id] <= 1 &&
      delivered[id] == opened[id] &&
      (delivered[id] == 1 ==> states[id] == QOS_RECEIVE_RECEIVED);
  predicate ends_handshake(integer event) =
      event == QOS_RECEIVE_ON_PUBREL || event == QOS_RECEIVE_ON_END;
*/

/*@ requires known: 0 <= event <= QOS_RECEIVE_ON_END;
  requires invariant: at_most_once;
  assigns states[packet_id], delivered[packet_id], opened[packet_id];
  ensures invariant: at_most_once;
  ensures never_twice: \result == QOS_RECEIVE_DO_DELIVER ==> \old(delivered[packet_id]) == 0;
  ensures counted: !ends_handshake(event) ==> delivered[packet_id] ==
      \old(delivered[packet_id]) + (\result == QOS_RECEIVE_DO_DELIVER ? 1 : 0);
  ensures over: ends_handshake(event) ==> delivered[packet_id] == 0;
  ensures publish_is_answered: event <= QOS_RECEIVE_ON_PUBLISH_DISCARDED ==>
      \result == QOS_RECEIVE_DO_DELIVER || \result == QOS_RECEIVE_DO_PUBREC ||
      \result == QOS_RECEIVE_DO_DISCARD || \result == QOS_RECEIVE_DO_PUBREC_REFUSED;
  ensures pubrel_is_answered: event == QOS_RECEIVE_ON_PUBREL ==>
      \result == QOS_RECEIVE_DO_PUBCOMP || \result == QOS_RECEIVE_DO_PUBCOMP_UNKNOWN;
*/
static enum qos_receive_action session_receive(uint16_t packet_id, enum qos_receive_event event) {
    struct qos_receive_transition transition = qos_receive_step(states[packet_id], event);
    /*@ ghost
      if (event == QOS_RECEIVE_ON_PUBREL || event == QOS_RECEIVE_ON_END) {
          delivered[packet_id] = 0;
          opened[packet_id] = 0;
      } else {
          if (states[packet_id] == QOS_RECEIVE_ABSENT && event == QOS_RECEIVE_ON_PUBLISH) {
              opened[packet_id] = 1;
          }
          if (transition.action == QOS_RECEIVE_DO_DELIVER) {
              delivered[packet_id] = (unsigned char)(delivered[packet_id] + 1);
          }
      }
    */
    states[packet_id] = transition.next;
    return transition.action;
}

/*@ assigns states[0 .. ID_COUNT - 1], delivered[0 .. ID_COUNT - 1], opened[0 .. ID_COUNT - 1];
  ensures invariant: at_most_once;
*/
static void session_begin(void) {
    /*@ loop invariant 0 <= id <= ID_COUNT;
      loop invariant \forall integer i; 0 <= i < id ==>
          states[i] == QOS_RECEIVE_ABSENT && delivered[i] == 0 && opened[i] == 0;
      loop assigns id, states[0 .. ID_COUNT - 1], delivered[0 .. ID_COUNT - 1],
          opened[0 .. ID_COUNT - 1];
      loop variant ID_COUNT - id;
    */
    for (size_t id = 0; id < ID_COUNT; id++) {
        states[id] = QOS_RECEIVE_ABSENT;
        /*@ ghost
          delivered[id] = 0;
          opened[id] = 0;
        */
    }
}

/* Any trace, of any length. */
/*@ requires readable: \valid_read(arrivals + (0 .. arrival_count - 1));
  requires known: \forall integer i; 0 <= i < arrival_count ==>
      0 <= arrivals[i].event <= QOS_RECEIVE_ON_END;
  requires apart: \separated(arrivals + (0 .. arrival_count - 1), states + (0 .. ID_COUNT - 1));
  assigns states[0 .. ID_COUNT - 1], delivered[0 .. ID_COUNT - 1], opened[0 .. ID_COUNT - 1];
  ensures invariant: at_most_once;
*/
void session_receive_all(const struct arrival *arrivals, size_t arrival_count) {
    session_begin();
    /*@ loop invariant 0 <= i <= arrival_count;
      loop invariant at_most_once;
      loop assigns i, states[0 .. ID_COUNT - 1], delivered[0 .. ID_COUNT - 1],
          opened[0 .. ID_COUNT - 1];
      loop variant arrival_count - i;
    */
    for (size_t i = 0; i < arrival_count; i++) {
        (void)session_receive(arrivals[i].packet_id, arrivals[i].event);
    }
}
