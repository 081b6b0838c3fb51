/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The $SYS topics, under the names that Mosquitto 2.0 made known: what is counted, and how much of
 * it there was in the last minutes. Each is a retained message, published when it has changed.
 */
#include <string.h>

#include "broker/core/core_state.h"

#define SYS_QOS 2u
#define SYS_TOPIC_LEN_MAX 64u
#define SYS_VALUE_LEN_MAX 32u

/* Counters whose rate is published, by minute, averaged over 1, 5 and 15 minutes. */
static const struct {
    const char *topic;
    enum core_stat stat; /* CORE_STAT_COUNT: all drops together */
} loads[] = {
    {"load/messages/received", STAT_PACKETS_RECEIVED},
    {"load/messages/sent", STAT_PACKETS_SENT},
    {"load/publish/dropped", CORE_STAT_COUNT},
    {"load/publish/received", STAT_PUBLISH_RECEIVED},
    {"load/publish/sent", STAT_PUBLISH_SENT},
    {"load/bytes/received", STAT_BYTES_RECEIVED},
    {"load/bytes/sent", STAT_BYTES_SENT},
    {"load/sockets", STAT_SOCKETS_OPENED},
    {"load/connections", STAT_CONNECTIONS_ACCEPTED},
};
#define LOAD_COUNT (sizeof loads / sizeof loads[0])

/* What an average keeps of itself after one second: exp(-1/60), exp(-1/300), exp(-1/900). */
static const struct {
    const char *suffix;
    double keeps;
} spans[] = {
    {"/1min", 0.98347145382161748},
    {"/5min", 0.99667221605452333},
    {"/15min", 0.99888950594427930},
};
#define SPAN_COUNT (sizeof spans / sizeof spans[0])

/* Names of older days for what stands in the rows too. */
static const struct {
    const char *topic;
    enum core_stat stat;
} aliases[] = {
    {"clients/active", STAT_CLIENTS_CONNECTED},
    {"clients/inactive", STAT_CLIENTS_DISCONNECTED},
    {"messages/stored", STAT_STORED_MESSAGES},
};
#define ALIAS_COUNT (sizeof aliases / sizeof aliases[0])

struct sys_load {
    uint64_t counted_ms;
    uint64_t counted[LOAD_COUNT];
    double average[LOAD_COUNT][SPAN_COUNT];
    uint64_t told_load[LOAD_COUNT][SPAN_COUNT]; /* hundredths, as last published */
    uint64_t told[CORE_STAT_COUNT];
    uint64_t told_dropped;
    bool was_told;
};

struct sys_load *sys_load_create(struct memory *memory) {
    return memory_get_zero(memory, MEMORY_OTHER, sizeof(struct sys_load));
}

void sys_load_free(struct memory *memory, struct sys_load *load) {
    memory_put(memory, MEMORY_OTHER, load, sizeof *load);
}

void sys_refresh(const struct core *core) {
    uint64_t *v = core->stats->value;

    v[STAT_CLIENTS_TOTAL] = core->sessions.count;
    v[STAT_CLIENTS_DISCONNECTED] = core->sessions.count - v[STAT_CLIENTS_CONNECTED];
    v[STAT_SUBSCRIPTIONS] = route_subscription_count(core->route);
    v[STAT_SHARED_SUBSCRIPTIONS] = route_shared_subscription_count(core->route);
    v[STAT_RETAINED_MESSAGES] = retain_count(core->retain);
    v[STAT_STORED_MESSAGES] = retain_count(core->retain) + v[STAT_QUEUED_MESSAGES];
    v[STAT_STORED_BYTES] = core->memory.used_bytes[MEMORY_MESSAGE];
    v[STAT_HEAP_CURRENT_BYTES] = core->memory.total_bytes;
    v[STAT_HEAP_MAXIMUM_BYTES] = core->memory.peak_bytes;
    v[STAT_MEMORY_REFUSED] = core->memory.refused_count;
}

/* ---- Values as text ---- */

/* Appends the decimal digits of value; returns the new length. */
static uint32_t put_number(char *buf, uint32_t len, uint64_t value) {
    char digits[20];
    uint32_t count = 0u;

    do {
        digits[count++] = (char)('0' + value % 10u);
        value /= 10u;
    } while (value > 0u);
    while (count > 0u)
        buf[len++] = digits[--count];
    return len;
}

static uint32_t put_text(char *buf, uint32_t len, const char *text) {
    uint32_t count = (uint32_t)strlen(text);

    memcpy(buf + len, text, count);
    return len + count;
}

