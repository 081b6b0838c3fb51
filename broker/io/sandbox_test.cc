// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The sandbox from inside: each question is asked in a child process that has entered it.

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <string>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>
#include <liburing.h>

#include "broker/io/test_support.h"

extern "C" {
#include "broker/io/poller.h"
#include "broker/io/sandbox.h"
}

namespace io_test {
namespace {

class Sandbox : public testing::Test {
  protected:
    void SetUp() override {
        sandbox_begin(&probe_);
        landlock_ = probe_.landlock_abi;
        sandbox_abandon(&probe_);
        for (const char *name : {"open", "read", "shut"}) {
            mkdir(folder_.file(name).c_str(), 0700);
            folder_.write(name + std::string("/f"), "secret");
        }
    }

    // What the question returns, asked inside; -1000 if the child did not get that far.
    int inside(const std::function<int()> &question, int ring_fd = -1) {
        const pid_t child = fork();
        if (child == 0) {
            struct sandbox sandbox;
            struct sandbox_report report;
            sandbox_begin(&sandbox);
            sandbox_allow_ring(&sandbox, ring_fd);
            const bool entered =
                sandbox_allow_system(&sandbox) &&
                sandbox_allow(&sandbox, folder_.file("open").c_str(), SANDBOX_WRITE) &&
                sandbox_allow_folder_of(&sandbox, folder_.file("read/f").c_str(), SANDBOX_READ) &&
                sandbox_enter(&sandbox, &report);
            _exit(entered ? question() : 200);
        }
        int status = 0;
        waitpid(child, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1000 - WTERMSIG(status);
    }

    // 0, or the error number.
    int try_open(const std::string &name, int flags) {
        const std::string path = folder_.file(name);
        return inside([path, flags] { return open(path.c_str(), flags, 0600) >= 0 ? 0 : errno; });
    }

    folder folder_;
    struct sandbox probe_ = {};
    int landlock_ = 0;
};

TEST_F(Sandbox, FilesOutsideAreShut) {
    if (landlock_ == 0)
        GTEST_SKIP() << "no Landlock here";
    EXPECT_EQ(try_open("shut/f", O_RDONLY), EACCES);
    EXPECT_EQ(try_open("shut/new", O_WRONLY | O_CREAT), EACCES);
    EXPECT_EQ(try_open("read/f", O_RDONLY), 0);
    EXPECT_EQ(try_open("read/f", O_WRONLY), EACCES);
    EXPECT_EQ(try_open("read/new", O_WRONLY | O_CREAT), EACCES);
    EXPECT_EQ(try_open("open/f", O_RDWR | O_TRUNC), 0);
    EXPECT_EQ(try_open("open/new", O_WRONLY | O_CREAT), 0);
}

TEST_F(Sandbox, FilesAreReplacedByRenaming) {
    const std::string from = folder_.file("open/f");
    const std::string to = folder_.file("open/g");
    EXPECT_EQ(inside([&] { return std::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno; }), 0);
}

TEST_F(Sandbox, NothingIsExecuted) {
    if (landlock_ == 0)
        GTEST_SKIP() << "not in this build or kernel";
    EXPECT_EQ(inside([] {
                  char program[] = "/bin/true";
                  char *arguments[] = {program, nullptr};
                  execv(program, arguments);
                  return errno;
              }),
              EPERM);
    EXPECT_EQ(inside([] { return fork() < 0 ? errno : 0; }), EPERM);
}

TEST_F(Sandbox, OtherProcessesAndRareSocketsAreOutOfReach) {
    if (landlock_ == 0)
        GTEST_SKIP() << "not in this build or kernel";
    EXPECT_EQ(inside([] { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) < 0 ? errno : 0; }),
              EPERM);
    EXPECT_EQ(inside([] { return kill(getppid(), 0) < 0 ? errno : 0; }), EPERM);
    EXPECT_EQ(inside([] { return socket(AF_PACKET, SOCK_RAW, 0) < 0 ? errno : 0; }), EPERM);
    EXPECT_EQ(inside([] { return socket(AF_INET6, SOCK_STREAM, 0) < 0 ? errno : 0; }), 0);
}

// 0 if a byte goes through the ring; else the error number.
int send_by(struct poller &poller) {
    static const uint8_t byte = 1;
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        return errno;
    poller_send sends[2] = {{&byte, 1, fds[0], 0, 0}, {&byte, 1, fds[1], 0, 0}};
    if (!poller_send_all(&poller, sends, 2))
        return errno;
    return sends[0].sent == 1 && sends[1].sent == 1 ? 0 : EIO;
}

TEST_F(Sandbox, ARingMadeBeforeIsUsedAndNoOtherIsMade) {
    // Children share the rings, and what they leave in them: each question has its own.
    struct poller ring[3] = {};
    for (struct poller &one : ring) {
        if (landlock_ == 0 || !poller_create(&one, &poller_uring))
            GTEST_SKIP() << "not in this build or kernel";
    }
    const int fd = poller_ring_fd(&ring[0]);
    EXPECT_EQ(inside([&] { return send_by(ring[0]); }, fd), 0);
    EXPECT_EQ(inside([&] { return send_by(ring[1]); }, fd), EPERM) << "another one";
    EXPECT_EQ(inside([&] { return send_by(ring[2]); }), EPERM) << "not asked for";
    const auto make = [] {
        struct poller more = {};
        return poller_create(&more, &poller_uring) ? 0 : errno;
    };
    EXPECT_EQ(inside(make, fd), EPERM);
    for (struct poller &one : ring)
        poller_destroy(&one);
}

// Without a filter of system calls: what the kernel itself refuses the ring.
TEST(Ring, TakesSendsAndNothingElse) {
    struct poller poller = {};
    if (!poller_create(&poller, &poller_uring))
        GTEST_SKIP() << "the system refuses it: " << strerror(errno);
    const int fd = poller_ring_fd(&poller);
    EXPECT_EQ(syscall(SYS_io_uring_register, fd, IORING_REGISTER_EVENTFD, &fd, 1), -1);
    EXPECT_EQ(errno, EACCES);
    // A second view of its queues, as they are in a ring of the same size.
    struct io_uring same;
    struct io_uring view;
    struct io_uring_params params = {};
    ASSERT_EQ(io_uring_queue_init_params(POLLER_SENDS_MAX, &same, &params), 0);
    ASSERT_EQ(io_uring_queue_mmap(fd, &params, &view), 0);
    view.sq.sqe_head = view.sq.sqe_tail = *view.sq.ktail;
    io_uring_prep_nop(io_uring_get_sqe(&view));
    ASSERT_EQ(io_uring_submit(&view), 1);
    struct io_uring_cqe *result = nullptr;
    ASSERT_EQ(io_uring_peek_cqe(&view, &result), 0);
    EXPECT_EQ(result->res, -EACCES);
    io_uring_queue_exit(&same);
    poller_destroy(&poller);
}

TEST_F(Sandbox, ThreadsAndMemoryWork) {
    EXPECT_EQ(inside([] {
                  int result = 1;
                  std::thread([&result] {
                      void *page = mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                      result = page == MAP_FAILED ? 2 : 0;
                  }).join();
                  return result;
              }),
              0);
}

TEST_F(Sandbox, FoldersAreFoundFromFileNames) {
    struct sandbox sandbox;
    sandbox_begin(&sandbox);
    EXPECT_TRUE(sandbox_allow_folder_of(&sandbox, "no-slash", SANDBOX_READ));
    EXPECT_TRUE(sandbox_allow_folder_of(&sandbox, "/in-the-root", SANDBOX_READ));
    EXPECT_TRUE(sandbox_allow_folder_of(&sandbox, "/no/such/folder/f", SANDBOX_WRITE));
    sandbox_abandon(&sandbox);
}

} // namespace
} // namespace io_test
