// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// A configuration read anew beside the caller: what comes of good and of bad files, and of asking
// again meanwhile.

#include <gtest/gtest.h>
#include <poll.h>

#include <string>

#include "broker/io/test_support.h"

extern "C" {
#include "broker/io/reread.h"
}

using io_test::folder;

namespace {

class RereadTest : public testing::Test {
  protected:
    RereadTest() : handle(reread_create()) { EXPECT_NE(handle, nullptr); }
    ~RereadTest() override { reread_destroy(handle); }

    void write(const std::string &text) {
        path_ = dir.write("conf", text);
        line.file = path_.c_str();
    }
    reading *wait() {
        for (int i = 0; i < 100; i++) {
            pollfd one = {reread_fd(handle), POLLIN, 0};
            EXPECT_EQ(poll(&one, 1, 30000), 1);
            if (reading *ready = reread_take(handle))
                return ready;
        }
        return nullptr;
    }
    std::string remarks(const reading *of) const {
        std::string all;
        for (const reread_remark *r = of->remarks; r != nullptr; r = r->next)
            all += std::string(r->is_error ? "error " : "") +
                   std::string(r->text).substr(dir.file("").size()) + "\n";
        return all;
    }

    folder dir;
    config_command_line line{};
    reread *handle;

  private:
    std::string path_;
};

TEST_F(RereadTest, ReadsTheConfigurationAndItsFiles) {
    dir.write("acl", "topic read a\n");
    write("max_queued_messages 7\nacl_file " + dir.file("acl") + "\n");
    EXPECT_EQ(reread_take(handle), nullptr);
    ASSERT_TRUE(reread_begin(handle, &line));
    reading *got = wait();
    ASSERT_NE(got, nullptr);
    EXPECT_TRUE(got->is_good);
    EXPECT_EQ(got->config.limits.max_queued_messages, 7u);
    EXPECT_TRUE(security_has_acl(&got->security));
    EXPECT_TRUE(reread_discard(handle, got));
    EXPECT_EQ(reread_take(handle), nullptr);
}

TEST_F(RereadTest, TellsWhatIsWrongWhereverItIs) {
    write("max_queued_messages many\n");
    ASSERT_TRUE(reread_begin(handle, &line));
    reading *got = wait();
    EXPECT_FALSE(got->is_good);
    EXPECT_EQ(remarks(got),
              "error conf:1: max_queued_messages must be a number, not \"many\"\n");
    (void)reread_discard(handle, got);
    dir.write("acl", "topic read a\ntopic wrong\ntopic #/a\n");
    write("acl_file " + dir.file("acl") + "\n");
    ASSERT_TRUE(reread_begin(handle, &line));
    got = wait();
    EXPECT_FALSE(got->is_good);
    EXPECT_FALSE(security_has_acl(&got->security));
    EXPECT_EQ(remarks(got).rfind("error acl:3: ", 0), 0u) << remarks(got);
    (void)reread_discard(handle, got);
}

TEST_F(RereadTest, WhatIsAskedForMeanwhileIsReadOnceMore) {
    write("max_queued_messages 1\n");
    ASSERT_TRUE(reread_begin(handle, &line));
    reading *got = wait();
    EXPECT_EQ(got->config.limits.max_queued_messages, 1u);
    ASSERT_TRUE(reread_begin(handle, &line)); // nobody has taken that one over yet
    ASSERT_TRUE(reread_begin(handle, &line));
    write("max_queued_messages 2\n");
    ASSERT_TRUE(reread_discard(handle, got));
    got = wait();
    ASSERT_NE(got, nullptr);
    EXPECT_EQ(got->config.limits.max_queued_messages, 2u);
    ASSERT_TRUE(reread_discard(handle, got));
    pollfd one = {reread_fd(handle), POLLIN, 0};
    while (poll(&one, 1, 200) == 1)
        EXPECT_EQ(reread_take(handle), nullptr) << "asked for twice, but read once";
}

// Under the address sanitizer nothing may be left.
TEST_F(RereadTest, EndsWhateverGoesOn) {
    write("max_queued_messages 1\n");
    ASSERT_TRUE(reread_begin(handle, &line)); // is being read, or was and is not taken
}

TEST_F(RereadTest, EndsWhileOneIsFreed) {
    write("max_queued_messages 1\n");
    ASSERT_TRUE(reread_begin(handle, &line));
    reading *got = wait();
    ASSERT_TRUE(reread_begin(handle, &line));
    ASSERT_TRUE(reread_discard(handle, got));
}

} // namespace
