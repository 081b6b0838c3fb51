/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The receiver's side of QoS 2 for one packet id (v3 4.3.3, v5 4.3.3). A message is delivered
 * onward when its PUBLISH is first accepted; afterwards only the packet id is remembered.
 *
 * It refuses to know messages, topics, permissions, and which end of the connection it serves. The
 * state belongs to the session and outlives connections; QoS 1 needs no state.
 *
 * Invariants (proved by exhaustion in qos_receive_test.cc, and from the contracts below for every
 * order of events in proofs/wp/qos_receive.c):
 *   - between two PUBRELs (or session ends) a message is delivered at most once, however often its
 *     PUBLISH comes;
 *   - every PUBLISH is answered by PUBREC, every PUBREL by PUBCOMP, in every state.
 */
#ifndef LIBELLA_STATE_MACHINES_QOS_RECEIVE_H
#define LIBELLA_STATE_MACHINES_QOS_RECEIVE_H

#ifdef __cplusplus
extern "C" {
#endif

enum qos_receive_state {
    QOS_RECEIVE_ABSENT = 0, /* the packet id is not known */
    QOS_RECEIVE_RECEIVED,   /* the message is taken care of; PUBREL is awaited */
};
#define QOS_RECEIVE_STATE_COUNT ((unsigned)QOS_RECEIVE_RECEIVED + 1u)

/* Judge permissions, limits and quota only if the state is ABSENT: a PUBLISH of a known packet id
 * is a repetition and was judged the first time. In RECEIVED the three kinds have one answer. */
enum qos_receive_event {
    /* QoS 2 PUBLISH, DUP 0 or 1, that is to be delivered onward. */
    QOS_RECEIVE_ON_PUBLISH = 0,
    /* QoS 2 PUBLISH that is refused, for a reason that 5.0 can tell (PUBREC 0x80 and above). */
    QOS_RECEIVE_ON_PUBLISH_REFUSED,
    /* QoS 2 PUBLISH that is refused where the peer cannot be told: 3.x knows no failing PUBREC
     * (v3/3.3.5-2). */
    QOS_RECEIVE_ON_PUBLISH_DISCARDED,
    /* PUBREL with any reason code. */
    QOS_RECEIVE_ON_PUBREL,
    /* The session ends. Not given when only the connection ends. */
    QOS_RECEIVE_ON_END,
};
#define QOS_RECEIVE_EVENT_COUNT ((unsigned)QOS_RECEIVE_ON_END + 1u)

enum qos_receive_action {
    /* Nothing to do. */
    QOS_RECEIVE_DO_IGNORE = 0,
    /* Deliver the message onward, remember the packet id, send PUBREC 0x00 (or 0x10). The peer's
     * message now counts against the Receive Maximum given to it, until PUBCOMP. */
    QOS_RECEIVE_DO_DELIVER,
    /* Send PUBREC 0x00; deliver nothing. */
    QOS_RECEIVE_DO_PUBREC,
    /* Remember the packet id and send PUBREC, but deliver nothing: discarded silently. */
    QOS_RECEIVE_DO_DISCARD,
    /* Send PUBREC with the reason of the refusal; the packet id stays unknown (v5/4.3.3-9). */
    QOS_RECEIVE_DO_PUBREC_REFUSED,
    /* Forget the packet id, send PUBCOMP 0x00. */
    QOS_RECEIVE_DO_PUBCOMP,
    /* Send PUBCOMP with Packet Identifier not found (0x92; plain in 3.x). */
    QOS_RECEIVE_DO_PUBCOMP_UNKNOWN,
    /* Forget the packet id; send nothing. */
    QOS_RECEIVE_DO_FORGET,
};
#define QOS_RECEIVE_ACTION_COUNT ((unsigned)QOS_RECEIVE_DO_FORGET + 1u)

struct qos_receive_transition {
    enum qos_receive_state next;
    enum qos_receive_action action;
};

/* The odd edges, and why they are so:
 *   1. PUBLISH again before PUBREL: PUBREC again, any number of times, on any connection of
 *      the session, DUP or not; never a second delivery (v5/4.3.3-10, v3/4.3.3-2). Nothing
 *      here is a violation.
 *   2. A repetition that would be refused today was accepted when it came first: PUBREC 0x00.
 *   3. PUBREL for an unknown packet id: PUBCOMP 0x92 and the connection stays. It is the
 *      normal end of a handshake whose PUBCOMP was lost with the connection (v5/4.3.3-11,
 *      v3/4.3.3-2).
 *   4. A PUBREL with reason 0x92 is answered the same way: every PUBREL gets its PUBCOMP.
 *
 * Values outside the enums give {ABSENT, IGNORE}: no outsider can cause a delivery. */
/*@ predicate qos_receive_known(integer state, integer event) =
      0 <= state <= QOS_RECEIVE_RECEIVED && 0 <= event <= QOS_RECEIVE_ON_END;
  predicate qos_receive_is_publish(integer event) =
      QOS_RECEIVE_ON_PUBLISH <= event <= QOS_RECEIVE_ON_PUBLISH_DISCARDED;
*/
/*@ assigns \nothing;
  ensures total: 0 <= \result.next <= QOS_RECEIVE_RECEIVED &&
      0 <= \result.action <= QOS_RECEIVE_DO_FORGET;
  ensures unknown: !qos_receive_known(state, event) ==>
      \result.next == QOS_RECEIVE_ABSENT && \result.action == QOS_RECEIVE_DO_IGNORE;
  ensures deliver: \result.action == QOS_RECEIVE_DO_DELIVER <==>
      state == QOS_RECEIVE_ABSENT && event == QOS_RECEIVE_ON_PUBLISH;
  ensures remember: qos_receive_known(state, event) ==>
      (\result.next == QOS_RECEIVE_RECEIVED <==> qos_receive_is_publish(event) &&
          (state == QOS_RECEIVE_RECEIVED || event != QOS_RECEIVE_ON_PUBLISH_REFUSED));
  ensures repetition: \result.action == QOS_RECEIVE_DO_PUBREC <==>
      state == QOS_RECEIVE_RECEIVED && qos_receive_is_publish(event);
  ensures refuse: \result.action == QOS_RECEIVE_DO_PUBREC_REFUSED <==>
      state == QOS_RECEIVE_ABSENT && event == QOS_RECEIVE_ON_PUBLISH_REFUSED;
  ensures discard: \result.action == QOS_RECEIVE_DO_DISCARD <==>
      state == QOS_RECEIVE_ABSENT && event == QOS_RECEIVE_ON_PUBLISH_DISCARDED;
  ensures pubcomp: \result.action == QOS_RECEIVE_DO_PUBCOMP <==>
      state == QOS_RECEIVE_RECEIVED && event == QOS_RECEIVE_ON_PUBREL;
  ensures pubcomp_unknown: \result.action == QOS_RECEIVE_DO_PUBCOMP_UNKNOWN <==>
      state == QOS_RECEIVE_ABSENT && event == QOS_RECEIVE_ON_PUBREL;
  ensures forget: \result.action == QOS_RECEIVE_DO_FORGET <==>
      state == QOS_RECEIVE_RECEIVED && event == QOS_RECEIVE_ON_END;
*/
struct qos_receive_transition qos_receive_step(enum qos_receive_state state,
                                               enum qos_receive_event event);

/* Lower-case names for logs and diagrams, "?" for values outside the enum. */
//@ assigns \result \from state;
const char *qos_receive_state_name(enum qos_receive_state state);
//@ assigns \result \from event;
const char *qos_receive_event_name(enum qos_receive_event event);
//@ assigns \result \from action;
const char *qos_receive_action_name(enum qos_receive_action action);

#ifdef __cplusplus
}
#endif

#endif
