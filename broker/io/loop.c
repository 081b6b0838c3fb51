/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The event loop; see loop.h. loop_round() near the end is what it is all about; above it are its
 * steps in order.
 *
 * Invariants
 *   - The core's effects are carried out before the loop waits again, and before bytes that the
 *     core did not accept are offered again.
 *   - A connection is watched for reading unless the core takes nothing of it, and for writing
 *     only after its socket refused bytes. So the poller tells of nothing that the round
 *     does not act on, and an idle broker does not spin.
 *   - A slot is given back at the end of a round only, so that no event of the same round can be
 *     taken for one of the slot's next owner.
 */
#include "broker/io/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "broker/io/log_line.h"

/* A slot that the core names and the table does not know is a fault of ours: stop, in release
 * builds too. */
#undef NDEBUG
#include <assert.h>

#define TOKEN_LISTENER 0x80000000u /* and the index of the socket */
#define TOKEN_WAKE UINT32_MAX
/* After a failure of the poller itself, so that it can't make us spin. */
#define POLLER_FAILED_REST_NS 10000000L

struct conn_list {
    uint32_t first;
    uint32_t last;
};

struct loop {
    struct core *core;
    struct poller poller;
    struct listener_set *listeners;
    struct log *log;
    const struct config *config;
    struct conn_table conns;
    struct conn_list dirty;   /* through dirty_next */
    struct conn_list closing; /* through closing_next, by deadline */
    uint32_t gone_first;      /* through closing_next */
    uint32_t fed_bytes;       /* since the last writing */
    uint32_t read_size;       /* of one connection in this round */
    uint64_t now_ms;
    int wake_fd;
    bool woken;
    bool has_paused; /* a listening socket rests */
    struct loop_stats stats;
    struct poller_event events[LOOP_EVENTS_MAX];
    uint8_t *read_buffer;
    uint8_t *write_buffer;
};

uint64_t loop_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* ---- Lists ---- */

static void mark_dirty(struct loop *loop, struct conn *conn) {
    if (conn->dirty)
        return;
    conn->dirty = true;
    conn->dirty_next = CONN_NONE;
    if (loop->dirty.first == CONN_NONE)
        loop->dirty.first = conn->slot;
    else
        conn_table_get(&loop->conns, loop->dirty.last)->dirty_next = conn->slot;
    loop->dirty.last = conn->slot;
}

static void add_closing(struct loop *loop, struct conn *conn) {
    conn->deadline_ms = loop->now_ms + LOOP_CLOSE_MS;
    conn->closing_next = CONN_NONE;
    conn->closing_previous = loop->closing.last;
    if (loop->closing.last == CONN_NONE)
        loop->closing.first = conn->slot;
    else
        conn_table_get(&loop->conns, loop->closing.last)->closing_next = conn->slot;
    loop->closing.last = conn->slot;
}

static void remove_closing(struct loop *loop, const struct conn *conn) {
    if (conn->closing_previous == CONN_NONE)
        loop->closing.first = conn->closing_next;
    else
        conn_table_get(&loop->conns, conn->closing_previous)->closing_next = conn->closing_next;
    if (conn->closing_next == CONN_NONE)
        loop->closing.last = conn->closing_previous;
    else
        conn_table_get(&loop->conns, conn->closing_next)->closing_previous =
            conn->closing_previous;
}

/* ---- Closing ---- */

static void tell_closed(struct loop *loop, const struct conn *conn, const char *text) {
    const struct core_event event = {
        .type = CORE_CLOSED, .conn = conn->slot, .now_ms = loop->now_ms, .text = text};
    (void)core_step(loop->core, &event);
}

/* Closes the descriptor at once, whatever is still to be sent. */
static void drop(struct loop *loop, struct conn *conn, const char *text) {
    if (conn->state == CONN_OPEN || conn->state == CONN_FINISHING)
        tell_closed(loop, conn, text);
    if (conn->state == CONN_FINISHING || conn->state == CONN_LINGERING)
        remove_closing(loop, conn);
    (void)poller_watch(&loop->poller, conn->fd, conn->slot, conn->interest, POLLER_UNWATCHED);
    close(conn->fd);
    conn->fd = -1;
    conn->listener->open_count--;
    conn_drop_input(conn);
    conn_drop_output(conn);
    conn->state = CONN_GONE;
    conn->closing_next = loop->gone_first;
    loop->gone_first = conn->slot;
}

