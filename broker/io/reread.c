/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Reading beside the loop; see reread.h. A reading is a job twice: to be read, to be freed.
 */
#include "broker/io/reread.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "broker/io/worker.h"

/* One that is read, one that is freed, and the next of each. */
#define JOBS_MAX 4u

struct job {
    struct worker_job base; /* first: the worker's pointer is ours */
    struct reading reading; /* second: so is the caller's */
    struct reread_remark **remarks_end;
    struct reread *reread;
    const struct config_command_line *command_line;
    bool is_freed;
};

struct reread {
    struct worker *worker;
    struct job *ready; /* was read, not yet taken */
    bool is_busy;      /* one is read, or was and is not discarded */
    const struct config_command_line *again; /* NULL: not asked for meanwhile */
};

static struct job *job_of(struct worker_job *base) {
    return (struct job *)(void *)base;
}

/* ---- On the thread ---- */

static void note(void *ctx, bool is_error, const char *text) {
    struct job *job = ctx;
    const size_t size = strlen(text) + 1;
    struct reread_remark *remark = malloc(sizeof *remark + size);
    if (remark == NULL) {
        job->reading.is_cut = true;
        return;
    }
    remark->next = NULL;
    remark->is_error = is_error;
    memcpy(remark->text, text, size);
    *job->remarks_end = remark;
    job->remarks_end = &remark->next;
}

static void read_all(struct worker_job *base) {
    struct job *job = job_of(base);
    struct reading *reading = &job->reading;
    const struct config_reporter reporter = {.ctx = job, .report = note};
    reading->is_good = config_read(&reading->config, job->command_line, &reporter) &&
                       security_read_set(&reading->security, &reading->config, &reporter);
}

static void free_all(struct worker_job *base) {
    struct job *job = job_of(base);
    struct reading *reading = &job->reading;
    security_free_set(&reading->security);
    config_free(&reading->config);
    while (reading->remarks != NULL) {
        struct reread_remark *remark = reading->remarks;
        reading->remarks = remark->next;
        free(remark);
    }
    job->is_freed = true;
}

/* ---- On the caller's ---- */

static void was_freed(struct worker_job *base) {
    (void)base;
}

static void was_read(struct worker_job *base) {
    struct job *job = job_of(base);
    job->reread->ready = job;
}

/* One that was read is the caller's by now. */
static void release(struct worker_job *base) {
    struct job *job = job_of(base);
    if (job->reread->ready == job)
        return;
    if (!job->is_freed)
        free_all(base);
    free(job);
}

struct reread *reread_create(void) {
    struct reread *reread = calloc(1, sizeof *reread);
    if (reread == NULL)
        return NULL;
    reread->worker = worker_create_background(1, JOBS_MAX);
    if (reread->worker != NULL)
        return reread;
    free(reread);
    return NULL;
}

void reread_destroy(struct reread *reread) {
    if (reread == NULL)
        return;
    struct job *ready = reread->ready;
    reread->ready = NULL;
    if (ready != NULL)
        release(&ready->base);
    worker_destroy(reread->worker);
    free(reread);
}

bool reread_begin(struct reread *reread, const struct config_command_line *command_line) {
    if (reread->is_busy) {
        reread->again = command_line;
        return true;
    }
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return false;
    job->base = (struct worker_job){.run = read_all, .done = was_read, .release = release};
    config_init(&job->reading.config);
    job->remarks_end = &job->reading.remarks;
    job->reread = reread;
    job->command_line = command_line;
    reread->is_busy = worker_submit(reread->worker, &job->base);
    if (reread->is_busy)
        return true;
    release(&job->base);
    return false;
}

int reread_fd(const struct reread *reread) {
    return worker_fd(reread->worker);
}

struct reading *reread_take(struct reread *reread) {
    (void)worker_finish(reread->worker);
    struct job *job = reread->ready;
    reread->ready = NULL;
    return job == NULL ? NULL : &job->reading;
}

bool reread_discard(struct reread *reread, struct reading *reading) {
    struct job *job = (struct job *)(void *)((char *)reading - offsetof(struct job, reading));
    const struct config_command_line *again = reread->again;
    job->base = (struct worker_job){.run = free_all, .done = was_freed, .release = release};
    if (!worker_submit(reread->worker, &job->base))
        release(&job->base);
    reread->again = NULL;
    reread->is_busy = false;
    return again == NULL || reread_begin(reread, again);
}
