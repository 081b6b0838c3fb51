/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Passwords, from question to answer; see login.h. The exchange of SCRAM is in login_scram.c.
 *
 * A request waits in the fair queue, then with the worker, then it is answered. It holds copies of
 * all it needs, so that a reload of the password file meets it nowhere. The worker is given no
 * more requests than keep its threads busy: the rest waits where it can be taken in turn, refused
 * or forgotten.
 */
#include "broker/io/login.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "broker/io/login_state.h"

/* A fault of ours: stop, in release builds too. */
#undef NDEBUG
#include <assert.h>

#define LOGIN_LINE_SIZE 1024u

/* ---- Life ---- */

struct login *login_create(const struct login_limits *limits, uint32_t threads, struct log *log) {
    uint64_t seeds[2];
    struct login *login = calloc(1, sizeof *login);
    if (login == NULL)
        return NULL;
    login->log = log;
    login->in_work_max = threads;
    login->is_unguarded = limits->guard.failures_allowed == 0;
    if (getrandom(seeds, sizeof seeds, 0) == (ssize_t)sizeof seeds) {
        login->key = hash_key_of(seeds[0], 0);
        login->guard = login_guard_create(&limits->guard, seeds[1]);
        login->worker = worker_create_background(threads, threads);
    }
    fair_queue_init(&login->queue, limits->waiting_max, limits->waiting_max_per_address);
    if (login->guard != NULL && login->worker != NULL)
        return login;
    const int why = errno;
    login_destroy(login);
    errno = why;
    return NULL;
}

static void free_request(struct login_request *request) {
    OPENSSL_cleanse(request, request->size);
    free(request);
}

void login_destroy(struct login *login) {
    if (login == NULL)
        return;
    worker_destroy(login->worker);
    for (struct fair_item *item = fair_queue_take(&login->queue); item != NULL;
         item = fair_queue_take(&login->queue))
        free_request((struct login_request *)(void *)item);
    for (uint32_t i = 0; i < login->table.capacity; i++)
        login_drop_exchange(&login->table.slots[i]);
    login_guard_free(login->guard);
    free(login->table.slots);
    free(login);
}

void login_configure(struct login *login, const struct login_limits *limits) {
    login_guard_configure(login->guard, &limits->guard);
    login->is_unguarded = limits->guard.failures_allowed == 0;
    login->queue.count_max = limits->waiting_max;
    login->queue.source_max = limits->waiting_max_per_address;
}

struct login_slot *login_slot_of(struct login *login, uint32_t conn) {
    struct login_table *table = &login->table;
    if (conn < table->capacity)
        return &table->slots[conn];
    uint32_t capacity = table->capacity == 0 ? LOGIN_SLOTS_FIRST : table->capacity;
    while (capacity <= conn)
        capacity *= 2u;
    struct login_slot *grown = realloc(table->slots, capacity * sizeof *grown);
    if (grown == NULL)
        return NULL;
    memset(grown + table->capacity, 0, (capacity - table->capacity) * sizeof *grown);
    table->slots = grown;
    table->capacity = capacity;
    return &grown[conn];
}

/* ---- Who asks ---- */

/* An address as the guard and the queue go by it: without port, of IPv6 the first half. */
static struct ella_slice address_slice(const struct address *peer) {
    if (peer->family == ADDRESS_IPV4)
        return ella_slice_of(peer->bytes, 4);
    return ella_slice_of(peer->bytes, peer->family == ADDRESS_IPV6 ? 8 : 0);
}

static struct login_guard_client client_of(const struct address *peer, struct ella_slice user) {
    return (struct login_guard_client){.address = address_slice(peer), .user = user};
}

static uint64_t source_of(const struct login *login, const struct address *peer) {
    const struct ella_slice address = address_slice(peer);
    return hash_bytes(login->key, peer->family, ella_slice_data(address), ella_slice_len(address));
}

/* ---- Lines of the log ---- */

static void say(struct login *login, bool is_limited, const char *what, const struct address *peer,
                struct ella_slice user, struct ella_slice client_id, const char *reason) {
    char address[ADDRESS_TEXT_SIZE];
    char user_text[LOGIN_NAME_TEXT_SIZE];
    char client_text[LOGIN_NAME_TEXT_SIZE];
    address_text(peer, address);
    log_escape(user_text, sizeof user_text, ella_slice_data(user), ella_slice_len(user));
    log_escape(client_text, sizeof client_text, ella_slice_data(client_id),
               ella_slice_len(client_id));
    char line[LOGIN_LINE_SIZE];
    snprintf(line, sizeof line, "login %s: address=%s user=\"%s\" client=\"%s\" reason=\"%s\"",
             what, address, user_text, client_text, reason);
    if (is_limited)
        log_limited(login->log, LOG_FLOOD_CONNECTIONS, LOG_TYPE_NOTICE, "%s", line);
    else
        log_say(login->log, LOG_TYPE_NOTICE, "%s", line);
}

void login_log_refused(struct login *login, const struct core_effect *effect,
                       const struct address *peer, const char *text) {
    say(login, true, "refused", peer, effect->user_name, effect->client_id, text);
}