static enum poller_interest wanted_interest(const struct conn *conn) {
    switch (conn->state) {
    case CONN_FINISHING:
        return conn->out != NULL ? POLLER_WRITE : POLLER_NOTHING;
    case CONN_LINGERING:
        return POLLER_READ;
    default:
        break;
    }
    if (conn->held)
        return conn->out != NULL ? POLLER_WRITE : POLLER_NOTHING;
    return conn->out != NULL ? POLLER_BOTH : POLLER_READ;
}

static void update_interest(struct loop *loop, struct conn *conn) {
    const enum poller_interest wanted = wanted_interest(conn);
    if (wanted == conn->interest)
        return;
    if (!poller_watch(&loop->poller, conn->fd, conn->slot, conn->interest, wanted)) {
        drop(loop, conn, "the system can't watch the connection");
        return;
    }
    conn->interest = (uint8_t)wanted;
}

/* All is sent: what the peer still sends is thrown away until it closes, because closing before
 * that could reset the connection and lose our last packet on the way. */
//= v5/3.14.4-1 v5/3.14.4-2 v5/4.13.2-1 v5/3.2.2-7
static void linger(struct loop *loop, struct conn *conn) {
    tell_closed(loop, conn, NULL);
    conn->state = CONN_LINGERING;
    conn_finish_writing(conn);
    update_interest(loop, conn);
}

/* The core is done with the connection. */
static void finish(struct loop *loop, struct conn *conn) {
    if (conn->state != CONN_OPEN)
        return;
    conn->state = CONN_FINISHING;
    conn_drop_input(conn);
    add_closing(loop, conn);
    mark_dirty(loop, conn);
    update_interest(loop, conn);
}

/* ---- Effects ---- */

static void authenticate(struct loop *loop, const struct core_effect *question) {
    const struct conn *conn = conn_table_get(&loop->conns, question->conn);
    const struct auth_rules rules = {.allow_anonymous = conn->listener->allow_anonymous,
                                     .clientid_prefixes = loop->config->clientid_prefixes,
                                     .auto_id_prefix = loop->config->limits.auto_id_prefix};
    struct core_auth_result result;
    auth_answer(&rules, question, &result);
    const struct core_event event = {
        .type = CORE_AUTH_RESULT, .conn = question->conn, .now_ms = loop->now_ms, .auth = &result};
    (void)core_step(loop->core, &event);
}

static void carry_out_effects(struct loop *loop) {
    struct core_effect effect;
    while (core_next_effect(loop->core, &effect)) {
        struct conn *conn = conn_table_get(&loop->conns, effect.conn);
        assert(conn != NULL);
        switch (effect.type) {
        case CORE_EFFECT_AUTHENTICATE:
            authenticate(loop, &effect);
            break;
        case CORE_EFFECT_WRITE:
            mark_dirty(loop, conn);
            break;
        case CORE_EFFECT_CLOSE:
            finish(loop, conn);
            break;
        }
    }
}

/* ---- Writing ---- */

/* false: conn is gone. If the peer takes nothing any more, what it said last may still wait to be
 * read, a DISCONNECT that discards its Will for one: then reading goes on and finds the end. */
static bool survives(struct loop *loop, struct conn *conn, enum conn_result result,
                     const char *why) {
    if (result != CONN_FAILED && (result != CONN_CLOSED || conn->state == CONN_OPEN))
        return true;
    drop(loop, conn, why);
    return false;
}

/* The socket takes bytes again: what was kept goes first. */
static void write_kept(struct loop *loop, struct conn *conn) {
    struct conn_buffer *out = conn->out;
    uint32_t sent = 0;
    const char *why = NULL;
    loop->stats.write_calls++;
    const enum conn_result result =
        conn_write(conn, out->bytes + out->start, out->end - out->start, &sent, &why);
    if (!survives(loop, conn, result, why))
        return;
    loop->stats.written_bytes += sent;
    out->start += sent;
    if (result != CONN_CLOSED && out->start < out->end)
        return;
    conn_drop_output(conn);
    mark_dirty(loop, conn);
    update_interest(loop, conn);
}

