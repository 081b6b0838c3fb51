/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Waits by epoll(7) and sends by io_uring(7): what a round has for many connections is handed to
 * the kernel in one call; see poller.h.
 *
 * The gain is less the calls than what happens between them: each send wakes whom it is for, and
 * on a busy machine he takes the processor from us in the middle of a round. In one call all is
 * sent before anybody runs.
 *
 * Each send has MSG_DONTWAIT, so the kernel has finished it when the call returns, as with
 * send(2): nothing of ours stays with the kernel, and there is nothing to be cancelled before a
 * descriptor is closed. That this kernel does so is tried when the ring is made. Before the ring
 * is enabled the kernel is told that it takes sends and nothing else, so that to whoever finds a
 * fault in us it is no way around the filter of system calls.
 */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker/io/poller.h"

#define SEND_FLAGS (MSG_NOSIGNAL | MSG_DONTWAIT)
#define NOT_MADE INT32_MIN

struct state {
    void *epoll;
    struct io_uring ring;
};

/* ---- The ring ---- */

/* The shared library of liburing 2.3 has no such functions. */
static int register_with(const struct io_uring *ring, unsigned what, void *argument,
                         unsigned count) {
    return (int)syscall(SYS_io_uring_register, ring->ring_fd, what, argument, count);
}

static void prepare(struct io_uring *ring, const struct poller_send *wanted, uint32_t index) {
    struct io_uring_sqe *entry = io_uring_get_sqe(ring);
    io_uring_prep_send(entry, wanted->fd, wanted->bytes, wanted->len, SEND_FLAGS);
    io_uring_sqe_set_data64(entry, index);
}

/* Takes the results that there are. Returns how many. */
static uint32_t take_results(struct io_uring *ring, struct poller_send *sends) {
    const struct io_uring_cqe *result;
    unsigned head;
    uint32_t count = 0;
    io_uring_for_each_cqe(ring, head, result) {
        sends[result->user_data].sent = result->res;
        count++;
    }
    io_uring_cq_advance(ring, count);
    return count;
}

/* Whether a send to a socket that is full comes back at once, and says so. */
static bool is_prompt(struct io_uring *ring) {
    static const uint8_t bytes[4096];
    struct poller_send one = {.bytes = bytes, .len = sizeof bytes, .sent = NOT_MADE};
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
        return false;
    while (send(fds[0], bytes, sizeof bytes, SEND_FLAGS) > 0)
        continue;
    one.fd = fds[0];
    prepare(ring, &one, 0);
    const int count = io_uring_submit(ring);
    const bool has_result = count == 1 && take_results(ring, &one) == 1;
    close(fds[0]);
    close(fds[1]);
    errno = count < 0 ? -count : ENOTSUP;
    return has_result && one.sent == -EAGAIN;
}

/* false: see errno. */
static bool make_ring(struct io_uring *ring) {
    struct io_uring_params params = {.flags = IORING_SETUP_R_DISABLED | IORING_SETUP_SUBMIT_ALL};
    struct io_uring_restriction only_sends = {.opcode = IORING_RESTRICTION_SQE_OP,
                                              .sqe_op = IORING_OP_SEND};
    const int error = io_uring_queue_init_params(POLLER_SENDS_MAX, ring, &params);
    if (error < 0) {
        errno = -error;
        return false;
    }
    if (register_with(ring, IORING_REGISTER_RESTRICTIONS, &only_sends, 1) == 0 &&
        register_with(ring, IORING_REGISTER_ENABLE_RINGS, NULL, 0) == 0 && is_prompt(ring))
        return true;
    const int why = errno;
    io_uring_queue_exit(ring);
    errno = why;
    return false;
}

/* ---- Sending ---- */

/* Without the ring. */
static void send_each(struct poller_send *sends, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const ssize_t sent = send(sends[i].fd, sends[i].bytes, sends[i].len, SEND_FLAGS);
        sends[i].sent = sent < 0 ? -errno : (int32_t)sent;
    }
}

static bool send_all(void *context, struct poller_send *sends, uint32_t count) {
    struct state *state = context;
    if (count == 1) { /* no way is shorter than its own */
        send_each(sends, 1);
        return true;
    }
    for (uint32_t i = 0; i < count; i++) {
        sends[i].sent = NOT_MADE;
        prepare(&state->ring, &sends[i], i);
    }
    const int answer = io_uring_submit_and_wait(&state->ring, count);
    const uint32_t taken = answer < 0 ? 0 : (uint32_t)answer;
    if (take_results(&state->ring, sends) == count && taken == count)
        return true;
    /* Those that the kernel took and says nothing of may have been made: never twice. */
    for (uint32_t i = 0; i < taken; i++) {
        if (sends[i].sent == NOT_MADE)
            sends[i].sent = -EIO;
    }
    send_each(sends + taken, count - taken);
    errno = answer < 0 ? -answer : EIO;
    return false;
}

static int ring_fd(const void *context) {
    const struct state *state = context;
    return state->ring.ring_fd;
}

/* ---- Waiting ---- */

static void *create(void) {
    struct state *state = calloc(1, sizeof *state);
    if (state == NULL)
        return NULL;
    state->epoll = poller_epoll.create();
    if (state->epoll != NULL && make_ring(&state->ring))
        return state;
    const int why = errno;
    if (state->epoll != NULL)
        poller_epoll.destroy(state->epoll);
    free(state);
    errno = why;
    return NULL;
}

static bool watch(void *context, int fd, uint32_t token, enum poller_interest was,
                  enum poller_interest now) {
    const struct state *state = context;
    return poller_epoll.watch(state->epoll, fd, token, was, now);
}

static int wait_for(void *context, int timeout_ms, struct poller_event *events,
                    int event_count_max) {
    const struct state *state = context;
    return poller_epoll.wait(state->epoll, timeout_ms, events, event_count_max);
}

static void destroy(void *context) {
    struct state *state = context;
    poller_epoll.destroy(state->epoll);
    io_uring_queue_exit(&state->ring);
    free(state);
}

const struct poller_kind poller_uring = {
    .name = "uring",
    .create = create,
    .watch = watch,
    .wait = wait_for,
    .send_all = send_all,
    .ring_fd = ring_fd,
    .destroy = destroy,
    .forgets_closed = true,
};
