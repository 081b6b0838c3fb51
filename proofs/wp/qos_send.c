/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Proof: a session with all its packet ids as sender at QoS 1 and QoS 2, and the send quota of its
 * connection. In whatever order acknowledgements and their repetitions come, a packet id is free
 * again only by the last acknowledgement of its message (or the session's end), a packet id in use
 * is never given to another message, a PUBLISH is not sent once its PUBREL was, and PUBLISH is
 * sent only while fewer messages than the Receive Maximum are under way.
 *
 * It refuses to know how the states are stored: one array entry for each packet id.
 */
#include <stddef.h>
#include <stdint.h>

#include "state_machines/qos_send.c"

#define ID_COUNT 65536

struct news {
    bool reconnects; /* the session goes on with a new connection; else an event: */
    uint16_t receive_maximum;
    uint16_t packet_id;
    enum qos_send_event event;
};

static enum qos_send_state states[ID_COUNT];
/* Whether the message of a packet id was sent on this connection and is not finished. */
static uint8_t slots[ID_COUNT];
static struct send_quota quota;

/* What the standard says of each packet id, told by the packets alone. */
/*@ ghost
  unsigned char exchange[ID_COUNT]; // 0 none; 1, 2: a message at that QoS is unfinished
  unsigned char released[ID_COUNT]; // its PUBREC came, its PUBREL went
  unsigned char claimed; // on this connection a PUBREL was sent for a message of an earlier one
*/

/*@ // How many packet ids below n hold a slot.
  logic integer held{L}(integer n) = n <= 0 ? 0 : held(n - 1) + (slots[n - 1] != 0 ? 1 : 0);

  predicate follows(integer state, integer qos, integer is_released) =
      (state == QOS_SEND_FREE <==> qos == 0) &&
      (state == QOS_SEND_WAITING_PUBACK <==> qos == 1) &&
      (state == QOS_SEND_WAITING_PUBREC <==> qos == 2 && is_released == 0) &&
      (state == QOS_SEND_WAITING_PUBCOMP <==> qos == 2 && is_released == 1) &&
      (is_released == 0 || (is_released == 1 && qos == 2)) && 0 <= qos <= 2;
  predicate lawful_ids{L} = \forall integer id; 0 <= id < ID_COUNT ==>
      follows(states[id], exchange[id], released[id]) &&
      0 <= slots[id] <= 1 && (slots[id] == 1 ==> exchange[id] != 0);
  predicate lawful_quota{L} = quota.maximum >= 1 && quota.in_flight == held(ID_COUNT) &&
      0 <= claimed <= 1 && (claimed == 0 ==> quota.in_flight <= quota.maximum);
  predicate lawful{L} = lawful_ids && lawful_quota && slots[0] == 0 && exchange[0] == 0;

  // The last acknowledgement of an exchange (v5 4.3.2, 4.3.3).
  predicate finishes(integer qos, integer is_released, integer event) =
      (qos == 1 && event == QOS_SEND_ON_PUBACK) ||
      (qos == 2 && is_released == 0 && event == QOS_SEND_ON_PUBREC_ERROR) ||
      (qos == 2 && is_released == 1 && event == QOS_SEND_ON_PUBCOMP);
*/

/* Sets one flag; the count of flags follows. */
/*@ requires flags: \forall integer i; 0 <= i < ID_COUNT ==> 0 <= slots[i] <= 1;
  requires flag: 0 <= value <= 1;
  requires real: packet_id > 0;
  requires none: slots[0] == 0;
  assigns slots[packet_id];
  ensures set: slots[packet_id] == value;
  ensures counted: held(ID_COUNT) == \old(held(ID_COUNT)) + value - \old(slots[packet_id]);
  ensures range: 0 <= held(ID_COUNT) < ID_COUNT;
  ensures range_before: 0 <= \old(held(ID_COUNT)) < ID_COUNT;
*/
static void slot_set(uint16_t packet_id, uint8_t value) {
    slots[packet_id] = value;
    /*@ ghost
      /@ loop invariant 1 <= n <= ID_COUNT;
        loop invariant before: n <= packet_id ==> held(n) == held{Pre}(n);
        loop invariant after: n > packet_id ==>
            held(n) == held{Pre}(n) + value - \at(slots[packet_id], Pre);
        loop invariant range: 0 <= held(n) < n && 0 <= held{Pre}(n) < n;
        loop assigns n;
        loop variant ID_COUNT - n;
      @/
      for (int n = 1; n < ID_COUNT; n++) {
      }
    */
}

/* A new connection of the session: a new quota, and nothing sent on it. */
/*@ requires ids: lawful_ids && exchange[0] == 0;
  assigns quota, slots[0 .. ID_COUNT - 1], claimed;
  ensures invariant: lawful;
  ensures whole_quota: quota.in_flight == 0 &&
      quota.maximum == (receive_maximum == 0 ? 1 : receive_maximum);
*/
static void session_reconnect(uint16_t receive_maximum) {
    quota = send_quota_start(receive_maximum);
    //@ ghost claimed = 0;
    /*@ loop invariant 0 <= id <= ID_COUNT;
      loop invariant \forall integer i; 0 <= i < id ==> slots[i] == 0;
      loop assigns id, slots[0 .. ID_COUNT - 1];
      loop variant ID_COUNT - id;
    */
    for (size_t id = 0; id < ID_COUNT; id++) {
        slots[id] = 0;
    }
    /*@ ghost
      /@ loop invariant 0 <= n <= ID_COUNT;
        loop invariant held(n) == 0;
        loop assigns n;
        loop variant ID_COUNT - n;
      @/
      for (int n = 0; n < ID_COUNT; n++) {
      }
    */
}

/*@ requires known: 0 <= event <= QOS_SEND_ON_END;
  requires real: packet_id > 0;
  requires once_for_each_connection: event == QOS_SEND_ON_RESUME ==> slots[packet_id] == 0;
  requires room_to_send: qos_send_is_send(event) ||
      (event == QOS_SEND_ON_RESUME && qos_send_waits_first(states[packet_id])) ==>
      quota.in_flight < quota.maximum;
  requires invariant: lawful;
  assigns states[packet_id], slots[packet_id], quota.in_flight, exchange[packet_id],
      released[packet_id], claimed;
  ensures invariant: lawful;
  ensures freed_by_last_acknowledgement: \old(exchange[packet_id]) != 0 &&
      states[packet_id] == QOS_SEND_FREE ==> event == QOS_SEND_ON_END ||
      finishes(\old(exchange[packet_id]), \old(released[packet_id]), event);
  ensures no_id_twice: \result == QOS_SEND_DO_PUBLISH ==> \old(exchange[packet_id]) == 0;
  ensures no_publish_after_pubrel: \old(released[packet_id]) == 1 ==>
      \result != QOS_SEND_DO_PUBLISH && \result != QOS_SEND_DO_PUBLISH_AGAIN;
  ensures receive_maximum: \result == QOS_SEND_DO_PUBLISH ||
      \result == QOS_SEND_DO_PUBLISH_AGAIN ==> quota.in_flight <= quota.maximum;
  ensures pubrel_answers_pubrec: event == QOS_SEND_ON_PUBREC && exchange[packet_id] == 2 ==>
      \result == QOS_SEND_DO_PUBREL;
*/
static enum qos_send_action session_send(uint16_t packet_id, enum qos_send_event event) {
    const struct qos_send_transition transition = qos_send_step(states[packet_id], event);
    /*@ ghost
      if (exchange[packet_id] == 0) {
          if (event == QOS_SEND_ON_SEND_QOS1) {
              exchange[packet_id] = 1;
          } else if (event == QOS_SEND_ON_SEND_QOS2) {
              exchange[packet_id] = 2;
          }
      } else if (event == QOS_SEND_ON_END ||
          (exchange[packet_id] == 1 && event == QOS_SEND_ON_PUBACK) ||
          (exchange[packet_id] == 2 && released[packet_id] == 0 &&
              event == QOS_SEND_ON_PUBREC_ERROR) ||
          (exchange[packet_id] == 2 && released[packet_id] == 1 &&
              event == QOS_SEND_ON_PUBCOMP)) {
          exchange[packet_id] = 0;
          released[packet_id] = 0;
      } else if (exchange[packet_id] == 2 && event == QOS_SEND_ON_PUBREC) {
          released[packet_id] = 1;
      }
    */
    if (transition.takes_slot) {
        (void)send_quota_take(&quota);
        slot_set(packet_id, 1);
    } else if (transition.action == QOS_SEND_DO_PUBREL && event == QOS_SEND_ON_RESUME) {
        send_quota_claim(&quota);
        slot_set(packet_id, 1);
        //@ ghost claimed = 1;
    } else if (transition.frees_id && slots[packet_id] != 0u) {
        send_quota_give(&quota);
        slot_set(packet_id, 0);
    }
    states[packet_id] = transition.next;
    return transition.action;
}

/* Any trace, of any length. What has no room to be sent waits: it is not an event yet. */
/*@ requires readable: \valid_read(news + (0 .. news_count - 1));
  requires known: \forall integer i; 0 <= i < news_count ==> 0 <= news[i].event <= QOS_SEND_ON_END;
  requires apart: \separated(news + (0 .. news_count - 1), states + (0 .. ID_COUNT - 1),
      slots + (0 .. ID_COUNT - 1), &quota);
  requires new_session: \forall integer i; 0 <= i < ID_COUNT ==> states[i] == QOS_SEND_FREE &&
      exchange[i] == 0 && released[i] == 0 && slots[i] == 0;
  assigns states[0 .. ID_COUNT - 1], slots[0 .. ID_COUNT - 1], quota,
      exchange[0 .. ID_COUNT - 1], released[0 .. ID_COUNT - 1], claimed;
  ensures invariant: lawful;
*/
void session_send_all(const struct news *news, size_t news_count, uint16_t receive_maximum) {
    session_reconnect(receive_maximum);
    /*@ loop invariant 0 <= i <= news_count;
      loop invariant lawful;
      loop assigns i, states[0 .. ID_COUNT - 1], slots[0 .. ID_COUNT - 1], quota,
          exchange[0 .. ID_COUNT - 1], released[0 .. ID_COUNT - 1], claimed;
      loop variant news_count - i;
    */
    for (size_t i = 0; i < news_count; i++) {
        const uint16_t id = news[i].packet_id;
        const enum qos_send_event event = news[i].event;
        const bool resumes = event == QOS_SEND_ON_RESUME;
        if (news[i].reconnects) {
            session_reconnect(news[i].receive_maximum);
        } else if (id != 0u && !(resumes && slots[id] != 0u) &&
                   (send_quota_left(quota) > 0u ||
                    !(resumes || event <= QOS_SEND_ON_SEND_QOS2))) {
            (void)session_send(id, event);
        }
    }
}
