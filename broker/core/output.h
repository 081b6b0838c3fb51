/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What one connection still has to send besides its session's queue: encoded answers in order, and
 * the rest of a PUBLISH that was larger than the buffer it was pulled into. It knows nothing of
 * packets. A connection with nothing to send owns no memory here.
 *
 * Bound: the core takes no packet of a connection that has OUTPUT_ACCEPT_BYTES or more of answers
 * waiting, so at most that plus the answer to one packet.
 */
#ifndef BROKER_CORE_OUTPUT_H
#define BROKER_CORE_OUTPUT_H

#include "broker/core/memory.h"
#include "broker/core/message.h"

#define OUTPUT_ACCEPT_BYTES 16384u
/* Of what is put ahead, PINGRESP. */
#define OUTPUT_AHEAD_SIZE_MAX 8u

/* From at on, up to the next hold, bytes may leave once their batch is durable. */
struct output_hold {
    uint64_t batch;
    uint32_t at;
};

/* A connection's answers wait for one sync that runs, or for the next one, which takes all that
 * was recorded meanwhile: what is held beyond two batches waits for the last of them. */
#define OUTPUT_HOLD_COUNT_MAX 2u

/* Bytes [start, end) of bytes wait. */
struct output {
    uint32_t capacity;
    uint32_t start;
    uint32_t end;
    uint8_t hold_count;
    bool holds_queue;     /* nothing overtakes what is held: CONNACK, SUBACK */
    uint64_t queue_batch; /* what else waits for this one: pull.c. Kept although no bytes wait */
    struct output_hold holds[OUTPUT_HOLD_COUNT_MAX];
    uint8_t bytes[];
};

/* Makes room for size more bytes and returns where to write them; follow by output_put(). NULL: no
 * memory, nothing changed. */
uint8_t *output_reserve(struct memory *memory, struct output **output, uint32_t size);
/* size bytes were written where output_reserve() said. */
void output_put(struct output *output, uint32_t size);
/* The same, and these bytes and what is put behind them leave once batch is durable. */
void output_put_held(struct output *output, uint32_t size, uint64_t batch, bool holds_queue);
/* The same as output_put(), but before what is held, if that may be overtaken. */
void output_put_ahead(struct output *output, uint32_t size);
/* Moves up to size bytes that may leave, now that batches up to durable are, to buf and returns
 * their number; frees the output when it is empty. */
uint32_t output_take(struct memory *memory, struct output **output, uint64_t durable, uint8_t *buf,
                     uint32_t size);
/* Sets queue_batch. false: no memory. */
bool output_hold_queue(struct memory *memory, struct output **output, uint64_t batch);
/* Whether something is held that nothing may overtake. output may be NULL. */
bool output_holds_queue(const struct output *output, uint64_t durable);
/* How many bytes may leave. output may be NULL. */
uint32_t output_ready_bytes(const struct output *output, uint64_t durable);
uint32_t output_waiting_bytes(const struct output *output); /* output may be NULL */
void output_free(struct memory *memory, struct output **output);

/* A PUBLISH on its way in pieces: its head (all before the payload) is kept encoded, the payload
 * stays in the shared message. */
struct partial {
    struct message *message;
    uint32_t head_len;
    uint32_t sent; /* bytes of head and payload */
    uint8_t head[];
};

struct partial *partial_create(struct memory *memory, struct message *message, uint32_t head_len);
/* Moves up to size bytes of its head to buf and returns their number; 0: the payload's turn. */
uint32_t partial_take_head(struct partial *partial, uint8_t *buf, uint32_t size);
/* The next bytes of its payload, size at most; its head must have been taken. */
struct ella_slice partial_take_payload(struct partial *partial, uint32_t size);
/* Bytes of the payload that are still to be taken, once the head is. */
static inline uint32_t partial_left(const struct partial *partial) {
    return partial->head_len + ella_slice_len(message_payload(partial->message)) - partial->sent;
}
void partial_free(struct memory *memory, struct partial **partial);

#endif
