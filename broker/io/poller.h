/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Waiting for descriptors: four calls, behind which is epoll or poll(2). It knows nothing of what
 * the descriptors are. Which kinds there are is decided by the file poller_kinds_*.c that the
 * build takes. A kind may have a way to make many sends in one call of the kernel, too.
 *
 * Level-triggered: what is not read is told again. A descriptor that failed or hung up is told as
 * readable and writable, so that the next read or write finds out why.
 */
#ifndef BROKER_IO_POLLER_H
#define BROKER_IO_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum poller_interest {
    POLLER_NOTHING = 0,
    POLLER_READ = 1,
    POLLER_WRITE = 2,
    POLLER_BOTH = POLLER_READ | POLLER_WRITE,
    POLLER_UNWATCHED = 4, /* not known to the poller */
};

struct poller_event {
    uint32_t token; /* as given to poller_watch() */
    bool readable;
    bool writable;
    bool hung_up; /* error or hang-up: told even when nothing is asked for */
};

/* One of many sends that are made together. */
struct poller_send {
    const uint8_t *bytes;
    uint32_t len;
    int fd;
    uint32_t token; /* the caller's own */
    int32_t sent;   /* so many bytes; below 0: an error number, negative */
};

#define POLLER_SENDS_MAX 256u

/* One kind of poller. state is its own. */
struct poller_kind {
    const char *name;
    void *(*create)(void); /* NULL: see errno */
    bool (*watch)(void *state, int fd, uint32_t token, enum poller_interest was,
                  enum poller_interest now);
    int (*wait)(void *state, int timeout_ms, struct poller_event *events, int event_count_max);
    bool (*send_all)(void *state, struct poller_send *sends, uint32_t count); /* NULL: it can't */
    int (*ring_fd)(const void *state);                                        /* the same */
    void (*destroy)(void *state);
    bool forgets_closed; /* what is closed, and was never duplicated, need not be unwatched */
};

/* Those of this build, the preferred one first, NULL at the end. */
extern const struct poller_kind *const poller_kinds[];

struct poller {
    const struct poller_kind *kind;
    void *state;
    bool has_failed; /* sends are made one by one */
};

/* name: "epoll", "poll" or "uring"; NULL: the preferred one. NULL if there is no such kind. */
const struct poller_kind *poller_find(const char *name);

/* false: see errno. */
bool poller_create(struct poller *poller, const struct poller_kind *kind);

/* Changes what is told of fd from was to now. Begins with was POLLER_UNWATCHED; ends with now
 * POLLER_UNWATCHED, which must come before fd is closed. POLLER_NOTHING still tells of hang-up.
 * false: see errno (memory, limits); cannot happen for POLLER_UNWATCHED. */
bool poller_watch(struct poller *poller, int fd, uint32_t token, enum poller_interest was,
                  enum poller_interest now);

/* Waits until something happened or timeout_ms passed (-1: for ever). Returns the number of
 * events, 0 on time-out or when a signal came, -1 on failure (see errno). */
int poller_wait(struct poller *poller, int timeout_ms, struct poller_event *events,
                int event_count_max);

/* Whether it makes sends together. */
static inline bool poller_sends_together(const struct poller *poller) {
    return poller->kind->send_all != NULL && !poller->has_failed;
}
/* Makes 1 to POLLER_SENDS_MAX sends, if it can: each as send(2) with MSG_NOSIGNAL and
 * MSG_DONTWAIT would, and in this order. All of it is over when the call returns. false: the way
 * to make them together has failed (see errno) and is given up; all sends have been made all the
 * same, or have an error. */
bool poller_send_all(struct poller *poller, struct poller_send *sends, uint32_t count);
/* What io_uring_enter(2) must remain allowed for; -1: nothing. */
int poller_ring_fd(const struct poller *poller);

/* The same as poller_watch() to POLLER_UNWATCHED, then close(2); where it can be in one call. */
void poller_close(struct poller *poller, int fd, uint32_t token, enum poller_interest was);

void poller_destroy(struct poller *poller);

extern const struct poller_kind poller_epoll;
extern const struct poller_kind poller_poll;
extern const struct poller_kind poller_uring;

#endif