static unsigned seconds(uint64_t duration_ms) {
    return (unsigned)((duration_ms + 999u) / 1000u);
}

static void say_pauses(struct login *login, const struct address *peer, struct ella_slice user,
                       const struct login_guard_pauses *pauses) {
    char address[ADDRESS_TEXT_SIZE];
    char name[LOGIN_NAME_TEXT_SIZE];
    login->stats.lockouts += (pauses->address_ms > 0 ? 1u : 0u) + (pauses->user_ms > 0 ? 1u : 0u);
    if (pauses->address_ms > 0)
        log_say(login->log, LOG_TYPE_WARNING, "login locked: address=%s seconds=%u",
                address_text_without_port(peer, address), seconds(pauses->address_ms));
    if (pauses->user_ms > 0)
        log_say(login->log, LOG_TYPE_WARNING, "login locked: user=\"%s\" seconds=%u",
                log_escape(name, sizeof name, ella_slice_data(user), ella_slice_len(user)),
                seconds(pauses->user_ms));
}

/* ---- Outcomes ---- */

void login_refuse(struct login_answer *out, uint32_t conn, uint8_t reason_code) {
    *out = (struct login_answer){
        .conn = conn, .result = {.status = CORE_AUTH_REFUSE, .reason_code = reason_code}};
}

void login_failed(struct login *login, uint64_t now_ms, const struct address *peer,
                  struct ella_slice user, struct ella_slice client_id, const char *reason) {
    const struct login_guard_client client = client_of(peer, user);
    const struct login_guard_pauses pauses = login_guard_failed(login->guard, now_ms, &client);
    login->stats.failed++;
    /* The guard bounds how often one address can cause this line. */
    say(login, login->is_unguarded, "failed", peer, user, client_id, reason);
    say_pauses(login, peer, user, &pauses);
}

void login_succeeded(struct login *login, uint64_t now_ms, const struct address *peer,
                     struct ella_slice user) {
    const struct login_guard_client client = client_of(peer, user);
    login_guard_succeeded(login->guard, now_ms, &client);
    login->stats.accepted++;
}

bool login_is_locked(struct login *login, uint64_t now_ms, const struct address *peer,
                     struct ella_slice user, struct ella_slice client_id) {
    const struct login_guard_client client = client_of(peer, user);
    const enum login_guard_answer answer = login_guard_ask(login->guard, now_ms, &client);
    if (answer == LOGIN_GUARD_OPEN)
        return false;
    login->stats.refused_locked++;
    say(login, true, "refused", peer, user, client_id,
        answer == LOGIN_GUARD_ADDRESS_LOCKED ? "address is locked" : "user is locked");
    return true;
}

/* ---- Requests ---- */

static struct ella_slice request_user(const struct login_request *request) {
    return ella_slice_of(request->bytes, request->user_len);
}

static struct ella_slice request_client_id(const struct login_request *request) {
    return ella_slice_of(request->bytes + request->user_len, request->client_id_len);
}

/* On a thread of the worker. */
static void run(struct worker_job *job) {
    struct login_request *request = login_request_of(job);
    const uint8_t *password = request->bytes + request->user_len + request->client_id_len;
    request->is_right = password_hash_check(&request->hash, password, request->password_len);
}

static void done(struct worker_job *job) {
    struct login_request *request = login_request_of(job);
    struct login *login = request->login;
    struct login_answer answer = {.conn = request->conn};
    if (request->is_forgotten)
        return;
    login_slot_of(login, request->conn)->request = NULL;
    /* The password of somebody else may fit by chance: who does not exist stays out. */
    if (request->is_right && !request->is_decoy) {
        answer.result.status = CORE_AUTH_ACCEPT;
        answer.proof = request->proof;
        login_succeeded(login, login->now_ms, &request->peer, request_user(request));
    } else {
        login_refuse(&answer, request->conn, ELLA_REASON_BAD_USER_NAME_OR_PASSWORD);
        login_failed(login, login->now_ms, &request->peer, request_user(request),
                     request_client_id(request), LOGIN_WRONG_PASSWORD);
    }
    login->answered(login->answered_ctx, &answer);
}

static void release(struct worker_job *job) {
    struct login_request *request = login_request_of(job);
    request->login->in_work--;
    free_request(request);
}

static struct login_request *make_request(struct login *login,
                                          const struct login_question *question) {
    const struct core_effect *effect = question->effect;
    const uint32_t user_len = ella_slice_len(effect->user_name);
    const uint32_t client_id_len = ella_slice_len(effect->client_id);
    const uint32_t password_len = ella_slice_len(effect->password);
    const size_t size = sizeof(struct login_request) + user_len + client_id_len + password_len;
    struct login_request *request = calloc(1, size);
    if (request == NULL)
        return NULL;
    request->size = size;
    request->job = (struct worker_job){.run = run, .done = done, .release = release};
    request->login = login;
    request->conn = effect->conn;
    request->peer = *question->peer;
    request->user_len = user_len;
    request->client_id_len = client_id_len;
    request->password_len = password_len;
    memcpy(request->bytes, ella_slice_data(effect->user_name), user_len);
    memcpy(request->bytes + user_len, ella_slice_data(effect->client_id), client_id_len);
    memcpy(request->bytes + user_len + client_id_len, ella_slice_data(effect->password),
           password_len);
    return request;
}

