/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * A few threads for what would hold up the loop: password hashes, waiting for the disk. It knows
 * nothing of what the jobs do.
 *
 * One thread, the loop's, creates the worker, submits, cancels, finishes and destroys; only
 * job->run is called on another. So a job needs no lock: it belongs to the worker's thread while
 * it runs, and to the loop's thread before and after.
 *
 *     worker_submit(worker, job)     the job is the worker's from now on
 *     job->run(job)                  on a thread of the worker, jobs in order of submission
 *     worker_fd() is readable
 *     worker_finish(worker)          calls job->done(job), then job->release(job)
 *
 * A cancelled job is released, without its done, on the loop's thread: at once if it waits, after
 * its run if that has begun.
 */
#ifndef BROKER_IO_WORKER_H
#define BROKER_IO_WORKER_H

#include <stdbool.h>
#include <stdint.h>

/* Threads of one worker at most. */
#define WORKER_THREADS_MAX 16u

/* Embedded in a struct of the caller's, which holds all that run needs: a job owns its memory,
 * and points at nothing that may go away or change while it runs. */
struct worker_job {
    void (*run)(struct worker_job *job);     /* must end by itself; no signal reaches it */
    void (*done)(struct worker_job *job);    /* may submit and cancel */
    void (*release)(struct worker_job *job); /* frees it; may neither submit nor cancel */
    uint64_t owner;                          /* any number: what worker_cancel() goes by */
    struct worker_job *next;                 /* the worker's */
    bool cancelled;                          /* the worker's */
};

struct worker;

/* thread_count: 1..WORKER_THREADS_MAX. waiting_max: jobs that may wait for a thread, 1 or more.
 * NULL: no memory, descriptor or thread; errno says why. */
struct worker *worker_create(uint32_t thread_count, uint32_t waiting_max);
/* The same with threads that give way to the others of the process, where the system can: for what
 * takes the processor and may take its time. */
struct worker *worker_create_background(uint32_t thread_count, uint32_t waiting_max);
/* Gives up what waits, waits for what runs, and releases all. NULL does nothing. */
void worker_destroy(struct worker *worker);

/* false: waiting_max jobs wait already; the job stays the caller's. */
bool worker_submit(struct worker *worker, struct worker_job *job);
/* Gives up every job of this owner; returns how many there were. */
uint32_t worker_cancel(struct worker *worker, uint64_t owner);
/* Readable when worker_finish() has something to do. */
int worker_fd(const struct worker *worker);
/* Never waits. Returns how many jobs were done. */
uint32_t worker_finish(struct worker *worker);
/* Waits until every job has run. Their done is up to worker_finish() all the same. */
void worker_wait(struct worker *worker);

struct worker_load {
    uint32_t waiting;
    uint32_t running;
    uint32_t finished; /* and not yet told */
};
struct worker_load worker_load(struct worker *worker);

#endif
