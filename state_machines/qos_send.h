/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The sender's side of QoS 1 and QoS 2 for one packet id (v3 4.3, v5 4.3), and the send quota that
 * all packet ids of a connection share (v5 4.9).
 *
 * It refuses to know messages, topics, queues, and which end of the connection it serves.
 *
 * Invariants (proved by exhaustion in qos_send_test.cc, and from the contracts below for every
 * order of events in proofs/wp/qos_send.c):
 *   - a packet id becomes FREE only by its last acknowledgement (PUBACK; PUBCOMP; failing PUBREC)
 *     or by the session's end, and that step says so (frees_id);
 *   - PUBLISH is sent once, and again only on RESUME; never after PUBREL was sent;
 *   - in_flight <= 65535, 0 <= left <= maximum, and a PUBLISH is taken only if left > 0.
 */
#ifndef LIBELLA_STATE_MACHINES_QOS_SEND_H
#define LIBELLA_STATE_MACHINES_QOS_SEND_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum qos_send_state {
    QOS_SEND_FREE = 0,        /* the packet id is unused */
    QOS_SEND_WAITING_PUBACK,  /* QoS 1 PUBLISH sent, unacknowledged */
    QOS_SEND_WAITING_PUBREC,  /* QoS 2 PUBLISH sent, unacknowledged */
    QOS_SEND_WAITING_PUBCOMP, /* PUBREL sent, unacknowledged; the message is the receiver's */
};
#define QOS_SEND_STATE_COUNT ((unsigned)QOS_SEND_WAITING_PUBCOMP + 1u)

enum qos_send_event {
    /* A new message is given this packet id and goes out at QoS 1 or 2, DUP 0. */
    QOS_SEND_ON_SEND_QOS1 = 0,
    QOS_SEND_ON_SEND_QOS2,
    /* PUBACK with any reason code: 0x80 and above acknowledges too (v5/4.4.0-2). */
    QOS_SEND_ON_PUBACK,
    /* PUBREC with a reason code below 0x80, and every PUBREC of 3.x. */
    QOS_SEND_ON_PUBREC,
    /* PUBREC with a reason code of 0x80 or above. */
    QOS_SEND_ON_PUBREC_ERROR,
    /* PUBCOMP with any reason code, 0x92 too. */
    QOS_SEND_ON_PUBCOMP,
    /* The session is resumed on a new connection: ask once for each packet id, in the order of the
     * first sending, when there is room to send (for WAITING_PUBACK and WAITING_PUBREC: when
     * send_quota_left() > 0). */
    QOS_SEND_ON_RESUME,
    /* The session ends, or the message is given up with it. */
    QOS_SEND_ON_END,
};
#define QOS_SEND_EVENT_COUNT ((unsigned)QOS_SEND_ON_END + 1u)

enum qos_send_action {
    /* Nothing: a stray acknowledgement (log it, count it, carry on), or nothing to do. */
    QOS_SEND_DO_IGNORE = 0,
    /* Send the PUBLISH, DUP 0. */
    QOS_SEND_DO_PUBLISH,
    /* Send the PUBLISH again, DUP 1, same packet id (v5/3.3.1-1, v5/4.4.0-1). */
    QOS_SEND_DO_PUBLISH_AGAIN,
    /* Send PUBREL (reason 0x00). The message itself is no longer needed, the packet id is. */
    QOS_SEND_DO_PUBREL,
    /* Send PUBREL with Packet Identifier not found (0x92; plain in 3.x): the peer acknowledged
     * what was never, or is no longer, under way; this lets it forget. */
    QOS_SEND_DO_PUBREL_UNKNOWN,
    /* The receiver has the message, or has refused it for good: drop it. A refused message is not
     * sent again, to nobody else either (v5/4.4.0-2, v5/4.8.2-6). */
    QOS_SEND_DO_COMPLETE,
    /* The session ended first: drop the message, or give it to another member of a shared
     * subscription if the rules of v5 4.8.2 allow. */
    QOS_SEND_DO_ABANDON,
    /* Protocol Error (0x82): an acknowledgement of the wrong kind. State kept, for the session
     * outlives the connection that is now closed. */
    QOS_SEND_VIOLATION,
    /* The caller chose a packet id that is in use (v5/2.2.1-4, v3/2.3.1-4). Nothing is sent, state
     * kept. This is the caller's fault, never the peer's. */
    QOS_SEND_ID_IN_USE,
};
#define QOS_SEND_ACTION_COUNT ((unsigned)QOS_SEND_ID_IN_USE + 1u)

struct qos_send_transition {
    enum qos_send_state next;
    enum qos_send_action action;
    bool takes_slot; /* a PUBLISH goes out: send_quota_take() */
    bool frees_id;   /* the packet id may be used again, and send_quota_give() its slot */
};