/* Fills the write buffer from the core. *is_empty: the core has no more for now. */
static uint32_t pull(struct loop *loop, const struct conn *conn, bool *is_empty) {
    uint32_t used = 0;
    *is_empty = false;
    while (LOOP_WRITE_SIZE - used >= CORE_PULL_SIZE_MIN) {
        const size_t got =
            core_pull(loop->core, conn->slot, loop->write_buffer + used, LOOP_WRITE_SIZE - used);
        if (got == 0) {
            *is_empty = true;
            break;
        }
        used += (uint32_t)got;
    }
    return used;
}

/* Sends len bytes of the write buffer, keeps what the socket does not take. */
static void send_pulled(struct loop *loop, struct conn *conn, uint32_t len) {
    uint32_t sent = 0;
    const char *why = NULL;
    loop->stats.write_calls++;
    const enum conn_result result = conn_write(conn, loop->write_buffer, len, &sent, &why);
    if (!survives(loop, conn, result, why))
        return;
    loop->stats.written_bytes += sent;
    if (sent == len || result == CONN_CLOSED)
        return;
    if (!conn_keep_output(conn, loop->write_buffer, sent, len))
        drop(loop, conn, "no memory for what the socket did not take");
    else
        update_interest(loop, conn);
}

/* Sends what the core has, as far as the socket takes it. Whether all is sent. */
static bool write_all(struct loop *loop, struct conn *conn) {
    for (int i = 0; i < LOOP_WRITES_MAX; i++) {
        bool is_empty = false;
        const uint32_t len = pull(loop, conn, &is_empty);
        if (len > 0)
            send_pulled(loop, conn, len);
        if (conn->state == CONN_GONE || conn->out != NULL)
            return false;
        if (is_empty)
            return true;
    }
    mark_dirty(loop, conn);
    return false;
}

static void resume(struct loop *loop, struct conn *conn);

static void write_conn(struct loop *loop, struct conn *conn) {
    if (conn->out != NULL || (conn->state != CONN_OPEN && conn->state != CONN_FINISHING))
        return;
    const bool is_done = write_all(loop, conn);
    if (conn->state == CONN_FINISHING && is_done)
        linger(loop, conn);
    if (conn->state == CONN_OPEN && conn->held && core_accepts(loop->core, conn->slot))
        resume(loop, conn);
}

static void write_dirty(struct loop *loop) {
    carry_out_effects(loop);
    loop->fed_bytes = 0;
    uint32_t slot = loop->dirty.first;
    loop->dirty = (struct conn_list){CONN_NONE, CONN_NONE};
    while (slot != CONN_NONE) {
        struct conn *conn = conn_table_get(&loop->conns, slot);
        slot = conn->dirty_next;
        conn->dirty = false;
        write_conn(loop, conn);
    }
}

/* Slots whose connection is gone are free again, unless a list still has them. */
static void free_gone(struct loop *loop) {
    uint32_t slot = loop->gone_first;
    loop->gone_first = CONN_NONE;
    while (slot != CONN_NONE) {
        struct conn *conn = conn_table_get(&loop->conns, slot);
        slot = conn->closing_next;
        if (!conn->dirty) {
            conn_table_remove(&loop->conns, conn);
            continue;
        }
        conn->closing_next = loop->gone_first;
        loop->gone_first = conn->slot;
    }
}

/* ---- Reading ---- */

/* Gives the core all whole packets in [start, end); returns the first byte that it has no use for
 * yet. Authentication is answered at once, so a core that takes nothing waits for its answers to
 * be read, or is done with conn. */
static uint32_t step_packets(struct loop *loop, struct conn *conn, const uint8_t *buf,
                             uint32_t start, uint32_t end) {
    for (;;) {
        start =
            core_receive(loop->core, conn->slot, &conn->decoder, buf, start, end, loop->now_ms);
        if (core_accepts(loop->core, conn->slot))
            return start;
        carry_out_effects(loop);
        if (conn->state != CONN_OPEN)
            return end;
        conn->held = !core_accepts(loop->core, conn->slot);
        if (conn->held)
            return start;
    }
}

/* Keeps [start, end) of the read buffer, as much as makes in wanted_bytes long. Returns the first
 * byte not kept. */
static uint32_t keep(struct loop *loop, struct conn *conn, uint32_t start, uint32_t end,
                     uint32_t wanted_bytes) {
    const uint32_t kept = conn_keep_input(conn, loop->read_buffer, start, end, wanted_bytes);
    if (kept > 0)
        return start + kept;
    drop(loop, conn, "no memory for a packet");
    return end;
}

