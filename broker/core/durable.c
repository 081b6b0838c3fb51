/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What waits for the journal: batches, the answers that depend on them, and what is refused while
 * the storage fails. It knows nothing of what records mean.
 */
#include <string.h>

#include "broker/core/core_state.h"

/* ---- Answers ---- */

/* An answer that promises nothing. */
static bool is_refusal(const struct ella_packet *packet) {
    const struct ella_slice codes = packet->suback.reason_codes;

    if (packet->type == ELLA_PUBACK || packet->type == ELLA_PUBREC)
        return packet->ack.reason_code >= ELLA_REASON_UNSPECIFIED_ERROR;
    if (packet->type != ELLA_SUBACK)
        return false;
    for (uint32_t i = codes.off; i < codes.end; i++) {
        if (codes.base[i] < ELLA_REASON_UNSPECIFIED_ERROR)
            return false;
    }
    return true;
}

/* Whether its session may have been promised something that the storage has lost since. */
static bool may_have_lost(const struct core *core, const struct connection *connection) {
    return core->journal.whole > core->journal.durable && connection->session != NULL &&
           session_number(connection->session) != 0u;
}

uint64_t durable_batch_of(const struct core *core, const struct connection *connection,
                          const struct ella_packet *packet) {
    const struct journal *journal = &core->journal;
    uint64_t batch = 0u;

    switch (packet->type) {
    case ELLA_PUBREL:
        /* One that is sent again depends on what was recorded on an earlier connection. */
        batch =
            journal->touched ? journal_stamp(journal) : connection_queue_batch(core, connection);
        break;
    case ELLA_CONNACK:
        /* While the storage fails only sessions that were stored before are accepted. */
        if (journal->touched && !journal->storage_fails)
            batch = journal_stamp(journal);
        break;
    case ELLA_PUBACK:
    case ELLA_PUBREC:
    case ELLA_PUBCOMP:
    case ELLA_SUBACK:
    case ELLA_UNSUBACK:
        /* What this event has not recorded was promised before on the same connection, and answers
         * leave in order; or on an earlier one, and CONNACK has waited for that: unless the
         * storage has failed since, when it waits for nothing. */
        if (!is_refusal(packet) && (journal->touched || may_have_lost(core, connection)))
            batch = journal_stamp(journal);
        break;
    default:
        break;
    }
    return batch > journal->durable ? batch : 0u;
}

/* ---- Packets ---- */

bool durable_stalls(const struct core *core, const struct connection *connection,
                    const struct ella_packet *packet) {
    const struct journal *journal = &core->journal;

    if (packet->type != ELLA_PUBLISH || packet->publish.qos == 0u)
        return false;
    if (journal->storage_fails && !connection_is_v5(connection))
        return true;
    return !journal->pulled && journal->used >= JOURNAL_ACCEPT_BYTES;
}

/* ---- What the driver tells ---- */

void durable_batch(struct core *core, uint64_t batch) {
    struct journal *journal = &core->journal;

    CORE_ASSERT(batch < journal->batch);
    if (batch < journal->whole || batch <= journal->durable)
        return;
    journal->durable = batch;
    if (batch + 1u == journal->batch)
        core->durable_session = core->pulled_session;
    connection_wake_held(core);
}

static void log_storage(struct core *core, enum core_log_level level, const char *text) {
    struct core_log line = {0};

    line.level = level;
    line.kind = CORE_LOG_STORAGE;
    line.conn = CORE_NO_CONN;
    line.text = text;
    log_line(core, &line);
}

void durable_storage(struct core *core, enum core_storage storage) {
    struct journal *journal = &core->journal;
    const bool fails = storage != CORE_STORAGE_OK;

    if (!journal->on || fails == journal->storage_fails)
        return;
    journal->storage_fails = fails;
    core->stats->value[STAT_STORAGE_FAILS] = fails ? 1u : 0u;
    if (fails) {
        core_count(core, STAT_STORAGE_FAILURES);
        log_storage(core, CORE_LOG_ERROR,
                    storage == CORE_STORAGE_FULL
                        ? "no space to store: QoS 1 and 2 have to wait"
                        : "the storage has failed: QoS 1 and 2 have to wait");
        journal_lose(journal);
        core->walk.part = WALK_NOTHING;
        /* Connections that close do not wait for it any longer, and others are told why. */
        connection_wake_held(core);
        connection_wake_stalled(core);
        return;
    }
    log_storage(core, CORE_LOG_NOTICE, "the storage works again");
    connection_wake_stalled(core);
}

/* ---- What the driver takes ---- */

bool core_has_journal(const struct core *core) {
    const struct journal *journal = &core->journal;

    if (!journal->on || journal->storage_fails)
        return false;
    return journal->lost || (!journal->pulled && journal->used > 0u) ||
           (core->walk.part != WALK_NOTHING && core->walk.part != WALK_END);
}

/* What the batch carries of a snapshot. One begins with a batch of its own, since a file does. */
static void add_slice(struct core *core, struct core_batch *out) {
    struct journal *journal = &core->journal;

    if (journal->lost)
        snapshot_begin(core);
    if (core->walk.part == WALK_NOTHING ||
        (core->walk.part == WALK_BEGIN && !journal->pulled && journal->used > 0u))
        return;
    out->begins_snapshot = core->walk.part == WALK_BEGIN;
    snapshot_slice(core);
    if (core->walk.part != WALK_END)
        return;
    out->ends_snapshot = true;
    core_count(core, STAT_SNAPSHOTS);
    core->walk.part = WALK_NOTHING;
    if (journal->whole == UINT64_MAX)
        journal->whole = journal->batch;
}

bool core_pull_journal(struct core *core, struct core_batch *out) {
    struct journal *journal = &core->journal;

    memset(out, 0, sizeof *out);
    if (!core_has_journal(core))
        return false;
    add_slice(core, out);
    if (journal->lost || journal->pulled || journal->used == 0u)
        return false;
    out->bytes = journal->bytes;
    out->size = journal->used;
    out->number = journal->batch;
    journal->batch++;
    core->pulled_session = core->last_session;
    journal->pulled = true;
    connection_wake_stalled(core);
    return true;
}