/* The odd edges, and why they are so:
 *   1. PUBACK for a QoS 2 message, PUBREC for a QoS 1 message: VIOLATION. The peer has taken
 *      one protocol for the other; ignoring it would leave the message under way for ever.
 *   2. PUBCOMP while PUBACK or PUBREC is awaited: IGNORE. Edges 3 and 5 can make the peer send
 *      a second PUBCOMP, which may arrive after the packet id is in use again.
 *   3. PUBREC again while PUBCOMP is awaited: PUBREL again, as every good PUBREC is answered
 *      (v5/4.3.3-4).
 *   4. A failing PUBREC while PUBCOMP is awaited: IGNORE. The PUBREL that is under way must be
 *      answered by PUBCOMP, and the packet id is not free before.
 *   5. PUBREC for a free packet id: PUBREL 0x92. The peer holds a message that nobody will
 *      release, for example because the session was lost here and not there.
 *   6. PUBACK, failing PUBREC and PUBCOMP for a free packet id: IGNORE; nothing depends on it.
 *   7. The slot of a message that was under way before a reconnect is taken on RESUME, not
 *      before: quotas are not part of the session (v5 4.9). A peer that acknowledges it
 *      before it is sent again frees the packet id, and gives a slot that was never taken:
 *      send_quota_give() bears that, and a caller that remembers which messages it sent on
 *      this connection skips it.
 *
 * Values outside the enums give {FREE, VIOLATION} with both flags false. */
/*@ predicate qos_send_known(integer state, integer event) =
      0 <= state <= QOS_SEND_WAITING_PUBCOMP && 0 <= event <= QOS_SEND_ON_END;
  predicate qos_send_is_send(integer event) =
      event == QOS_SEND_ON_SEND_QOS1 || event == QOS_SEND_ON_SEND_QOS2;
  predicate qos_send_is_pubrec(integer event) =
      event == QOS_SEND_ON_PUBREC || event == QOS_SEND_ON_PUBREC_ERROR;
  predicate qos_send_waits_first(integer state) =
      state == QOS_SEND_WAITING_PUBACK || state == QOS_SEND_WAITING_PUBREC;
  predicate qos_send_waits(integer state) =
      qos_send_waits_first(state) || state == QOS_SEND_WAITING_PUBCOMP;
  // What ends the exchange of one packet id.
  predicate qos_send_last_acknowledgement(integer state, integer event) =
      (state == QOS_SEND_WAITING_PUBACK && event == QOS_SEND_ON_PUBACK) ||
      (state == QOS_SEND_WAITING_PUBREC && event == QOS_SEND_ON_PUBREC_ERROR) ||
      (state == QOS_SEND_WAITING_PUBCOMP && event == QOS_SEND_ON_PUBCOMP);
*/
/*@ assigns \nothing;
  ensures total: 0 <= \result.next <= QOS_SEND_WAITING_PUBCOMP &&
      0 <= \result.action <= QOS_SEND_ID_IN_USE;
  ensures unknown: !qos_send_known(state, event) ==> \result.next == QOS_SEND_FREE &&
      \result.action == QOS_SEND_VIOLATION && !\result.takes_slot && !\result.frees_id;
  ensures frees_id: \result.frees_id <==> qos_send_last_acknowledgement(state, event) ||
      (qos_send_waits(state) && event == QOS_SEND_ON_END);
  ensures only_that_frees: qos_send_known(state, event) && qos_send_waits(state) ==>
      (\result.next == QOS_SEND_FREE <==> \result.frees_id);
  ensures free_is_taken: state == QOS_SEND_FREE && qos_send_known(state, event) ==>
      (\result.next == QOS_SEND_WAITING_PUBACK <==> event == QOS_SEND_ON_SEND_QOS1) &&
      (\result.next == QOS_SEND_WAITING_PUBREC <==> event == QOS_SEND_ON_SEND_QOS2) &&
      \result.next != QOS_SEND_WAITING_PUBCOMP;
  ensures complete: \result.action == QOS_SEND_DO_COMPLETE <==>
      qos_send_last_acknowledgement(state, event);
  ensures abandon: \result.action == QOS_SEND_DO_ABANDON <==>
      qos_send_waits(state) && event == QOS_SEND_ON_END;
  ensures publish: \result.action == QOS_SEND_DO_PUBLISH <==>
      state == QOS_SEND_FREE && qos_send_is_send(event);
  ensures publish_again: \result.action == QOS_SEND_DO_PUBLISH_AGAIN <==>
      qos_send_waits_first(state) && event == QOS_SEND_ON_RESUME;
  ensures takes_slot: \result.takes_slot <==> \result.action == QOS_SEND_DO_PUBLISH ||
      \result.action == QOS_SEND_DO_PUBLISH_AGAIN;
  ensures pubrel: \result.action == QOS_SEND_DO_PUBREL <==>
      (state == QOS_SEND_WAITING_PUBREC && event == QOS_SEND_ON_PUBREC) ||
      (state == QOS_SEND_WAITING_PUBCOMP &&
          (event == QOS_SEND_ON_PUBREC || event == QOS_SEND_ON_RESUME));
  ensures pubrel_waits: \result.next == QOS_SEND_WAITING_PUBCOMP <==>
      \result.action == QOS_SEND_DO_PUBREL || (state == QOS_SEND_WAITING_PUBCOMP &&
          qos_send_known(state, event) && !\result.frees_id);
  ensures no_way_back: qos_send_known(state, event) && qos_send_waits(state) ==>
      \result.next == state || \result.next == QOS_SEND_FREE ||
      \result.next == QOS_SEND_WAITING_PUBCOMP;
  ensures pubrel_unknown: \result.action == QOS_SEND_DO_PUBREL_UNKNOWN <==>
      state == QOS_SEND_FREE && event == QOS_SEND_ON_PUBREC;
  ensures id_in_use: \result.action == QOS_SEND_ID_IN_USE <==>
      qos_send_waits(state) && qos_send_is_send(event);
  ensures violation: qos_send_known(state, event) ==>
      (\result.action == QOS_SEND_VIOLATION <==>
          (state == QOS_SEND_WAITING_PUBACK && qos_send_is_pubrec(event)) ||
          ((state == QOS_SEND_WAITING_PUBREC || state == QOS_SEND_WAITING_PUBCOMP) &&
              event == QOS_SEND_ON_PUBACK));
  ensures faults_change_nothing: qos_send_known(state, event) &&
      (\result.action == QOS_SEND_VIOLATION || \result.action == QOS_SEND_ID_IN_USE ||
          \result.action == QOS_SEND_DO_IGNORE) ==> \result.next == state;
*/
struct qos_send_transition qos_send_step(enum qos_send_state state, enum qos_send_event event);