/* Completes the packet in conn->in with bytes from [start, end) of the read buffer. Returns the
 * first byte not needed for it. */
static uint32_t complete_kept(struct loop *loop, struct conn *conn, uint32_t start, uint32_t end) {
    const uint32_t needed = conn->decoder.needed;
    start = keep(loop, conn, start, end, needed);
    if (conn->state != CONN_OPEN || conn->in->end < needed)
        return start;
    const uint32_t used = step_packets(loop, conn, conn->in->bytes, 0, conn->in->end);
    if (conn->state == CONN_OPEN)
        conn_use_input(conn, used);
    return start;
}

/* Gives the core a slice of [start, len) of the read buffer, or the whole if the packet is larger.
 * Keeps a packet that is not whole. Returns the first byte not dealt with. */
static uint32_t step_slice(struct loop *loop, struct conn *conn, uint32_t start, uint32_t len) {
    const uint32_t end = len - start > LOOP_SLICE_BYTES ? start + LOOP_SLICE_BYTES : len;
    uint32_t used = step_packets(loop, conn, loop->read_buffer, start, end);
    if (used == start && end < len && conn->state == CONN_OPEN && !conn->held)
        used = step_packets(loop, conn, loop->read_buffer, start, len);
    if (used > start || conn->state != CONN_OPEN || conn->held)
        return used;
    return keep(loop, conn, start, len, conn->decoder.needed);
}

static void feed(struct loop *loop, struct conn *conn, uint32_t len) {
    uint32_t start = 0;
    while (start < len && conn->state == CONN_OPEN && !conn->held) {
        const uint32_t before = start;
        if (conn->in != NULL)
            start = complete_kept(loop, conn, start, len);
        else
            start = step_slice(loop, conn, start, len);
        loop->fed_bytes += start - before;
        if (loop->fed_bytes >= LOOP_SLICE_BYTES)
            write_dirty(loop);
    }
    if (conn->state != CONN_OPEN || !conn->held)
        return;
    if (start < len)
        (void)keep(loop, conn, start, len, (conn->in == NULL ? 0 : conn->in->end) + (len - start));
    if (conn->state == CONN_OPEN)
        update_interest(loop, conn);
}

/* The core takes packets again: first those that were kept. */
static void resume(struct loop *loop, struct conn *conn) {
    conn->held = false;
    if (conn->in != NULL) {
        const uint32_t used = step_packets(loop, conn, conn->in->bytes, 0, conn->in->end);
        if (conn->state != CONN_OPEN)
            return;
        conn_use_input(conn, used);
    }
    update_interest(loop, conn);
}

/* Reads to throw away. */
static void read_lingering(struct loop *loop, struct conn *conn) {
    uint32_t got = 0;
    const char *why = NULL;
    const enum conn_result result =
        conn_read(conn, loop->read_buffer, loop->read_size, &got, &why);
    if (result == CONN_CLOSED || result == CONN_FAILED)
        drop(loop, conn, NULL);
}

static void read_open(struct loop *loop, struct conn *conn) {
    uint32_t got = 0;
    const char *why = NULL;
    loop->stats.read_calls++;
    switch (conn_read(conn, loop->read_buffer, loop->read_size, &got, &why)) {
    case CONN_BLOCKED:
        return;
    case CONN_CLOSED:
        drop(loop, conn, "closed by the client");
        return;
    case CONN_FAILED:
        drop(loop, conn, why);
        return;
    case CONN_OK:
        break;
    }
    loop->stats.read_bytes += got;
    feed(loop, conn, got);
}

/* ---- Accepting ---- */

static void refuse(struct loop *loop, int fd, const struct address *peer, const char *why) {
    char text[ADDRESS_TEXT_SIZE];
    loop->stats.refused_count++;
    log_limited(loop->log, LOG_FLOOD_CONNECTIONS, LOG_TYPE_NOTICE, "refused address=%s: %s",
                address_text(peer, text), why);
    close(fd);
}

