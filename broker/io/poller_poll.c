/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Waiting by poll(2), for systems without epoll; see poller.h. Every wait costs time for every
 * descriptor.
 *
 * Invariants: entries[0, count) are watched, in no order; place[fd] is the index in entries of
 * fd, or NOWHERE. When more is ready than the caller has room for, the next wait begins to look
 * where this one stopped, so that nobody starves.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "broker/io/poller.h"

#define NOWHERE UINT32_MAX
#define ROOM_MIN 64u

struct state {
    struct pollfd *entries;
    uint32_t *tokens;
    uint32_t count;
    uint32_t room;
    uint32_t *place;
    uint32_t place_count;
    uint32_t look_from;
};

static void *create(void) {
    return calloc(1, sizeof(struct state));
}

static bool make_room(struct state *state) {
    if (state->count < state->room)
        return true;
    const uint32_t room = state->room == 0 ? ROOM_MIN : state->room * 2;
    struct pollfd *entries = realloc(state->entries, room * sizeof *entries);
    if (entries == NULL)
        return false;
    state->entries = entries;
    uint32_t *tokens = realloc(state->tokens, room * sizeof *tokens);
    if (tokens == NULL)
        return false;
    state->tokens = tokens;
    state->room = room;
    return true;
}

static bool make_place(struct state *state, uint32_t fd) {
    if (fd < state->place_count)
        return true;
    uint32_t place_count = state->place_count == 0 ? ROOM_MIN : state->place_count;
    while (place_count <= fd)
        place_count *= 2;
    uint32_t *place = realloc(state->place, place_count * sizeof *place);
    if (place == NULL)
        return false;
    for (uint32_t i = state->place_count; i < place_count; i++)
        place[i] = NOWHERE;
    state->place = place;
    state->place_count = place_count;
    return true;
}

static bool add(struct state *state, int fd, uint32_t token) {
    if (!make_room(state) || !make_place(state, (uint32_t)fd)) {
        errno = ENOMEM;
        return false;
    }
    state->place[fd] = state->count;
    state->entries[state->count] = (struct pollfd){.fd = fd};
    state->tokens[state->count] = token;
    state->count++;
    return true;
}

static bool known(const struct state *state, int fd) {
    return fd >= 0 && (uint32_t)fd < state->place_count && state->place[fd] != NOWHERE;
}

static void forget(struct state *state, int fd) {
    const uint32_t place = state->place[fd];
    const uint32_t last = state->count - 1;
    state->entries[place] = state->entries[last];
    state->tokens[place] = state->tokens[last];
    state->place[state->entries[place].fd] = place;
    state->place[fd] = NOWHERE;
    state->count = last;
}

static bool watch(void *context, int fd, uint32_t token, enum poller_interest was,
                  enum poller_interest now) {
    struct state *state = context;
    const bool is_known = known(state, fd);
    if (fd < 0 || is_known == (was == POLLER_UNWATCHED)) {
        errno = fd < 0 ? EBADF : is_known ? EEXIST : ENOENT;
        return false;
    }
    if (now == POLLER_UNWATCHED) {
        forget(state, fd);
        return true;
    }
    if (!is_known && !add(state, fd, token))
        return false;
    short events = 0;
    if ((now & POLLER_READ) != 0)
        events |= POLLIN;
    if ((now & POLLER_WRITE) != 0)
        events |= POLLOUT;
    state->entries[state->place[fd]].events = events;
    state->tokens[state->place[fd]] = token;
    return true;
}

static int wait_for(void *context, int timeout_ms, struct poller_event *events,
                    int event_count_max) {
    struct state *state = context;
    const int ready = poll(state->entries, state->count, timeout_ms);
    if (ready < 0)
        return errno == EINTR ? 0 : -1;
    int told = 0;
    uint32_t at = state->look_from < state->count ? state->look_from : 0;
    for (uint32_t seen = 0; seen < state->count && told < ready && told < event_count_max;
         seen++) {
        const short what = state->entries[at].revents;
        if (what != 0) {
            const bool hung_up = (what & (POLLERR | POLLHUP | POLLNVAL)) != 0;
            events[told++] = (struct poller_event){.token = state->tokens[at],
                                                   .readable = hung_up || (what & POLLIN) != 0,
                                                   .writable = hung_up || (what & POLLOUT) != 0,
                                                   .hung_up = hung_up};
        }
        at = at + 1 < state->count ? at + 1 : 0;
    }
    state->look_from = at;
    return told;
}

static void destroy(void *context) {
    struct state *state = context;
    free(state->entries);
    free(state->tokens);
    free(state->place);
    free(state);
}

const struct poller_kind poller_poll = {
    .name = "poll", .create = create, .watch = watch, .wait = wait_for, .destroy = destroy};
