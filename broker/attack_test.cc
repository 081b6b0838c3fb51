// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Attacks on the broker as people run it, in a process of its own. Beside each, a client that
// behaves sends itself a message and waits for it, again and again: 99 of 100 have to be back
// within 50 ms, the broker's memory has to stay bounded, and what was refused has to be counted.
// attack_test LIBELLAD LIBELLA-PASSWD
//
// The addresses of 127.0.0.0/8 serve as those of many attackers.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "broker/io/test_support.h"
#include "broker/io/tls_test_support.h"

using io_test::authority;
using io_test::bytes;
using io_test::client;
using io_test::connect_packet;
using io_test::folder;
using io_test::free_port;
using io_test::now_ms;
using io_test::packet;
using io_test::publish_packet;
using io_test::put_string;
using io_test::subscribe_packet;

namespace {

const char *broker_path;
const char *passwd_path;

constexpr double P99_MAX_MS = 50;
constexpr size_t PROBES = 500;
// When they take long, so many in that time will do.
constexpr size_t PROBES_MIN = 100;
constexpr uint64_t PROBING_MS_MAX = 5000;
// A machine that is busy with other things is given another chance, and told so.
constexpr int ATTEMPTS = 4;
constexpr uint64_t PATIENCE_MS = 30000;
constexpr int BROKER_NICE = -20;
constexpr int ATTACKER_NICE = 10;

void pause_ms(int ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

client connect_from(uint32_t from, uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at = {};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(from);
    const int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(fd, IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &yes, sizeof yes);
    sockaddr_in to = at;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    if (fd < 0 || bind(fd, reinterpret_cast<sockaddr *>(&at), sizeof at) != 0 ||
        connect(fd, reinterpret_cast<sockaddr *>(&to), sizeof to) != 0) {
        if (fd >= 0)
            close(fd);
        return client();
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return client(fd);
}

// Attacker number n of many.
uint32_t address_of(uint32_t n) {
    return 0x7F010000u + n + 1;
}

bool wait_readable(const client &of, int ms) {
    pollfd one = {of.fd(), POLLIN, 0};
    return poll(&one, 1, ms) > 0;
}

// Waits for so many bytes; fewer at the end or when patience ends.
bytes read_some(client &from, size_t expected) {
    bytes all;
    const uint64_t end_ms = now_ms() + PATIENCE_MS;
    while (all.size() < expected && !from.ended && now_ms() < end_ms) {
        wait_readable(from, 100);
        const bytes more = from.receive();
        all.insert(all.end(), more.begin(), more.end());
    }
    return all;
}

// Sends all of it, or gives up when stop is set or the other end is gone.
bool send_all(client &by, const bytes &what, const std::atomic<bool> &stop) {
    size_t sent = 0;
    while (sent < what.size() && !stop) {
        const size_t more = by.send(what, sent);
        sent += more;
        if (more > 0)
            continue;
        pollfd one = {by.fd(), POLLOUT, 0};
        if (poll(&one, 1, 50) > 0 && (one.revents & (POLLERR | POLLHUP)) != 0)
            return false;
    }
    return sent == what.size();
}

client join(uint16_t port, const std::string &id, uint32_t from = INADDR_LOOPBACK) {
    client joined = connect_from(from, port);
    joined.send(connect_packet(id));
    EXPECT_EQ(read_some(joined, 4), (bytes{0x20, 2, 0, 0})) << id;
    return joined;
}

class Attack : public testing::Test {
  protected:
    Attack() : ca(dir.file(".")), port(free_port()), tls_port(free_port()) {
        ca.issue("server", "/CN=localhost");
    }
    ~Attack() override {
        stop = true;
        for (std::thread &one : attackers)
            one.join();
        if (pid > 0) {
            kill(pid, SIGTERM);
            int status = 0;
            waitpid(pid, &status, 0);
            EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
        }
    }
    void start(const std::string &options = "", const std::string &listener_options = "") {
        const std::string text =
            options + "user root\nallow_anonymous true\nlog_dest file " + dir.file("log") +
            "\nlistener " + std::to_string(port) + " 127.0.0.1\n" + listener_options +
            "listener " + std::to_string(tls_port) + " 127.0.0.1\ncertfile " +
            ca.file("server.crt") + "\nkeyfile " + ca.file("server.key") + "\n";
        const std::string conf = dir.write("conf", text);
        pid = fork();
        if (pid == 0) {
            execl(broker_path, "libellad", "-c", conf.c_str(), nullptr);
            _exit(127);
        }
        const uint64_t end_ms = now_ms() + PATIENCE_MS;
        while (!client::tcp(port).is_connected() && now_ms() < end_ms)
            pause_ms(20);
        probe = join(port, "probe");
        probe.send(subscribe_packet("probe/back"));
        read_some(probe, 5);
        idle_ms = p99();
        idle_bytes = resident_bytes();
    }
    // Attackers are other machines: what they compute is not taken from the broker.
    void attack(std::function<void()> what) {
        attackers.emplace_back([what = std::move(what)] {
            (void)setpriority(PRIO_PROCESS, 0, ATTACKER_NICE); // of this thread alone
            what();
        });
    }

    // How long a message takes to come back, in milliseconds; the 99th of 100.
    double p99() {
        std::vector<double> took;
        const bytes message = publish_packet("probe/back", "x");
        const uint64_t end_ms = now_ms() + PROBING_MS_MAX;
        for (size_t i = 0; i < PROBES && (i < PROBES_MIN || now_ms() < end_ms); i++) {
            const auto begin = std::chrono::steady_clock::now();
            probe.send(message);
            if (read_some(probe, message.size()) != message)
                ADD_FAILURE() << "the client that behaves lost a message";
            took.push_back(
                std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
                    .count());
            pause_ms(2);
        }
        std::sort(took.begin(), took.end());
        return took[took.size() * 99 / 100];
    }
    // While the attack goes on. bytes_max: what the broker may grow by.
    void expect_unharmed(const char *name, double bytes_max) {
        double attacked_ms = 0;
        for (int i = 0; i < ATTEMPTS; i++) {
            attacked_ms = p99();
            if (attacked_ms < P99_MAX_MS)
                break;
            std::printf("%s: p99 %.2f ms, once more\n", name, attacked_ms);
        }
        const double grown = resident_bytes() - idle_bytes;
        std::printf("%-28s p99 %.2f ms (idle %.2f ms), memory +%.1f MB\n", name, attacked_ms,
                    idle_ms, grown / 1e6);
        EXPECT_LT(attacked_ms, P99_MAX_MS);
        EXPECT_LT(grown, bytes_max);
    }
    double resident_bytes() const {
        long pages = 0, resident = 0;
        FILE *statm = fopen(("/proc/" + std::to_string(pid) + "/statm").c_str(), "r");
        if (statm == nullptr || fscanf(statm, "%ld %ld", &pages, &resident) != 2)
            io_test::give_up("statm");
        fclose(statm);
        return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
    }
    // A number that the broker counts; it says all of them on SIGUSR1.
    uint64_t counted(const std::string &name) {
        const size_t before = folder::read(dir.file("log")).size();
        kill(pid, SIGUSR1);
        const uint64_t end_ms = now_ms() + PATIENCE_MS;
        while (now_ms() < end_ms) {
            const std::string said = folder::read(dir.file("log")).substr(before);
            const size_t last = said.find("stat refused_unauthenticated=");
            const size_t at = said.find(" " + name + "=");
            if (last != std::string::npos && at != std::string::npos)
                return std::strtoull(said.c_str() + at + name.size() + 2, nullptr, 10);
            pause_ms(20);
        }
        ADD_FAILURE() << name << " is not counted: " << folder::read(dir.file("log"));
        return 0;
    }
    bool says(const std::string &text) const {
        return folder::read(dir.file("log")).find(text) != std::string::npos;
    }

    folder dir;
    authority ca;
    uint16_t port;
    uint16_t tls_port;
    pid_t pid = -1;
    client probe;
    double idle_ms = 0;
    double idle_bytes = 0;
    std::atomic<bool> stop{false};
    std::atomic<uint64_t> done{0};
    std::vector<std::thread> attackers;
};

void raise_descriptor_limit() {
    rlimit limit = {};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

// ---- Connections ----

TEST_F(Attack, HalfOpenConnections) {
    start("connect_timeout 60\n");
    std::vector<client> half;
    // 20 attackers with 500 each, none of them over the limit of its address.
    for (uint32_t i = 0; i < 10000; i++) {
        half.push_back(connect_from(address_of(i % 20), port));
        ASSERT_TRUE(half.back().is_connected()) << i << ": " << std::strerror(errno);
        if (i % 2 == 0)
            half.back().send({0x10, 20, 0, 4});
    }
    expect_unharmed("10,000 half-open", 20e6);
    EXPECT_EQ(counted("connections"), 10001u);
    // One more from one address, a thousand times: refused.
    for (int i = 0; i < 1000; i++)
        half.push_back(connect_from(address_of(0), port));
    expect_unharmed("the same, one address more", 20e6);
    EXPECT_EQ(counted("refused_unauthenticated_per_address"), 500u);
    EXPECT_TRUE(says("refused address=127.1.0.1:"));
}

TEST_F(Attack, SlowDripOfConnect) {
    start("connect_timeout 2\n");
    attack([this] {
        std::vector<client> drips(500);
        bytes connect = connect_packet(std::string(2000, 'd'));
        for (size_t at = 0; !stop; at++) {
            for (uint32_t i = 0; i < drips.size() && !stop; i++) {
                if (drips[i].is_connected() && !drips[i].ended)
                    drips[i].send({connect[at % connect.size()]});
                else
                    drips[i] = connect_from(address_of(i % 5), port);
                drips[i].receive();
            }
            pause_ms(10);
        }
    });
    pause_ms(3000);
    expect_unharmed("slow-drip CONNECT", 20e6);
    EXPECT_GE(counted("connections_refused"), 400u);
    EXPECT_TRUE(says("timeout") || says("in time"))
        << folder::read(dir.file("log")).substr(0, 2000);
}

// The first message of a handshake, which costs the attacker nothing to send again.
bytes client_hello() {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    BIO *out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
    SSL_connect(ssl);
    char *text = nullptr;
    const long len = BIO_get_mem_data(out, &text);
    const bytes hello(text, text + len);
    SSL_free(ssl);
    SSL_CTX_free(context);
    return hello;
}

TEST_F(Attack, HandshakeFlood) {
    start();
    const bytes hello = client_hello();
    attack([this, hello] {
        for (uint32_t i = 0; !stop; i++) {
            std::vector<client> wave;
            for (uint32_t j = 0; j < 50; j++) {
                wave.push_back(connect_from(address_of(i % 10), tls_port));
                wave.back().send(hello);
                done++;
            }
            // The answer costs the broker a signature; then they are gone.
            wait_readable(wave.back(), 20);
        }
    });
    pause_ms(500);
    expect_unharmed("handshake flood", 20e6);
    std::printf("  %llu handshakes begun\n", static_cast<unsigned long long>(done.load()));
    EXPECT_GE(counted("handshakes_failed"), 100u);
}

TEST_F(Attack, HalfHandshakes) {
    start("tls_handshake_timeout 60\n");
    const bytes hello = client_hello();
    std::vector<client> half;
    for (uint32_t i = 0; i < 600; i++) {
        half.push_back(connect_from(address_of(0), tls_port));
        half.back().send(hello);
    }
    expect_unharmed("half handshakes", 40e6);
    EXPECT_EQ(counted("refused_handshakes_per_address"), 100u);
}

// A thousand wrong passwords a second from one address, for a user that exists; alice herself
// comes in from elsewhere all the while.
TEST_F(Attack, WrongPasswords) {
    const std::string file = dir.file("passwords");
    const std::string make = std::string(passwd_path) + " -c -b " + file + " alice right";
    ASSERT_EQ(std::system(make.c_str()), 0);
    start("allow_exposed_files true\npassword_file " + file + "\n");
    const auto login = [](const std::string &password) {
        bytes body;
        put_string(body, "MQTT");
        body.insert(body.end(), {4, 0xC2, 0, 0});
        put_string(body, "c-" + password);
        put_string(body, "alice");
        put_string(body, password);
        return packet(0x10, body);
    };
    client alice = connect_from(address_of(7), port);
    alice.send(login("right"));
    ASSERT_EQ(read_some(alice, 4), (bytes{0x20, 2, 0, 0}));
    attack([this, login] {
        uint64_t next_ms = now_ms();
        while (!stop) {
            std::vector<client> wave;
            for (int i = 0; i < 20; i++) {
                wave.push_back(connect_from(address_of(0), port));
                wave.back().send(login("wrong"));
                done++;
            }
            for (client &one : wave)
                read_some(one, 4);
            next_ms += 20;
            while (now_ms() < next_ms)
                pause_ms(1);
        }
    });
    pause_ms(2000);
    expect_unharmed("1,000 wrong passwords/s", 64e6);
    std::printf("  %llu passwords tried\n", static_cast<unsigned long long>(done.load()));
    client again = connect_from(address_of(7), port);
    again.send(login("right"));
    EXPECT_EQ(read_some(again, 4), (bytes{0x20, 2, 0, 0})) << "the user is locked out";
    EXPECT_GE(counted("login/refused_locked"), 100u);
    EXPECT_TRUE(says("login failed: address=127.1.0.1:"));
}

// ---- Packets ----

TEST_F(Attack, GiantPackets) {
    start();
    attack([this] {
        while (!stop) {
            // 256 MB are announced, before the login and after it.
            client before = connect_from(address_of(0), port);
            before.send({0x10, 0xff, 0xff, 0xff, 0x7f, 0, 4, 'M', 'Q', 'T', 'T', 4, 2});
            client after = connect_from(address_of(0), port);
            after.send(connect_packet("giant"));
            after.send({0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 'a'});
            read_some(before, 1);
            read_some(after, 1000);
            done++;
        }
    });
    // Of the largest size that is allowed, as fast as it goes, to nobody.
    attack([this] {
        client by = join(port, "large", address_of(1));
        const bytes large = publish_packet("large", std::string(1999000, 'x'), 0);
        while (send_all(by, large, stop))
            done++;
    });
    pause_ms(200);
    expect_unharmed("giant packets", 64e6);
    EXPECT_GE(counted("protocol_errors"), 10u);
}

TEST_F(Attack, DeepTopics) {
    start("max_topic_levels 200\n");
    attack([this] {
        client by = join(port, "deep", address_of(0));
        std::string within = "a";
        for (int i = 1; i < 200; i++)
            within += "/a";
        const bytes allowed = publish_packet(within, "x");
        const bytes deeper = publish_packet(within + "/a/a/a", "x");
        by.send(subscribe_packet("a/+/+/+/+/+/+/+/+/+/#"));
        while (send_all(by, allowed, stop) && send_all(by, deeper, stop)) {
            by.receive();
            done++;
        }
    });
    // Wildcards at every level, each a different one: what a match costs most.
    attack([this] {
        client by = join(port, "wild", address_of(1));
        for (uint32_t bits = 0; bits < 4096 && !stop; bits++) {
            std::string filter = "a";
            for (int i = 0; i < 12; i++)
                filter += (bits >> i & 1) != 0 ? "/+" : "/a";
            send_all(by, subscribe_packet(filter + "/#"), stop);
            by.receive();
        }
        while (!stop) {
            by.receive();
            pause_ms(1);
        }
    });
    pause_ms(1000);
    expect_unharmed("deep topics", 128e6);
    EXPECT_GE(counted("dropped_publish_topic"), 10u);
}

TEST_F(Attack, SubscriptionBombs) {
    start("max_subscriptions_per_client 20000\n");
    for (uint32_t n = 0; n < 2; n++) {
        attack([this, n] {
            client by = join(port, "bomb" + std::to_string(n), address_of(n));
            for (uint32_t i = 0; !stop; i++) {
                bytes body = {0, 1};
                for (uint32_t j = 0; j < 100; j++) {
                    put_string(body, "bomb/" + std::to_string(i) + "/" + std::to_string(j) + "/+");
                    body.push_back(0);
                }
                if (!send_all(by, packet(0x82, body), stop))
                    break;
                by.receive();
                done++;
            }
        });
    }
    pause_ms(1000);
    expect_unharmed("subscription bombs", 128e6);
    EXPECT_LE(counted("subscriptions"), 40001u);
    EXPECT_GE(counted("subscribe_denied"), 1u);
}

// Not an attack, but it must not be like one: the files of 20,000 users read again and again.
TEST_F(Attack, Reloads) {
    const std::string password = ":$7$101$c2FsdHNhbHRzYWx0$" + std::string(86, 'A') + "==\n";
    std::string passwords, rights;
    for (int i = 0; i < 20000; i++) {
        const std::string name = "user" + std::to_string(i);
        passwords += name + password;
        rights += "user " + name + "\ntopic readwrite " + name + "/#\n";
    }
    rights = "topic readwrite probe/#\n" + rights;
    start("allow_exposed_files true\npassword_file " + dir.write("passwords", passwords) +
          "\nacl_file " + dir.write("rights", rights) + "\n");
    attack([this] {
        while (!stop) {
            kill(pid, SIGHUP);
            done++;
            pause_ms(20);
        }
    });
    pause_ms(500);
    expect_unharmed("reloads of 20,000 users", 128e6);
}

TEST_F(Attack, SlowReaders) {
    start("max_queued_messages 100\n");
    std::vector<client> slow;
    for (uint32_t i = 0; i < 100; i++) {
        slow.push_back(join(port, "slow" + std::to_string(i), address_of(i % 10)));
        slow.back().send(subscribe_packet("flood/#", i % 2));
        read_some(slow.back(), 5);
    }
    attack([this] {
        client by = join(port, "flooder", address_of(20));
        const bytes message = publish_packet("flood/a", std::string(1000, 'x'));
        while (send_all(by, message, stop)) {
            done++;
            if (done % 50 == 0)
                pause_ms(1);
        }
    });
    pause_ms(2000);
    expect_unharmed("slow readers", 256e6);
    EXPECT_GE(counted("dropped_queue_full") + counted("dropped_qos0_backlog"), 100u);
}

} // namespace

int main(int argc, char **argv) {
    testing::InitGoogleTest(&argc, argv);
    if (argc != 3)
        return 2;
    broker_path = argv[1];
    passwd_path = argv[2];
    signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    // Broker and probe come before what else the machine does. Not by a real-time class: the
    // kernel stops these for 50 ms of each second in which they have been busy.
    const bool is_first = setpriority(PRIO_PROCESS, 0, BROKER_NICE) == 0;
    std::printf("scheduled %s\n", is_first ? "before all that is ordinary" : "as all others are");
    return RUN_ALL_TESTS();
}