/* Sets what the password is to be checked with. false: the file is empty. */
static bool set_hash(struct login_request *request, const struct password_table *passwords) {
    const struct ella_slice user = request_user(request);
    const struct password_entry *entry = password_table_find(passwords, user);
    request->is_decoy = entry == NULL;
    if (entry == NULL)
        entry = password_table_decoy(passwords, user);
    if (entry == NULL)
        return false;
    request->proof = password_entry_proof(entry);
    return password_hash_parse(entry->hash.text, entry->hash.len, &request->hash) == NULL;
}

/* ---- The queue ---- */

/* The worker has room whenever in_work is less than its threads. */
static void submit(struct login *login, struct login_request *request) {
    const bool has_room = worker_submit(login->worker, &request->job);
    assert(has_room);
    login->in_work++;
}

/* To a thread, or to wait for one. false: it can't wait either. */
static bool begin(struct login *login, struct login_request *request) {
    if (login->in_work < login->in_work_max) {
        submit(login, request);
        return true;
    }
    const enum fair_result result =
        fair_queue_add(&login->queue, source_of(login, &request->peer), &request->item);
    if (result != FAIR_QUEUED) {
        login->stats.refused_busy++;
        say(login, true, "refused", &request->peer, request_user(request),
            request_client_id(request),
            result == FAIR_SOURCE_FULL ? "too many passwords of this address wait"
                                       : "too many passwords wait");
        return false;
    }
    if (login->queue.count > login->stats.waiting_peak)
        login->stats.waiting_peak = login->queue.count;
    return true;
}

bool login_ask_password(struct login *login, const struct login_question *question,
                        struct login_answer *out) {
    const struct core_effect *effect = question->effect;
    if (login_is_locked(login, question->now_ms, question->peer, effect->user_name,
                        effect->client_id)) {
        login_refuse(out, effect->conn, ELLA_REASON_BANNED);
        return true;
    }
    struct login_slot *slot = login_slot_of(login, effect->conn);
    struct login_request *request = slot == NULL ? NULL : make_request(login, question);
    if (request == NULL) {
        login_refuse(out, effect->conn, ELLA_REASON_SERVER_UNAVAILABLE);
        return true;
    }
    if (!set_hash(request, question->passwords)) {
        login_failed(login, question->now_ms, question->peer, effect->user_name, effect->client_id,
                     LOGIN_WRONG_PASSWORD);
        login_refuse(out, effect->conn, ELLA_REASON_BAD_USER_NAME_OR_PASSWORD);
        free_request(request);
        return true;
    }
    if (!begin(login, request)) {
        login_refuse(out, effect->conn, ELLA_REASON_SERVER_BUSY);
        free_request(request);
        return true;
    }
    slot->request = request;
    return false;
}

void login_forget(struct login *login, uint32_t conn) {
    if (conn >= login->table.capacity)
        return;
    struct login_slot *slot = &login->table.slots[conn];
    struct login_request *request = slot->request;
    slot->request = NULL;
    login_drop_exchange(slot);
    if (request == NULL)
        return;
    /* A hash that has begun runs to its end; nobody asks for it then. */
    request->is_forgotten = true;
    if (request->item.source != NULL) {
        fair_queue_remove(&login->queue, &request->item);
        free_request(request);
    }
}

bool login_awaits(const struct login *login, uint32_t conn) {
    return conn < login->table.capacity && login->table.slots[conn].request != NULL;
}

/* Those whose address or user was locked while they waited are not worth a check any more. */
static void refuse_waiting(struct login *login, struct login_request *request) {
    struct login_answer answer;
    login_slot_of(login, request->conn)->request = NULL;
    login_refuse(&answer, request->conn, ELLA_REASON_BANNED);
    free_request(request);
    login->answered(login->answered_ctx, &answer);
}

static void begin_waiting(struct login *login) {
    while (login->in_work < login->in_work_max) {
        struct fair_item *item = fair_queue_take(&login->queue);
        if (item == NULL)
            return;
        struct login_request *request = (struct login_request *)(void *)item;
        if (login_is_locked(login, login->now_ms, &request->peer, request_user(request),
                            request_client_id(request)))
            refuse_waiting(login, request);
        else
            submit(login, request);
    }
}

int login_fd(const struct login *login) {
    return worker_fd(login->worker);
}

void login_finish(struct login *login, uint64_t now_ms,
                  void (*answered)(void *ctx, const struct login_answer *answer), void *ctx) {
    login->now_ms = now_ms;
    login->answered = answered;
    login->answered_ctx = ctx;
    (void)worker_finish(login->worker);
    begin_waiting(login);
}

const struct login_stats *login_stats(struct login *login) {
    login->stats.waiting = login->queue.count;
    return &login->stats;
}