static bool open_conn(struct loop *loop, struct conn *conn, int fd) {
    if (!poller_watch(&loop->poller, fd, conn->slot, POLLER_UNWATCHED, POLLER_READ))
        return false;
    conn->interest = POLLER_READ;
    const struct core_event event = {.type = CORE_OPEN,
                                     .conn = conn->slot,
                                     .now_ms = loop->now_ms,
                                     .open = &conn->listener->core};
    if (core_step(loop->core, &event) == CORE_OK)
        return true;
    (void)poller_watch(&loop->poller, fd, conn->slot, POLLER_READ, POLLER_UNWATCHED);
    return false;
}

static void accepted(struct loop *loop, struct listener *listener, int fd,
                     const struct address *peer) {
    if (listener->max_connections != 0 && listener->open_count >= listener->max_connections) {
        refuse(loop, fd, peer, "max_connections of the listener is reached");
        return;
    }
    struct conn *conn = conn_table_add(&loop->conns);
    if (conn == NULL) {
        refuse(loop, fd, peer, "no memory");
        return;
    }
    conn->fd = fd;
    conn->peer = *peer;
    conn->listener = listener;
    ella_decoder_init(&conn->decoder, ELLA_VERSION_UNKNOWN, ELLA_FROM_CLIENT,
                      loop->config->limits.max_packet_size_bytes);
    if (!open_conn(loop, conn, fd)) {
        conn_table_remove(&loop->conns, conn);
        refuse(loop, fd, peer, "no memory");
        return;
    }
    listener->open_count++;
    loop->stats.accepted_count++;
}

static uint32_t listener_token(const struct loop *loop, const struct listener_socket *listening) {
    return TOKEN_LISTENER + (uint32_t)(listening - loop->listeners->sockets);
}

/* Waiting peers stay in the kernel's queue; asking for them again at once would only spin. */
static void pause_listening(struct loop *loop, struct listener_socket *listening,
                            const char *why) {
    log_limited(loop->log, LOG_FLOOD_SYSTEM, LOG_TYPE_WARNING, "new connections have to wait: %s",
                why);
    (void)poller_watch(&loop->poller, listening->fd, listener_token(loop, listening), POLLER_READ,
                       POLLER_UNWATCHED);
    listening->paused = true;
    listening->resume_ms = loop->now_ms + LISTENER_PAUSE_MS;
    loop->has_paused = true;
    loop->stats.pauses++;
}

static void resume_listening(struct loop *loop) {
    loop->has_paused = false;
    for (uint32_t i = 0; i < loop->listeners->socket_count; i++) {
        struct listener_socket *listening = &loop->listeners->sockets[i];
        if (!listening->paused)
            continue;
        if (listening->resume_ms <= loop->now_ms &&
            poller_watch(&loop->poller, listening->fd, listener_token(loop, listening),
                         POLLER_UNWATCHED, POLLER_READ))
            listening->paused = false;
        else if (listening->resume_ms <= loop->now_ms)
            listening->resume_ms = loop->now_ms + LISTENER_PAUSE_MS;
        loop->has_paused = loop->has_paused || listening->paused;
    }
}

static void accept_waiting(struct loop *loop, uint32_t index) {
    struct listener_socket *listening = &loop->listeners->sockets[index];
    for (int i = 0; i < LISTENER_ACCEPT_MAX; i++) {
        int fd = -1;
        struct address peer;
        const char *why = "";
        switch (listener_accept(listening, &fd, &peer, &why)) {
        case LISTENER_NOTHING:
            return;
        case LISTENER_REST:
            pause_listening(loop, listening, why);
            return;
        case LISTENER_ACCEPTED:
            accepted(loop, listening->listener, fd, &peer);
            break;
        }
    }
}

/* ---- One round ---- */

static void take_event(struct loop *loop, const struct poller_event *event) {
    if (event->token == TOKEN_WAKE) {
        loop->woken = true;
        return;
    }
    if (event->token >= TOKEN_LISTENER) {
        accept_waiting(loop, event->token - TOKEN_LISTENER);
        return;
    }
    struct conn *conn = conn_table_get(&loop->conns, event->token);
    if (event->writable && conn->out != NULL)
        write_kept(loop, conn);
    if (conn->state == CONN_OPEN && conn->held && event->hung_up)
        mark_dirty(loop, conn); /* answers that nobody takes hold it no longer */
    else if (conn->state == CONN_OPEN && event->readable && !conn->held)
        read_open(loop, conn);
    else if (conn->state == CONN_LINGERING && event->readable)
        read_lingering(loop, conn);
    else if (conn->state == CONN_FINISHING && event->hung_up)
        drop(loop, conn, NULL);
}