/* Lower-case names for logs and diagrams, "?" for values outside the enum. */
//@ assigns \result \from state;
const char *qos_send_state_name(enum qos_send_state state);
//@ assigns \result \from event;
const char *qos_send_event_name(enum qos_send_event event);
//@ assigns \result \from action;
const char *qos_send_action_name(enum qos_send_action action);

/* The send quota of one connection: messages at QoS 1 and 2 under way together, until PUBACK,
 * PUBCOMP or a failing PUBREC. Not part of the session: start a new one for each connection.
 * A receiver may count with the same struct what it allows its peer.
 *
 * in_flight may exceed maximum by PUBRELs sent again on a new connection: they are never held back
 * (v5/3.3.4-10), yet their messages are not acknowledged (v5/3.3.4-9), so they count. */
struct send_quota {
    uint16_t maximum;   /* the peer's Receive Maximum or the own limit if smaller; never 0 */
    uint16_t in_flight; /* messages sent on this connection and not finished */
};

/* receive_maximum 0 is a Protocol Error that the codec refuses; here it counts as 1. */
/*@ // What is left of a quota: never below 0, never above maximum.
  logic integer send_quota_room(integer maximum, integer in_flight) =
      in_flight >= maximum ? 0 : maximum - in_flight;
*/
/*@ assigns \nothing;
  ensures maximum: \result.maximum == (receive_maximum == 0 ? 1 : receive_maximum);
  ensures unused: \result.in_flight == 0;
*/
struct send_quota send_quota_start(uint16_t receive_maximum);
/* How many PUBLISH at QoS 1 and 2 may be sent now: 0 .. maximum. */
/*@ assigns \nothing;
  ensures room: \result == send_quota_room(quota.maximum, quota.in_flight);
  ensures range: 0 <= \result <= quota.maximum;
*/
uint16_t send_quota_left(struct send_quota quota);
/* Takes a slot for a PUBLISH; false, and nothing taken, if none is left. */
/*@ requires \valid(quota);
  assigns quota->in_flight;
  ensures if_room: \result <==> \old(quota->in_flight) < quota->maximum;
  ensures taken: \result ==> quota->in_flight == \old(quota->in_flight) + 1;
  ensures untouched: !\result ==> quota->in_flight == \old(quota->in_flight);
  ensures never_above: \result ==> quota->in_flight <= quota->maximum;
*/
bool send_quota_take(struct send_quota *quota);
/* Counts a PUBREL that is sent again on a new connection (RESUME in WAITING_PUBCOMP). */
/*@ requires \valid(quota);
  assigns quota->in_flight;
  ensures counted: quota->in_flight == \min(\old(quota->in_flight) + 1, 65535);
*/
void send_quota_claim(struct send_quota *quota);
/* Gives a slot back; without effect if none is taken. */
/*@ requires \valid(quota);
  assigns quota->in_flight;
  ensures given: quota->in_flight == \max(\old(quota->in_flight) - 1, 0);
*/
void send_quota_give(struct send_quota *quota);

#ifdef __cplusplus
}
#endif

#endif
