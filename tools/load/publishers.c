/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * libella-publishers: many clients that publish at QoS 1 and wait for PUBACK, over one epoll loop.
 * Tells how many were acknowledged each second and how long that took, and, if a folder is named,
 * how long an fdatasync takes there, since a broker that syncs can be judged only beside that.
 *
 * Exit status: 0; 1 a connection failed, or fewer were acknowledged than asked for by --at-least.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 256
#define SAMPLES_MAX (4u * 1024u * 1024u)
#define SYNC_COUNT 300
#define SYNC_BYTES 16384
#define WINDOW_MAX 1000u
#define PAYLOAD_MAX 16000u
#define US_PER_S 1000000u

struct publisher {
    int fd;
    uint16_t next_id;
    uint32_t in_flight;
    uint64_t sent_us[WINDOW_MAX]; /* by packet identifier modulo */
    uint8_t left[4];              /* of a packet that came in part */
    uint32_t left_len;
};

struct load {
    uint16_t port;
    uint32_t count;
    uint32_t window;
    uint32_t payload_len;
    uint32_t seconds;
    uint32_t rate; /* messages a second over all; 0: as fast as they are acknowledged */
    const char *topic;
    const char *folder;
    int epoll_fd;
    struct publisher *publishers;
    uint32_t *samples_us;
    uint64_t sample_count;
    uint64_t acknowledged;
    uint64_t published;
    uint64_t start_us;
};

static uint64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * US_PER_S + (uint64_t)now.tv_nsec / 1000u;
}

