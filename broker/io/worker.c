/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Threads, and the two queues between them and the loop; see worker.h.
 *
 * Invariants: everything below `lock` is touched with the lock held only, except a job itself
 * while it runs. A job is in exactly one place: waiting, the `running` of a thread, or finished.
 * The flag is up while finished holds a job.
 */
#include "broker/io/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "broker/io/thread.h"
#include "broker/io/wake.h"

/* A fault of the caller: stop, in release builds too. */
#undef NDEBUG
#include <assert.h>

struct job_list {
    struct worker_job *first;
    struct worker_job *last;
    uint32_t count;
};

struct worker_thread {
    struct worker *worker;
    pthread_t id;
    struct worker_job *running;
};

struct worker {
    struct wake wake;
    uint32_t waiting_max;
    uint32_t thread_count; /* that were started */
    pthread_mutex_t lock;
    pthread_cond_t work; /* something waits, or the end has come */
    pthread_cond_t idle; /* a job has run */
    struct job_list waiting;
    struct job_list finished;
    uint32_t running_count;
    bool ending;
    bool is_background;
    struct worker_thread threads[WORKER_THREADS_MAX];
};

/* ---- Lists ---- */

static void append(struct job_list *list, struct worker_job *job) {
    job->next = NULL;
    if (list->last == NULL)
        list->first = job;
    else
        list->last->next = job;
    list->last = job;
    list->count++;
}

static struct worker_job *take_first(struct job_list *list) {
    struct worker_job *job = list->first;
    if (job == NULL)
        return NULL;
    list->first = job->next;
    if (list->first == NULL)
        list->last = NULL;
    list->count--;
    return job;
}

/* Moves the jobs of an owner to the end of out; returns how many were not cancelled before. */
static uint32_t take_owned(struct job_list *list, uint64_t owner, struct job_list *out) {
    struct job_list kept = {NULL, NULL, 0};
    uint32_t count = 0;
    for (struct worker_job *job = take_first(list); job != NULL; job = take_first(list)) {
        append(job->owner == owner ? out : &kept, job);
        count += job->owner == owner && !job->cancelled;
    }
    *list = kept;
    return count;
}

static void release_all(struct job_list *list) {
    for (struct worker_job *job = take_first(list); job != NULL; job = take_first(list))
        job->release(job);
}

/* ---- On the threads ---- */

/* With the lock held before and after. */
static void run_next(struct worker_thread *thread) {
    struct worker *worker = thread->worker;
    struct worker_job *job = take_first(&worker->waiting);
    thread->running = job;
    worker->running_count++;
    pthread_mutex_unlock(&worker->lock);
    job->run(job);
    pthread_mutex_lock(&worker->lock);
    thread->running = NULL;
    worker->running_count--;
    append(&worker->finished, job);
    wake_raise(&worker->wake);
    pthread_cond_signal(&worker->idle);
}

static void *serve(void *argument) {
    struct worker_thread *thread = argument;
    struct worker *worker = thread->worker;
    if (worker->is_background)
        thread_give_way();
    pthread_mutex_lock(&worker->lock);
    while (!worker->ending) {
        if (worker->waiting.first != NULL)
            run_next(thread);
        else
            pthread_cond_wait(&worker->work, &worker->lock);
    }
    pthread_mutex_unlock(&worker->lock);
    return NULL;
}

/* ---- Life ---- */

/* Threads are started with every signal blocked: signals are the loop's. */
static bool start_threads(struct worker *worker, uint32_t thread_count) {
    sigset_t all;
    sigset_t before;
    int why = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (why == 0 && worker->thread_count < thread_count) {
        struct worker_thread *thread = &worker->threads[worker->thread_count];
        thread->worker = worker;
        why = pthread_create(&thread->id, NULL, serve, thread);
        if (why == 0)
            worker->thread_count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = why;
    return why == 0;
}

static struct worker *create(uint32_t thread_count, uint32_t waiting_max, bool is_background) {
    assert(thread_count >= 1 && thread_count <= WORKER_THREADS_MAX && waiting_max >= 1);
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL)
        return NULL;
    worker->waiting_max = waiting_max;
    worker->is_background = is_background;
    if (!wake_open(&worker->wake)) {
        free(worker);
        return NULL;
    }
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->work, NULL);
    pthread_cond_init(&worker->idle, NULL);
    if (start_threads(worker, thread_count))
        return worker;
    const int why = errno;
    worker_destroy(worker);
    errno = why;
    return NULL;
}

