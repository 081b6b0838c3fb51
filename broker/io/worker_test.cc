// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The worker as its users see it: what runs where, what is told, what is released. Every test ends
// with the count of jobs that were never released, which has to be none.

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

extern "C" {
#include "broker/io/worker.h"
}

namespace {

// A door that jobs stand before until the test opens it.
class door {
  public:
    void pass() {
        std::unique_lock<std::mutex> lock(mutex_);
        waiting_++;
        changed_.notify_all();
        changed_.wait(lock, [this] { return open_; });
    }
    void open() {
        std::lock_guard<std::mutex> lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    void wait_for(int count) {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [&] { return waiting_ >= count; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int waiting_ = 0;
    bool open_ = false;
};

class WorkerTest : public testing::Test {
  protected:
    struct job {
        worker_job base; // first: the worker's pointer is ours
        WorkerTest *test;
        int number;
        door *before;
    };

    ~WorkerTest() override {
        worker_destroy(worker);
        EXPECT_EQ(alive, 0);
    }
    void create(uint32_t threads, uint32_t waiting_max) {
        worker = worker_create(threads, waiting_max);
        ASSERT_NE(worker, nullptr);
    }
    bool submit(int number, uint64_t owner = 0, door *before = nullptr) {
        job *made = new job{};
        made->base.run = run;
        made->base.done = done;
        made->base.release = release;
        made->base.owner = owner;
        made->test = this;
        made->number = number;
        made->before = before;
        alive++;
        if (worker_submit(worker, &made->base))
            return true;
        release(&made->base);
        return false;
    }
    bool is_raised(int timeout_ms = 0) const {
        pollfd p = {worker_fd(worker), POLLIN, 0};
        return poll(&p, 1, timeout_ms) == 1;
    }
    // As a loop does: waits for the flag until count jobs were told.
    void finish_until(uint32_t count) {
        for (uint32_t told_count = 0; told_count < count;) {
            ASSERT_TRUE(is_raised(60000)) << "nothing came of it";
            told_count += worker_finish(worker);
        }
    }

    static void run(worker_job *base) {
        job *self = reinterpret_cast<job *>(base);
        if (self->before != nullptr)
            self->before->pass();
        self->test->ran++;
        EXPECT_NE(std::this_thread::get_id(), self->test->loop_thread);
    }
    static void done(worker_job *base) {
        job *self = reinterpret_cast<job *>(base);
        EXPECT_EQ(std::this_thread::get_id(), self->test->loop_thread);
        self->test->told.push_back(self->number);
        if (self->test->then)
            self->test->then(self->number);
    }
    static void release(worker_job *base) {
        job *self = reinterpret_cast<job *>(base);
        EXPECT_EQ(std::this_thread::get_id(), self->test->loop_thread);
        self->test->alive--;
        delete self;
    }

    const std::thread::id loop_thread = std::this_thread::get_id();
    struct worker *worker = nullptr;
    std::vector<int> told;
    std::function<void(int)> then;
    std::atomic<int> ran{0};
    int alive = 0;
};

TEST_F(WorkerTest, RunsElsewhereAndTellsHere) {
    create(1, 8);
    EXPECT_FALSE(is_raised());
    ASSERT_TRUE(submit(7));
    finish_until(1);
    EXPECT_EQ(told, (std::vector<int>{7}));
    EXPECT_FALSE(is_raised());
    EXPECT_EQ(worker_finish(worker), 0u);
}

TEST_F(WorkerTest, OneThreadKeepsTheOrder) {
    create(1, 100);
    std::vector<int> expected;
    for (int i = 0; i < 100; i++) {
        ASSERT_TRUE(submit(i));
        expected.push_back(i);
    }
    finish_until(100);
    EXPECT_EQ(told, expected);
}

TEST_F(WorkerTest, SeveralThreadsRunAtOnce) {
    create(3, 8);
    door both;
    for (int i = 0; i < 3; i++)
        ASSERT_TRUE(submit(i, 0, &both));
    both.wait_for(3); // would wait for ever, were they run one after the other
    both.open();
    finish_until(3);
}

TEST_F(WorkerTest, RefusesWhatIsOverItsBound) {
    create(1, 2);
    door closed;
    ASSERT_TRUE(submit(0, 0, &closed));
    closed.wait_for(1);
    EXPECT_TRUE(submit(1));
    EXPECT_TRUE(submit(2));
    EXPECT_FALSE(submit(3));
    const struct worker_load load = worker_load(worker);
    EXPECT_EQ(load.waiting, 2u);
    EXPECT_EQ(load.running, 1u);
    closed.open();
    finish_until(3);
    EXPECT_TRUE(submit(4));
    finish_until(1);
    EXPECT_EQ(told, (std::vector<int>{0, 1, 2, 4}));
}

TEST_F(WorkerTest, CancelGivesUpWaitingAndRunningAndFinishedJobs) {
    create(1, 8);
    ASSERT_TRUE(submit(0, 5));
    worker_wait(worker); // finished, not told
    door closed;
    ASSERT_TRUE(submit(1, 5, &closed));
    closed.wait_for(1); // runs
    ASSERT_TRUE(submit(2, 5));
    ASSERT_TRUE(submit(3, 6));
    EXPECT_EQ(worker_cancel(worker, 5), 3u);
    EXPECT_EQ(alive, 2); // the running one, and the one of another owner
    EXPECT_EQ(worker_cancel(worker, 5), 0u);
    closed.open();
    finish_until(1);
    EXPECT_EQ(told, (std::vector<int>{3}));
    EXPECT_EQ(ran, 3); // 2 never ran
}

TEST_F(WorkerTest, ACancelledJobThatHasRunIsCountedOnce) {
    create(1, 8);
    door closed;
    ASSERT_TRUE(submit(1, 5, &closed));
    closed.wait_for(1);
    EXPECT_EQ(worker_cancel(worker, 5), 1u);
    closed.open();
    worker_wait(worker);
    EXPECT_EQ(worker_cancel(worker, 5), 0u);
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(worker_finish(worker), 0u);
}

TEST_F(WorkerTest, DoneMaySubmitAndCancel) {
    create(1, 8);
    then = [this](int number) {
        if (number == 0) {
            EXPECT_EQ(worker_cancel(worker, 1), 1u);
            EXPECT_TRUE(submit(2, 2));
        }
    };
    ASSERT_TRUE(submit(0, 0));
    ASSERT_TRUE(submit(1, 1));
    worker_wait(worker);
    finish_until(2);
    EXPECT_EQ(told, (std::vector<int>{0, 2}));
}

TEST_F(WorkerTest, DestroyReleasesWhatWaitsWithoutRunningIt) {
    create(1, 8);
    door closed;
    ASSERT_TRUE(submit(0, 0, &closed));
    closed.wait_for(1);
    ASSERT_TRUE(submit(1));
    std::thread opener([&] {
        // destroy() waits for the running job meanwhile, or comes after it: both are right.
        closed.open();
    });
    worker_destroy(worker);
    worker = nullptr;
    opener.join();
    EXPECT_EQ(alive, 0);
    EXPECT_TRUE(told.empty());
}

TEST_F(WorkerTest, WaitLeavesTheTellingToFinish) {
    create(2, 64);
    for (int i = 0; i < 64; i++)
        ASSERT_TRUE(submit(i));
    worker_wait(worker);
    EXPECT_EQ(ran, 64);
    EXPECT_TRUE(told.empty());
    EXPECT_EQ(worker_load(worker).finished, 64u);
    EXPECT_EQ(worker_finish(worker), 64u);
}

TEST_F(WorkerTest, SignalsNeverReachItsThreads) {
    static std::atomic<bool> hit_loop_thread{false};
    static std::thread::id loop;
    loop = loop_thread;
    signal(SIGUSR1, [](int) { hit_loop_thread = std::this_thread::get_id() == loop; });
    create(2, 8);
    ASSERT_EQ(kill(getpid(), SIGUSR1), 0);
    EXPECT_TRUE(hit_loop_thread);
    signal(SIGUSR1, SIG_DFL);
}

// Submission, cancellation and telling against each other, for the thread sanitizer to watch.
TEST_F(WorkerTest, NothingIsLostInACrowd) {
    create(4, 32);
    constexpr int total = 5000;
    uint32_t cancelled = 0;
    int refused = 0;
    for (int i = 0; i < total; i++) {
        if (!submit(i, static_cast<uint64_t>(i % 16)))
            refused++;
        if (i % 7 == 0)
            cancelled += worker_cancel(worker, static_cast<uint64_t>(i % 11));
        if (i % 3 == 0)
            worker_finish(worker);
    }
    worker_wait(worker);
    worker_finish(worker);
    EXPECT_EQ(told.size() + cancelled + static_cast<size_t>(refused), size_t{total});
    EXPECT_EQ(alive, 0);
}

} // namespace
