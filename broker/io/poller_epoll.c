/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Waiting by epoll(7), level-triggered; see poller.h. The kernel keeps all there is to know, so
 * the state is the descriptor and room for the answers.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "broker/io/poller.h"

#define ANSWERS_MAX 256

struct state {
    int fd;
    struct epoll_event answers[ANSWERS_MAX];
};

static void *create(void) {
    struct state *state = malloc(sizeof *state);
    if (state == NULL)
        return NULL;
    state->fd = epoll_create1(EPOLL_CLOEXEC);
    if (state->fd < 0) {
        free(state);
        return NULL;
    }
    return state;
}

static bool watch(void *context, int fd, uint32_t token, enum poller_interest was,
                  enum poller_interest now) {
    const struct state *state = context;
    struct epoll_event event = {0};
    if (now == POLLER_UNWATCHED)
        return epoll_ctl(state->fd, EPOLL_CTL_DEL, fd, &event) == 0;
    if ((now & POLLER_READ) != 0)
        event.events |= EPOLLIN;
    if ((now & POLLER_WRITE) != 0)
        event.events |= EPOLLOUT;
    event.data.u32 = token;
    const int how = was == POLLER_UNWATCHED ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    return epoll_ctl(state->fd, how, fd, &event) == 0;
}

static int wait_for(void *context, int timeout_ms, struct poller_event *events,
                    int event_count_max) {
    struct state *state = context;
    const int room = event_count_max < ANSWERS_MAX ? event_count_max : ANSWERS_MAX;
    const int count = epoll_wait(state->fd, state->answers, room, timeout_ms);
    if (count < 0)
        return errno == EINTR ? 0 : -1;
    for (int i = 0; i < count; i++) {
        const uint32_t what = state->answers[i].events;
        const bool hung_up = (what & (EPOLLERR | EPOLLHUP)) != 0u;
        events[i] = (struct poller_event){.token = state->answers[i].data.u32,
                                          .readable = hung_up || (what & EPOLLIN) != 0u,
                                          .writable = hung_up || (what & EPOLLOUT) != 0u,
                                          .hung_up = hung_up};
    }
    return count;
}

static void destroy(void *context) {
    struct state *state = context;
    close(state->fd);
    free(state);
}

const struct poller_kind poller_epoll = {
    .name = "epoll",
    .create = create,
    .watch = watch,
    .wait = wait_for,
    .destroy = destroy,
    .forgets_closed = true,
};