struct worker *worker_create(uint32_t thread_count, uint32_t waiting_max) {
    return create(thread_count, waiting_max, false);
}

struct worker *worker_create_background(uint32_t thread_count, uint32_t waiting_max) {
    return create(thread_count, waiting_max, true);
}

void worker_destroy(struct worker *worker) {
    if (worker == NULL)
        return;
    pthread_mutex_lock(&worker->lock);
    worker->ending = true;
    pthread_cond_broadcast(&worker->work);
    pthread_mutex_unlock(&worker->lock);
    for (uint32_t i = 0; i < worker->thread_count; i++)
        pthread_join(worker->threads[i].id, NULL);
    release_all(&worker->waiting);
    release_all(&worker->finished);
    pthread_cond_destroy(&worker->idle);
    pthread_cond_destroy(&worker->work);
    pthread_mutex_destroy(&worker->lock);
    wake_close(&worker->wake);
    free(worker);
}

/* ---- On the loop's thread ---- */

bool worker_submit(struct worker *worker, struct worker_job *job) {
    pthread_mutex_lock(&worker->lock);
    const bool has_room = worker->waiting.count < worker->waiting_max;
    if (has_room) {
        job->cancelled = false;
        append(&worker->waiting, job);
        pthread_cond_signal(&worker->work);
    }
    pthread_mutex_unlock(&worker->lock);
    return has_room;
}

uint32_t worker_cancel(struct worker *worker, uint64_t owner) {
    struct job_list given_up = {NULL, NULL, 0};
    pthread_mutex_lock(&worker->lock);
    uint32_t count = take_owned(&worker->waiting, owner, &given_up);
    count += take_owned(&worker->finished, owner, &given_up);
    for (uint32_t i = 0; i < worker->thread_count; i++) {
        struct worker_job *job = worker->threads[i].running;
        if (job == NULL || job->owner != owner || job->cancelled)
            continue;
        job->cancelled = true;
        count++;
    }
    pthread_mutex_unlock(&worker->lock);
    release_all(&given_up);
    return count;
}

int worker_fd(const struct worker *worker) {
    return worker->wake.read_fd;
}

uint32_t worker_finish(struct worker *worker) {
    uint32_t done_count = 0;
    /* Before looking: what is finished from now on raises the flag again. */
    wake_clear(&worker->wake);
    pthread_mutex_lock(&worker->lock);
    /* Those that finish meanwhile have raised the flag and come next time. */
    const uint32_t count = worker->finished.count;
    for (uint32_t i = 0; i < count; i++) {
        struct worker_job *job = take_first(&worker->finished);
        if (job == NULL)
            break;
        pthread_mutex_unlock(&worker->lock);
        if (!job->cancelled) {
            job->done(job);
            done_count++;
        }
        job->release(job);
        pthread_mutex_lock(&worker->lock);
    }
    pthread_mutex_unlock(&worker->lock);
    return done_count;
}

void worker_wait(struct worker *worker) {
    pthread_mutex_lock(&worker->lock);
    while (worker->waiting.count > 0 || worker->running_count > 0)
        pthread_cond_wait(&worker->idle, &worker->lock);
    pthread_mutex_unlock(&worker->lock);
}

struct worker_load worker_load(struct worker *worker) {
    pthread_mutex_lock(&worker->lock);
    const struct worker_load load = {.waiting = worker->waiting.count,
                                     .running = worker->running_count,
                                     .finished = worker->finished.count};
    pthread_mutex_unlock(&worker->lock);
    return load;
}
