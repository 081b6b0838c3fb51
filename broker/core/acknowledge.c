/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * PUBACK, PUBREC and PUBCOMP from a client: what they do to the message they name is decided by
 * state_machines/qos_send.h. It knows nothing of topics.
 */
#include "broker/core/core_state.h"

static enum qos_send_event event_of(enum ella_packet_type type, uint8_t reason_code) {
    if (type == ELLA_PUBACK)
        return QOS_SEND_ON_PUBACK;
    if (type == ELLA_PUBCOMP)
        return QOS_SEND_ON_PUBCOMP;
    return reason_code < ELLA_REASON_UNSPECIFIED_ERROR ? QOS_SEND_ON_PUBREC
                                                       : QOS_SEND_ON_PUBREC_ERROR;
}

/* Slot and bytes of the window. An entry that waits to be sent again has taken none on this
 * connection. */
static void give_back(struct connection *connection, const struct queue_entry *entry,
                      const struct qos_send_transition *step) {
    const bool releases =
        step->action == QOS_SEND_DO_PUBREL || step->action == QOS_SEND_DO_COMPLETE;

    if (step->frees_id)
        send_quota_give(&connection->quota);
    if (releases && entry->message != NULL)
        connection->in_flight_bytes -= queue_entry_bytes(entry);
}

/* The exchange is over, well or badly: a refused message goes to nobody else. */
static void complete(struct core *core, struct session *session, struct queue_entry *entry,
                     uint8_t reason_code) {
    //= v5/4.4.0-2 v5/4.8.2-6 v5/4.3.2-3 v5/4.3.3-3 v5/4.3.3-5 v3/4.3.2-1 v3/4.3.3-1
    if (entry->message != NULL && reason_code >= ELLA_REASON_UNSPECIFIED_ERROR)
        deliver_drop(core, STAT_DROPPED_REFUSED_BY_CLIENT, session, entry->message);
    deliver_end(core, session, entry);
}

/* What was never sent is not to be acknowledged. */
static struct queue_entry *entry_of(const struct session *session, uint16_t packet_id) {
    struct queue_entry *entry = queue_find(&session->queue, packet_id);

    return entry != NULL && entry->prepared ? NULL : entry;
}

void acknowledge_packet(struct core *core, struct connection *connection,
                        enum ella_packet_type type, const struct ella_ack *ack) {
    struct session *session = connection->session;
    struct queue_entry *entry = entry_of(session, ack->packet_id);
    const struct qos_send_transition step =
        qos_send_step(entry == NULL ? QOS_SEND_FREE : (enum qos_send_state)entry->state,
                      event_of(type, ack->reason_code));

    if (entry != NULL && entry->sent)
        give_back(connection, entry, &step);
    switch (step.action) {
    case QOS_SEND_DO_PUBREL:
        //= v5/4.3.3-4 v5/4.3.3-6 v3/4.3.3-1 v5/3.6.2-1
        entry->state = step.next & 0x3fu;
        entry->released = 1u;
        if (core->journal.on)
            store_released(core, session, entry);
        queue_entry_release(&core->memory, entry);
        connection_send_ack(core, connection, ELLA_PUBREL, ack->packet_id, ELLA_REASON_SUCCESS,
                            NULL);
        break;
    case QOS_SEND_DO_PUBREL_UNKNOWN:
        connection_send_ack(core, connection, ELLA_PUBREL, ack->packet_id,
                            ELLA_REASON_PACKET_IDENTIFIER_NOT_FOUND, NULL);
        break;
    case QOS_SEND_DO_COMPLETE:
        complete(core, session, entry, ack->reason_code);
        break;
    case QOS_SEND_VIOLATION:
        close_connection(core, connection, CONNECTION_ON_BAD_PACKET, ELLA_REASON_PROTOCOL_ERROR,
                         ELLA_ERROR_NONE, "acknowledgement of the wrong kind");
        return;
    default:
        break;
    }
    connection_want_write(core, connection);
}