static void time_passes(struct loop *loop) {
    if (core_deadline_ms(loop->core) <= loop->now_ms) {
        const struct core_event event = {.type = CORE_TIME, .now_ms = loop->now_ms};
        (void)core_step(loop->core, &event);
    }
    while (loop->closing.first != CONN_NONE) {
        struct conn *conn = conn_table_get(&loop->conns, loop->closing.first);
        if (conn->deadline_ms > loop->now_ms)
            break;
        drop(loop, conn, "the client did not take the last bytes in time");
    }
    if (loop->has_paused)
        resume_listening(loop);
}

static uint64_t earlier(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static int timeout_ms(const struct loop *loop, uint32_t wait_max_ms) {
    if (loop->dirty.first != CONN_NONE)
        return 0;
    const uint64_t now_ms = loop_now_ms();
    uint64_t due_ms = now_ms + (wait_max_ms < LOOP_WAIT_MAX_MS ? wait_max_ms : LOOP_WAIT_MAX_MS);
    due_ms = earlier(due_ms, core_deadline_ms(loop->core));
    if (loop->closing.first != CONN_NONE)
        due_ms = earlier(due_ms, conn_table_get(&loop->conns, loop->closing.first)->deadline_ms);
    for (uint32_t i = 0; loop->has_paused && i < loop->listeners->socket_count; i++) {
        if (loop->listeners->sockets[i].paused)
            due_ms = earlier(due_ms, loop->listeners->sockets[i].resume_ms);
    }
    return due_ms <= now_ms ? 0 : (int)(due_ms - now_ms);
}

static int wait_for_events(struct loop *loop, uint32_t wait_max_ms) {
    const int count =
        poller_wait(&loop->poller, timeout_ms(loop, wait_max_ms), loop->events, LOOP_EVENTS_MAX);
    if (count < 0) {
        log_limited(loop->log, LOG_FLOOD_SYSTEM, LOG_TYPE_ERROR, "waiting failed: %s",
                    strerror(errno));
        const struct timespec rest = {.tv_nsec = POLLER_FAILED_REST_NS};
        nanosleep(&rest, NULL);
    }
    return count;
}

static uint32_t read_share(int event_count) {
    const uint32_t share = LOOP_READ_SIZE / (event_count > 1 ? (uint32_t)event_count : 1u);
    return share < LOOP_READ_SHARE_MIN ? LOOP_READ_SHARE_MIN : share;
}

bool loop_round(struct loop *loop, uint32_t wait_max_ms) {
    const int event_count = wait_for_events(loop, wait_max_ms);
    loop->read_size = read_share(event_count);
    loop->now_ms = loop_now_ms();
    loop->woken = false;
    loop->stats.rounds++;
    for (int i = 0; i < event_count; i++)
        take_event(loop, &loop->events[i]);
    time_passes(loop);
    write_dirty(loop);
    /* What writing brought about (a reset, a last byte sent) is written in the next round. */
    carry_out_effects(loop);
    free_gone(loop);
    return loop->woken;
}

/* ---- Life ---- */

/* The core's lines. They come in the middle of its steps, so nothing may be asked of it here. */
static void log_from_core(void *context, const struct core_log *line) {
    const struct loop *loop = context;
    const bool is_connection =
        line->kind == CORE_LOG_CONNECTED || line->kind == CORE_LOG_DISCONNECTED;
    if (is_connection && !loop->config->connection_messages)
        return;
    const struct conn *conn = NULL;
    if (line->conn != CORE_NO_CONN)
        conn = conn_table_get(&loop->conns, line->conn);
    log_line_write(loop->log, line, conn == NULL ? NULL : &conn->peer);
}

static void *allocate(void *context, size_t size) {
    (void)context;
    return malloc(size);
}

static void release(void *context, void *memory, size_t size) {
    (void)context;
    (void)size;
    free(memory);
}

static bool create_core(struct loop *loop, uint64_t seed) {
    const struct core_ports ports = {.ctx = loop,
                                     .allocate = allocate,
                                     .release = release,
                                     .log = log_from_core,
                                     .log_packets = log_wants(loop->log, LOG_TYPE_DEBUG),
                                     .seed = seed};
    loop->core = core_create(&loop->config->limits, &ports, loop->now_ms);
    return loop->core != NULL;
}

static bool watch_all(struct loop *loop) {
    if (loop->wake_fd >= 0 &&
        !poller_watch(&loop->poller, loop->wake_fd, TOKEN_WAKE, POLLER_UNWATCHED, POLLER_READ))
        return false;
    for (uint32_t i = 0; i < loop->listeners->socket_count; i++) {
        if (!poller_watch(&loop->poller, loop->listeners->sockets[i].fd, TOKEN_LISTENER + i,
                          POLLER_UNWATCHED, POLLER_READ))
            return false;
    }
    return true;
}

struct loop *loop_create(const struct loop_options *options) {
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return NULL;
    loop->listeners = options->listeners;
    loop->log = options->log;
    loop->config = options->config;
    loop->wake_fd = options->wake_fd;
    loop->dirty = (struct conn_list){CONN_NONE, CONN_NONE};
    loop->closing = (struct conn_list){CONN_NONE, CONN_NONE};
    loop->gone_first = CONN_NONE;
    loop->now_ms = loop_now_ms();
    conn_table_init(&loop->conns);
    loop->read_buffer = malloc(LOOP_READ_SIZE);
    loop->write_buffer = malloc(LOOP_WRITE_SIZE);
    if (loop->read_buffer != NULL && loop->write_buffer != NULL &&
        poller_create(&loop->poller, options->poller) && create_core(loop, options->seed) &&
        watch_all(loop))
        return loop;
    log_say(loop->log, LOG_TYPE_ERROR, "can't start: %s", strerror(errno));
    loop_destroy(loop);
    return NULL;
}

bool loop_configure(struct loop *loop, const struct config *config) {
    loop->now_ms = loop_now_ms();
    const struct core_event event = {
        .type = CORE_CONFIG, .now_ms = loop->now_ms, .limits = &config->limits};
    if (core_step(loop->core, &event) != CORE_OK)
        return false;
    loop->config = config;
    listener_set_configure(loop->listeners, config);
    return true;
}

static void stop_listening(struct loop *loop) {
    for (uint32_t i = 0; i < loop->listeners->socket_count; i++) {
        if (!loop->listeners->sockets[i].paused)
            (void)poller_watch(&loop->poller, loop->listeners->sockets[i].fd, TOKEN_LISTENER + i,
                               POLLER_READ, POLLER_UNWATCHED);
    }
    loop->has_paused = false;
    listener_set_close(loop->listeners);
}

void loop_shutdown(struct loop *loop) {
    stop_listening(loop);
    loop->now_ms = loop_now_ms();
    const uint64_t end_ms = loop->now_ms + LOOP_SHUTDOWN_MS;
    const struct core_event event = {.type = CORE_SHUTDOWN, .now_ms = loop->now_ms};
    (void)core_step(loop->core, &event);
    write_dirty(loop);
    /* A second signal does not matter any more: nothing wakes the loop but its connections. */
    if (loop->wake_fd >= 0)
        (void)poller_watch(&loop->poller, loop->wake_fd, TOKEN_WAKE, POLLER_READ,
                           POLLER_UNWATCHED);
    loop->wake_fd = -1;
    while (loop->conns.open_count > 0 && loop->now_ms < end_ms)
        (void)loop_round(loop, (uint32_t)(end_ms - loop->now_ms));
}

void loop_destroy(struct loop *loop) {
    if (loop == NULL)
        return;
    if (loop->core != NULL)
        core_destroy(loop->core);
    for (uint32_t slot = 0; slot < conn_table_slot_count(&loop->conns); slot++) {
        struct conn *conn = conn_table_get(&loop->conns, slot);
        if (conn->state == CONN_FREE || conn->state == CONN_GONE)
            continue;
        close(conn->fd);
        conn_drop_input(conn);
        conn_drop_output(conn);
    }
    conn_table_free(&loop->conns);
    poller_destroy(&loop->poller);
    free(loop->read_buffer);
    free(loop->write_buffer);
    free(loop);
}

const struct loop_stats *loop_stats(const struct loop *loop) {
    return &loop->stats;
}

uint32_t loop_connection_count(const struct loop *loop) {
    return loop->conns.open_count;
}

const struct core *loop_core(const struct loop *loop) {
    return loop->core;
}
