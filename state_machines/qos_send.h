/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The sender's side of QoS 1 and QoS 2 for one packet id (v3 4.3, v5 4.3), and the send quota that
 * all packet ids of a connection share (v5 4.9).
 *
 * It refuses to know messages, topics, queues, and which end of the connection it serves.
 *
 * Invariants (proved by exhaustion in qos_send_test.cc):
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
struct qos_send_transition qos_send_step(enum qos_send_state state, enum qos_send_event event);

/* Lower-case names for logs and diagrams, "?" for values outside the enum. */
const char *qos_send_state_name(enum qos_send_state state);
const char *qos_send_event_name(enum qos_send_event event);
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
struct send_quota send_quota_start(uint16_t receive_maximum);
/* How many PUBLISH at QoS 1 and 2 may be sent now: 0 .. maximum. */
uint16_t send_quota_left(struct send_quota quota);
/* Takes a slot for a PUBLISH; false, and nothing taken, if none is left. */
bool send_quota_take(struct send_quota *quota);
/* Counts a PUBREL that is sent again on a new connection (RESUME in WAITING_PUBCOMP). */
void send_quota_claim(struct send_quota *quota);
/* Gives a slot back; without effect if none is taken. */
void send_quota_give(struct send_quota *quota);

#ifdef __cplusplus
}
#endif

#endif
