// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// What an idle connection costs: this process is the broker, a child of it 10,000 clients that
// have connected and say nothing. Counted is resident memory of the broker; what the kernel keeps
// for a socket is not in it.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>

#include "broker/io/config_test_support.h"

// In C a function may have the name of a struct; g++ calls that a shadow.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
extern "C" {
#include "broker/io/listener.h"
#include "broker/io/loop.h"
}
#pragma GCC diagnostic pop

using io_test::client;
using io_test::configuration;
using io_test::connect_packet;
using io_test::now_ms;

namespace {

constexpr uint32_t CLIENT_COUNT = 10000;
// The first ones pay for buffers and tables that all share.
constexpr uint32_t WARM_UP_COUNT = 100;
constexpr double RESIDENT_BYTES_MAX = 480;
constexpr uint64_t PATIENCE_MS = 60000;
// Descriptors that are no connections.
constexpr uint32_t SPARE_DESCRIPTORS = 100;

double resident_bytes() {
    long pages = 0;
    long resident_pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (statm == nullptr || fscanf(statm, "%ld %ld", &pages, &resident_pages) != 2)
        io_test::give_up("/proc/self/statm");
    fclose(statm);
    return static_cast<double>(resident_pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// Connects count clients, keeps them until told to end.
[[noreturn]] void be_clients(const std::string &path, uint32_t count, int end_fd) {
    std::vector<client> clients;
    for (uint32_t i = 0; i < count; i++) {
        clients.push_back(client::unix_socket(path));
        char id[24];
        std::snprintf(id, sizeof id, "idle-client-%06u", i);
        if (!clients.back().is_connected() ||
            clients.back().send(connect_packet(id, i % 2 == 0 ? 4 : 5, 2, 60)) == 0)
            _exit(1);
    }
    uint8_t byte;
    _exit(read(end_fd, &byte, 1) == 0 ? 0 : 1);
}

uint64_t connected(const loop *loop) {
    return core_stats(loop_core(loop))->value[STAT_CLIENTS_CONNECTED];
}

bool serve_until(loop *loop, uint64_t client_count) {
    const uint64_t end_ms = now_ms() + PATIENCE_MS;
    while (connected(loop) < client_count && now_ms() < end_ms)
        loop_round(loop, 10);
    for (int i = 0; i < 5; i++)
        loop_round(loop, 1);
    return connected(loop) == client_count;
}

TEST(IdleMemory, AnIdleConnectionCostsLittle) {
    rlimit limit = {};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    const uint32_t count = static_cast<uint32_t>(
        std::min<uint64_t>(CLIENT_COUNT + WARM_UP_COUNT, limit.rlim_cur - SPARE_DESCRIPTORS));
    ASSERT_GE(count, 1000u) << "the machine allows too few descriptors to measure anything";

    configuration c;
    const std::string path = c.dir.file("s");
    ASSERT_TRUE(c.read_text("listener 0 " + path + "\nallow_anonymous true\nsys_interval 0\n"));
    struct log log;
    log_init(&log);
    log.settings.types = LOG_TYPE_ERROR;
    listener_set set = {};
    ASSERT_TRUE(listener_set_open(&set, &c.config, &log));
    loop_options options = {};
    struct poller poller = {};
    ASSERT_TRUE(poller_create(&poller, poller_find(nullptr)));
    options.poller = &poller;
    options.listeners = &set;
    options.log = &log;
    options.config = &c.config;
    options.seed = 1;
    std::fill(std::begin(options.wake_fds), std::end(options.wake_fds), -1);
    loop *broker = loop_create(&options);
    ASSERT_NE(broker, nullptr);

    int end_fds[2];
    ASSERT_EQ(pipe(end_fds), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        close(end_fds[1]);
        be_clients(path, count, end_fds[0]);
    }
    ASSERT_TRUE(serve_until(broker, WARM_UP_COUNT) || connected(broker) > WARM_UP_COUNT);
    const uint64_t before_count = connected(broker);
    const double before_bytes = resident_bytes();
    ASSERT_TRUE(serve_until(broker, count));
    const double grown_bytes = resident_bytes() - before_bytes;
    const double each_bytes = grown_bytes / static_cast<double>(count - before_count);
    const core *core = loop_core(broker);
    const double core_bytes = static_cast<double>(core_memory_bytes(core, MEMORY_CONNECTION) +
                                                  core_memory_bytes(core, MEMORY_SESSION) +
                                                  core_memory_bytes(core, MEMORY_TIMER));
    std::printf("%u idle connections: %.0f bytes of resident memory each "
                "(core %.0f, connection table %zu)\n",
                count, each_bytes, core_bytes / count, sizeof(conn));
    EXPECT_LE(each_bytes, RESIDENT_BYTES_MAX);
    EXPECT_EQ(core_memory_bytes(core, MEMORY_OUTPUT), 0u);

    close(end_fds[1]);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    loop_destroy(broker);
    poller_destroy(&poller);
    listener_set_close(&set);
    listener_set_free(&set);
    log_close(&log);
    close(end_fds[0]);
}

} // namespace
