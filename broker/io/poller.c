/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Which poller there is and the calls to it; see poller.h.
 */
#include "broker/io/poller.h"

#include <string.h>
#include <unistd.h>

const struct poller_kind *poller_find(const char *name) {
    for (size_t i = 0; poller_kinds[i] != NULL; i++) {
        if (name == NULL || strcmp(poller_kinds[i]->name, name) == 0)
            return poller_kinds[i];
    }
    return NULL;
}

bool poller_create(struct poller *poller, const struct poller_kind *kind) {
    *poller = (struct poller){.kind = kind, .state = kind->create()};
    return poller->state != NULL;
}

bool poller_watch(struct poller *poller, int fd, uint32_t token, enum poller_interest was,
                  enum poller_interest now) {
    if (was == now)
        return true;
    return poller->kind->watch(poller->state, fd, token, was, now);
}

int poller_wait(struct poller *poller, int timeout_ms, struct poller_event *events,
                int event_count_max) {
    return poller->kind->wait(poller->state, timeout_ms, events, event_count_max);
}

void poller_close(struct poller *poller, int fd, uint32_t token, enum poller_interest was) {
    if (!poller->kind->forgets_closed)
        (void)poller_watch(poller, fd, token, was, POLLER_UNWATCHED);
    close(fd);
}

bool poller_send_all(struct poller *poller, struct poller_send *sends, uint32_t count) {
    if (poller->kind->send_all(poller->state, sends, count))
        return true;
    poller->has_failed = true;
    return false;
}

int poller_ring_fd(const struct poller *poller) {
    return poller->kind->ring_fd == NULL ? -1 : poller->kind->ring_fd(poller->state);
}

void poller_destroy(struct poller *poller) {
    if (poller->state != NULL)
        poller->kind->destroy(poller->state);
    poller->state = NULL;
}