static uint32_t put_hundredths(char *buf, uint64_t hundredths) {
    uint32_t len = put_number(buf, 0u, hundredths / 100u);

    buf[len++] = '.';
    buf[len++] = (char)('0' + hundredths / 10u % 10u);
    buf[len++] = (char)('0' + hundredths % 10u);
    return len;
}

/* ---- Publishing ---- */

static void tell(struct core *core, const char *topic, const char *suffix, const char *value,
                 uint32_t value_len) {
    char name[SYS_TOPIC_LEN_MAX];
    uint32_t len = put_text(name, 0u, "$SYS/broker/");
    struct ella_publish publish;

    CORE_ASSERT(len + strlen(topic) + strlen(suffix) <= SYS_TOPIC_LEN_MAX);
    len = put_text(name, len, topic);
    len = put_text(name, len, suffix);
    memset(&publish, 0, sizeof publish);
    publish.topic = ella_slice_of(name, len);
    publish.payload = ella_slice_of(value, value_len);
    publish.qos = SYS_QOS;
    publish.retain = core->limits.retain_available;
    (void)publish_local(core, &publish);
}

static void tell_number(struct core *core, const char *topic, uint64_t value, uint64_t *told) {
    char text[SYS_VALUE_LEN_MAX];

    if (core->load->was_told && *told == value)
        return;
    *told = value;
    tell(core, topic, "", text, put_number(text, 0u, value));
}

static void tell_uptime(struct core *core) {
    char text[SYS_VALUE_LEN_MAX];
    uint32_t len = put_number(text, 0u, (core->now_ms - core->started_ms) / 1000u);

    len = put_text(text, len, " seconds");
    tell(core, "uptime", "", text, len);
}

static double power(double base, uint64_t exponent) {
    double result = 1.0;

    for (; exponent > 0u; exponent /= 2u) {
        if (exponent % 2u == 1u)
            result *= base;
        base *= base;
    }
    return result;
}

static void tell_load(struct core *core, uint32_t i, double seconds) {
    struct sys_load *load = core->load;
    const enum core_stat stat = loads[i].stat;
    const uint64_t now =
        stat == CORE_STAT_COUNT ? core_stats_dropped(core->stats) : core->stats->value[stat];
    const double by_minute = (double)(now - load->counted[i]) * 60.0 / seconds;
    char text[SYS_VALUE_LEN_MAX];

    load->counted[i] = now;
    for (uint32_t s = 0; s < SPAN_COUNT; s++) {
        const double keeps = power(spans[s].keeps, (uint64_t)(seconds + 0.5));
        double *average = &load->average[i][s];
        uint64_t hundredths;
        *average = by_minute + keeps * (*average - by_minute);
        hundredths = (uint64_t)(*average * 100.0 + 0.5);
        if (load->was_told && load->told_load[i][s] == hundredths)
            continue;
        load->told_load[i][s] = hundredths;
        tell(core, loads[i].topic, spans[s].suffix, text, put_hundredths(text, hundredths));
    }
}

void sys_publish(struct core *core) {
    struct sys_load *load = core->load;
    const double seconds = (double)(core->now_ms - load->counted_ms) / 1000.0;

    sys_refresh(core);
    if (!load->was_told)
        tell(core, "version", "", SYS_VERSION, sizeof SYS_VERSION - 1u);
    tell_uptime(core);
    for (uint32_t i = 0; i < ALIAS_COUNT; i++) {
        uint64_t told = load->told[aliases[i].stat];
        tell_number(core, aliases[i].topic, core->stats->value[aliases[i].stat], &told);
    }
    for (uint32_t i = 0; i < CORE_STAT_COUNT; i++) {
        const struct core_stat_row *row = core_stat_row((enum core_stat)i);
        if (row->sys_topic != NULL)
            tell_number(core, row->sys_topic, core->stats->value[i], &load->told[i]);
    }
    tell_number(core, "publish/messages/dropped", core_stats_dropped(core->stats),
                &load->told_dropped);
    for (uint32_t i = 0; seconds > 0.0 && i < LOAD_COUNT; i++)
        tell_load(core, i, seconds);
    load->counted_ms = core->now_ms;
    load->was_told = true;
}

void sys_schedule(struct core *core) {
    if (core->limits.sys_interval_s == 0u) {
        timer_cancel(&core->timers, &core->sys_timer);
        return;
    }
    /* Without memory for the timer $SYS stays silent until the next CORE_CONFIG. */
    if (!timer_is_set(&core->sys_timer))
        core->load->counted_ms = core->now_ms;
    (void)timer_set(&core->timers, &core->sys_timer,
                    core->now_ms + (uint64_t)core->limits.sys_interval_s * 1000u);
}
