/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The loop and the journal: what a round recorded is written, and what waited for the disk leaves.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "broker/io/loop_state.h"

/* Of one round. What an acknowledgement brings about is recorded too, and so on; more waits for
 * the next round. */
#define BATCHES_MAX 4

bool loop_recover(struct loop *loop) {
    if (loop->storage == NULL)
        return true;
    return storage_recover(loop->storage, loop->core, loop->now_ms) &&
           poller_watch(loop->poller, storage_fd(loop->storage), TOKEN_STORAGE, POLLER_UNWATCHED,
                        POLLER_READ);
}

void loop_store(struct loop *loop) {
    if (loop->storage == NULL)
        return;
    struct persistence *persistence = storage_persistence(loop->storage);
    for (int i = 0; i < BATCHES_MAX; i++) {
        if (!persistence_round(persistence, loop->core, loop->now_ms))
            return;
        loop_write_dirty(loop);
        /* One slice of a snapshot a round: between them others have their turn. */
        if (persistence->in_snapshot)
            return;
    }
}

void loop_store_first(struct loop *loop, int event_count) {
    for (int i = 0; i < event_count && loop->storage != NULL; i++) {
        if (loop->events[i].token == TOKEN_STORAGE) {
            loop_store(loop);
            return;
        }
    }
}

uint64_t loop_storage_deadline_ms(struct loop *loop) {
    if (loop->storage == NULL)
        return UINT64_MAX;
    return persistence_deadline_ms(storage_persistence(loop->storage), loop->core);
}

void loop_end_storage(struct loop *loop) {
    if (loop->storage == NULL)
        return;
    loop->now_ms = loop_now_ms();
    if (!persistence_end(storage_persistence(loop->storage), loop->core, loop->now_ms))
        log_say(loop->log, LOG_TYPE_ERROR,
                "persistence: the last changes did not reach the disk; nobody was told that they "
                "had");
    (void)poller_watch(loop->poller, storage_fd(loop->storage), TOKEN_STORAGE, POLLER_READ,
                       POLLER_UNWATCHED);
    loop->storage = NULL;
}

/* ---- $SYS ---- */

static void tell(struct loop *loop, const struct storage_figure *figure, uint64_t value) {
    char text[24];
    const int len = snprintf(text, sizeof text, "%" PRIu64, value);
    struct ella_publish publish = {.retain = true};
    publish.topic =
        (struct ella_slice){(const uint8_t *)figure->topic, 0, (uint32_t)strlen(figure->topic)};
    publish.payload = (struct ella_slice){(const uint8_t *)text, 0, (uint32_t)len};
    const struct core_event event = {
        .type = CORE_PUBLISH_LOCAL, .now_ms = loop->now_ms, .publish = &publish};
    (void)core_step(loop->core, &event);
}

void loop_publish_storage(struct loop *loop) {
    const uint64_t interval_ms = (uint64_t)loop->config->limits.sys_interval_s * 1000u;
    if (loop->storage == NULL || interval_ms == 0 ||
        loop->now_ms - loop->storage_told_ms < interval_ms)
        return;
    loop->storage_told_ms = loop->now_ms;
    for (size_t i = 0; i < storage_figure_count; i++) {
        const uint64_t value = storage_figures[i].value(loop->storage);
        if (loop->storage_is_told && value == loop->storage_told[i])
            continue;
        loop->storage_told[i] = value;
        tell(loop, &storage_figures[i], value);
    }
    loop->storage_is_told = true;
}