static void give_up(const char *what) {
    fprintf(stderr, "libella-publishers: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int by_size(const void *a, const void *b) {
    const uint32_t left = *(const uint32_t *)a;
    const uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static uint32_t percentile(const uint32_t *sorted, uint64_t count, uint32_t percent) {
    return count == 0 ? 0 : sorted[(count - 1u) * percent / 100u];
}

/* ---- The disk ---- */

static void measure_sync(const char *folder) {
    static uint8_t bytes[SYNC_BYTES];
    static uint32_t took_us[SYNC_COUNT];
    char path[4096];
    uint64_t sum_us = 0;
    snprintf(path, sizeof path, "%s/sync-test", folder);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        give_up(path);
    for (int i = 0; i < SYNC_COUNT; i++) {
        if (write(fd, bytes, sizeof bytes) != (ssize_t)sizeof bytes)
            give_up(path);
        const uint64_t before_us = now_us();
        if (fdatasync(fd) != 0)
            give_up(path);
        took_us[i] = (uint32_t)(now_us() - before_us);
        sum_us += took_us[i];
    }
    close(fd);
    unlink(path);
    qsort(took_us, SYNC_COUNT, sizeof *took_us, by_size);
    printf("fdatasync of 16 KiB: mean %llu us, median %u us, p99 %u us\n",
           (unsigned long long)(sum_us / SYNC_COUNT), percentile(took_us, SYNC_COUNT, 50),
           percentile(took_us, SYNC_COUNT, 99));
}

/* ---- One publisher ---- */

static void send_all(int fd, const uint8_t *bytes, size_t len) {
    while (len > 0) {
        const ssize_t count = send(fd, bytes, len, MSG_NOSIGNAL);
        if (count < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (count < 0)
            give_up("send");
        bytes += count;
        len -= (size_t)count;
    }
}

static void connect_publisher(struct load *load, uint32_t index) {
    struct publisher *publisher = &load->publishers[index];
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(load->port),
                                        .sin_addr = {htonl(INADDR_LOOPBACK)}};
    uint8_t packet[64];
    uint8_t answer[4];
    const int one = 1;
    publisher->next_id = 1;
    publisher->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (publisher->fd < 0 ||
        connect(publisher->fd, (const struct sockaddr *)&address, sizeof address) != 0)
        give_up("connect");
    setsockopt(publisher->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const int id_len =
        snprintf((char *)packet + 14, sizeof packet - 14, "load-%ld-%u", (long)getpid(), index);
    memcpy(packet, "\x10\0\0\4MQTT\4\2\0\0\0", 13);
    packet[1] = (uint8_t)(12 + id_len);
    packet[12] = 0;
    packet[13] = (uint8_t)id_len;
    send_all(publisher->fd, packet, 14u + (size_t)id_len);
    if (recv(publisher->fd, answer, sizeof answer, MSG_WAITALL) != 4 || answer[0] != 0x20 ||
        answer[3] != 0)
        give_up("CONNACK");
    struct epoll_event event = {.events = EPOLLIN, .data = {.u32 = index}};
    if (epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, publisher->fd, &event) != 0)
        give_up("epoll");
}

/* As many as the window has room for, `most` at most. Returns how many. */
static uint32_t publish(struct load *load, struct publisher *publisher, uint32_t most) {
    static uint8_t bytes[WINDOW_MAX * 64u + PAYLOAD_MAX * 4u];
    const size_t topic_len = strlen(load->topic);
    const uint32_t remaining = 2u + (uint32_t)topic_len + 2u + load->payload_len;
    size_t len = 0;
    uint32_t count = 0;
    while (count < most && publisher->in_flight < load->window &&
           len + remaining + 5u < sizeof bytes) {
        bytes[len++] = 0x32;
        bytes[len++] = (uint8_t)((remaining & 0x7fu) | 0x80u);
        bytes[len++] = (uint8_t)(remaining >> 7 & 0x7fu);
        if (remaining >> 14 != 0) {
            bytes[len - 1u] |= 0x80u;
            bytes[len++] = (uint8_t)(remaining >> 14);
        }
        bytes[len++] = 0;
        bytes[len++] = (uint8_t)topic_len;
        memcpy(bytes + len, load->topic, topic_len);
        len += topic_len;
        bytes[len++] = (uint8_t)(publisher->next_id >> 8);
        bytes[len++] = (uint8_t)publisher->next_id;
        memset(bytes + len, 'x', load->payload_len);
        len += load->payload_len;
        publisher->sent_us[publisher->next_id % WINDOW_MAX] = now_us();
        publisher->next_id = publisher->next_id == UINT16_MAX ? 1 : publisher->next_id + 1u;
        publisher->in_flight++;
        count++;
    }
    send_all(publisher->fd, bytes, len);
    load->published += count;
    return count;
}

static void take_answer(struct load *load, struct publisher *publisher, const uint8_t *packet) {
    const uint16_t id = (uint16_t)(packet[2] << 8 | packet[3]);
    if (packet[0] != 0x40) {
        errno = EPROTO;
        give_up("something else than PUBACK");
    }
    publisher->in_flight--;
    load->acknowledged++;
    if (load->sample_count < SAMPLES_MAX)
        load->samples_us[load->sample_count++] =
            (uint32_t)(now_us() - publisher->sent_us[id % WINDOW_MAX]);
}

static void read_answers(struct load *load, struct publisher *publisher) {
    uint8_t bytes[65536];
    memcpy(bytes, publisher->left, publisher->left_len);
    const ssize_t count = recv(publisher->fd, bytes + publisher->left_len,
                               sizeof bytes - publisher->left_len, MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
        give_up("the broker closed a connection");
    const uint32_t len = publisher->left_len + (count > 0 ? (uint32_t)count : 0u);
    uint32_t at = 0;
    for (; len - at >= 4; at += 4)
        take_answer(load, publisher, bytes + at);
    publisher->left_len = len - at;
    memcpy(publisher->left, bytes + at, publisher->left_len);
}

/* ---- All of them ---- */

/* At a fixed rate: those that are due, each to the next publisher whose window is open. */
static void publish_due(struct load *load, uint32_t *next) {
    const uint64_t due = (now_us() - load->start_us) * load->rate / US_PER_S;
    for (uint32_t tries = 0; load->published < due && tries < load->count; tries++) {
        (void)publish(load, &load->publishers[*next], 1);
        *next = (*next + 1u) % load->count;
    }
}

static void run(struct load *load) {
    struct epoll_event events[EVENTS_MAX];
    uint32_t next = 0;
    load->start_us = now_us();
    const uint64_t end_us = load->start_us + (uint64_t)load->seconds * US_PER_S;
    for (uint32_t i = 0; i < load->count && load->rate == 0; i++)
        (void)publish(load, &load->publishers[i], load->window);
    while (now_us() < end_us) {
        const int count = epoll_wait(load->epoll_fd, events, EVENTS_MAX, load->rate > 0 ? 1 : 100);
        for (int i = 0; i < count; i++) {
            struct publisher *publisher = &load->publishers[events[i].data.u32];
            read_answers(load, publisher);
            if (load->rate == 0)
                (void)publish(load, publisher, load->window);
        }
        if (load->rate > 0)
            publish_due(load, &next);
    }
}

static void tell(struct load *load) {
    const uint64_t took_us = now_us() - load->start_us;
    qsort(load->samples_us, load->sample_count, sizeof *load->samples_us, by_size);
    printf("acknowledged %llu in %.2f s: %llu/s; latency median %u us, p99 %u us, max %u us\n",
           (unsigned long long)load->acknowledged, (double)took_us / US_PER_S,
           (unsigned long long)(load->acknowledged * US_PER_S / took_us),
           percentile(load->samples_us, load->sample_count, 50),
           percentile(load->samples_us, load->sample_count, 99),
           percentile(load->samples_us, load->sample_count, 100));
}

static uint32_t number(const char *text, uint32_t most) {
    char *end = NULL;
    const unsigned long value = strtoul(text, &end, 10);
    if (*end != '\0' || end == text || value > most) {
        fprintf(stderr, "libella-publishers: a number up to %u, not %s\n", most, text);
        exit(2);
    }
    return (uint32_t)value;
}

static const char help_text[] =
    "usage: libella-publishers [OPTION]...\n"
    "  -p PORT     of the broker on this machine (1883)\n"
    "  -c COUNT    publishers (100)\n"
    "  -w WINDOW   messages of each that wait for PUBACK (1)\n"
    "  -b BYTES    of payload (64)\n"
    "  -s SECONDS  how long (10)\n"
    "  -r RATE     messages a second over all; 0: as fast as they are acknowledged (0)\n"
    "  -t TOPIC    (load)\n"
    "  -d FOLDER   measure fdatasync there first\n";

int main(int argc, char **argv) {
    struct load load = {.port = 1883,
                        .count = 100,
                        .window = 1,
                        .payload_len = 64,
                        .seconds = 10,
                        .topic = "load"};
    int option = 0;
    while ((option = getopt(argc, argv, "p:c:w:b:s:r:t:d:h")) != -1) {
        switch (option) {
        case 'p':
            load.port = (uint16_t)number(optarg, UINT16_MAX);
            break;
        case 'c':
            load.count = number(optarg, 10000);
            break;
        case 'w':
            load.window = number(optarg, WINDOW_MAX);
            break;
        case 'b':
            load.payload_len = number(optarg, PAYLOAD_MAX);
            break;
        case 's':
            load.seconds = number(optarg, 86400);
            break;
        case 'r':
            load.rate = number(optarg, 10000000);
            break;
        case 't':
            load.topic = optarg;
            break;
        case 'd':
            load.folder = optarg;
            break;
        default:
            fputs(help_text, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
    }
    if (load.folder != NULL)
        measure_sync(load.folder);
    load.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    load.publishers = calloc(load.count, sizeof *load.publishers);
    load.samples_us = malloc(SAMPLES_MAX * sizeof *load.samples_us);
    if (load.epoll_fd < 0 || load.publishers == NULL || load.samples_us == NULL)
        give_up("start");
    for (uint32_t i = 0; i < load.count; i++)
        connect_publisher(&load, i);
    run(&load);
    tell(&load);
    free(load.publishers);
    free(load.samples_us);
    return 0;
}
