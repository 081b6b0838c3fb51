// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The files of a real disk: what the port promises, as far as it can be seen without pulling the
// plug; and a journal on top of them.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

#include "broker/io/test_support.h"

extern "C" {
#include "broker/io/file.h"
#include "broker/io/journal.h"
}

using namespace io_test;

namespace {

class FilePosix : public testing::Test {
  protected:
    void SetUp() override {
        const char *why = nullptr;
        files = file_posix_open(dir.file("j").c_str(), &why);
        ASSERT_NE(files, nullptr) << why;
        port = file_posix_port(files);
    }
    void TearDown() override { file_posix_close(files); }

    int make(const char *name) {
        int file = -1;
        EXPECT_EQ(port.open(port.ctx, name, FILE_FOR_APPENDING, &file), FILE_OK);
        return file;
    }
    void append(int file, const std::string &text) {
        size_t len = 0;
        EXPECT_EQ(port.append(port.ctx, file, reinterpret_cast<const uint8_t *>(text.data()),
                              text.size(), &len),
                  FILE_OK);
        EXPECT_EQ(len, text.size());
    }
    std::string read(const char *name) {
        int file = -1;
        uint8_t out[100];
        size_t len = 0;
        EXPECT_EQ(port.open(port.ctx, name, FILE_FOR_READING, &file), FILE_OK);
        EXPECT_EQ(port.read(port.ctx, file, 0, out, sizeof out, &len), FILE_OK);
        port.close(port.ctx, file);
        return std::string(out, out + len);
    }
    file_status do_task(file_lane lane, file_task task, size_t appended_len = 0) {
        file_result result{};
        port.begin(port.ctx, lane, &task);
        while (!port.ended(port.ctx, lane, &result))
            port.wait(port.ctx, lane);
        EXPECT_FALSE(port.ended(port.ctx, lane, &result));
        EXPECT_EQ(result.appended_len, appended_len);
        return result.status;
    }
    static file_task task(file_task_kind kind, const char *name = "", const char *to = "") {
        file_task made{};
        made.kind = kind;
        made.file = -1;
        snprintf(made.name, sizeof made.name, "%s", name);
        snprintf(made.new_name, sizeof made.new_name, "%s", to);
        return made;
    }

    folder dir;
    file_posix *files = nullptr;
    file_port port{};
};

TEST_F(FilePosix, MakesAndReadsFilesForNobodyElse) {
    const int file = make("a");
    append(file, "one ");
    append(file, "two");
    EXPECT_EQ(read("a"), "one two");
    uint64_t size = 0;
    EXPECT_EQ(port.size(port.ctx, file, &size), FILE_OK);
    EXPECT_EQ(size, 7u);
    struct stat found;
    ASSERT_EQ(stat(dir.file("j/a").c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777u, 0600u);
    ASSERT_EQ(stat(dir.file("j").c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777u, 0700u);
    int other = -1;
    EXPECT_EQ(port.open(port.ctx, "a", FILE_FOR_APPENDING, &other), FILE_EXISTS);
    EXPECT_EQ(port.open(port.ctx, "b", FILE_FOR_READING, &other), FILE_ABSENT);
    port.close(port.ctx, file);
    uint64_t bytes = 0;
    EXPECT_EQ(port.free_bytes(port.ctx, &bytes), FILE_OK);
    EXPECT_GT(bytes, 0u);
}

// Ahead of what is written, and not for small files; a file is as long as what was written.
TEST_F(FilePosix, BlocksAreReservedInLargePieces) {
    const off_t piece = 4 << 20;
    const std::string path = dir.file("j/long");
    const int file = make("long");
    struct stat found;
    append(file, std::string(size_t(piece - 1), 'x'));
    ASSERT_EQ(stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_size, piece - 1);
    append(file, "yz");
    ASSERT_EQ(stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_size, piece + 1);
    port.close(port.ctx, file);
    std::ifstream in(path, std::ios::binary);
    in.seekg(piece - 1);
    std::string end;
    std::getline(in, end);
    EXPECT_EQ(end, "yz");
}

TEST_F(FilePosix, LinksAndFoldersAreNoFiles) {
    int file = -1;
    ASSERT_EQ(symlink("/etc/passwd", dir.file("j/link").c_str()), 0);
    ASSERT_EQ(mkdir(dir.file("j/folder").c_str(), 0700), 0);
    ASSERT_EQ(mkfifo(dir.file("j/pipe").c_str(), 0600), 0);
    for (const char *name : {"link", "folder", "pipe"})
        EXPECT_EQ(port.open(port.ctx, name, FILE_FOR_READING, &file), FILE_DENIED) << name;
}

TEST_F(FilePosix, Tasks) {
    file_task sync = task(FILE_TASK_SYNC);
    sync.file = make("a");
    append(sync.file, "text");
    EXPECT_EQ(do_task(FILE_LANE_SYNC, sync), FILE_OK);
    for (const file_task_kind kind : {FILE_TASK_APPEND, FILE_TASK_APPEND_SYNC}) {
        file_task more = task(kind);
        more.file = sync.file;
        more.data = reinterpret_cast<const uint8_t *>("more");
        more.data_len = 4;
        EXPECT_EQ(do_task(FILE_LANE_SYNC, more, 4), FILE_OK);
    }
    port.close(port.ctx, sync.file);
    EXPECT_EQ(do_task(FILE_LANE_SYNC, task(FILE_TASK_RENAME, "a", "b")), FILE_OK);
    EXPECT_EQ(do_task(FILE_LANE_SYNC, task(FILE_TASK_SYNC_DIRECTORY)), FILE_OK);
    EXPECT_EQ(read("b"), "textmoremore");
    EXPECT_EQ(port.truncate(port.ctx, "b", 2), FILE_OK);
    EXPECT_EQ(read("b"), "te");
    EXPECT_EQ(do_task(FILE_LANE_REMOVE, task(FILE_TASK_REMOVE, "b")), FILE_OK);
    EXPECT_EQ(do_task(FILE_LANE_REMOVE, task(FILE_TASK_REMOVE, "b")), FILE_OK);
    EXPECT_EQ(do_task(FILE_LANE_SYNC, task(FILE_TASK_RENAME, "b", "c")), FILE_ABSENT);
    sync.file = 9999;
    EXPECT_EQ(do_task(FILE_LANE_SYNC, sync), FILE_FAILED);
    size_t names = 0;
    EXPECT_EQ(
        port.list(
            port.ctx, [](void *ctx, const char *) { ++*static_cast<size_t *>(ctx); }, &names),
        FILE_OK);
    EXPECT_EQ(names, 2u); // . and ..
}

TEST_F(FilePosix, TheDescriptorTellsWhenATaskHasEnded) {
    pollfd waits = {file_posix_fd(files), POLLIN, 0};
    file_result result{};
    EXPECT_EQ(poll(&waits, 1, 0), 0);
    const file_task names = task(FILE_TASK_SYNC_DIRECTORY);
    port.begin(port.ctx, FILE_LANE_SYNC, &names);
    EXPECT_EQ(poll(&waits, 1, 20000), 1);
    EXPECT_TRUE(port.ended(port.ctx, FILE_LANE_SYNC, &result));
    EXPECT_EQ(poll(&waits, 1, 0), 0);
}

TEST_F(FilePosix, OneProcessHasTheFolder) {
    const char *why = nullptr;
    file_posix *others = file_posix_open(dir.file("j").c_str(), &why);
    ASSERT_NE(others, nullptr);
    const file_port other = file_posix_port(others);
    EXPECT_EQ(port.lock(port.ctx), FILE_OK);
    EXPECT_EQ(other.lock(other.ctx), FILE_BUSY);
    file_posix_close(files);
    files = others;
    EXPECT_EQ(other.lock(other.ctx), FILE_OK);
}

TEST_F(FilePosix, AFolderThatOthersMayReadIsRefused) {
    const char *why = nullptr;
    ASSERT_EQ(chmod(dir.file("j").c_str(), 0750), 0);
    EXPECT_EQ(file_posix_open(dir.file("j").c_str(), &why), nullptr);
    EXPECT_STREQ(why, "it must belong to the user of the broker alone: chown it, and chmod 700");
    EXPECT_EQ(file_posix_open(dir.file("no/where").c_str(), &why), nullptr);
    EXPECT_STREQ(why, "No such file or directory");
}

// A limit on the size of files is the nearest thing to a full disk that needs no root.
TEST_F(FilePosix, AFileThatMayNotGrowIsAFullDisk) {
    const rlimit before = [] {
        rlimit found;
        getrlimit(RLIMIT_FSIZE, &found);
        return found;
    }();
    rlimit small = before;
    small.rlim_cur = 5;
    signal(SIGXFSZ, SIG_IGN);
    const int file = make("a");
    setrlimit(RLIMIT_FSIZE, &small);
    size_t len = 0;
    EXPECT_EQ(port.append(port.ctx, file, reinterpret_cast<const uint8_t *>("12345678"), 8, &len),
              FILE_FULL);
    file_task more = task(FILE_TASK_APPEND_SYNC);
    more.file = make("b");
    more.data = reinterpret_cast<const uint8_t *>("12345678");
    more.data_len = 8;
    EXPECT_EQ(do_task(FILE_LANE_SYNC, more, 5), FILE_FULL);
    setrlimit(RLIMIT_FSIZE, &before);
    port.close(port.ctx, more.file);
    EXPECT_EQ(len, 5u);
    EXPECT_EQ(read("a"), "12345");
    port.close(port.ctx, file);
}

TEST_F(FilePosix, AJournal) {
    for (uint8_t life = 0; life < 3; life++) {
        journal_options options;
        journal_options_init(&options);
        options.files = port;
        options.random = [](void *, uint8_t *out, size_t len) { memset(out, 7, len); };
        journal *journal = journal_create(&options);
        uint8_t count = 0;
        ASSERT_EQ(journal_recover(journal, 0, &count,
                                  [](void *ctx, const uint8_t *units, size_t len) {
                                      auto *seen = static_cast<uint8_t *>(ctx);
                                      return len == 1 && units[0] == (*seen)++;
                                  }),
                  JOURNAL_OK);
        EXPECT_EQ(count, life);
        journal_begin(journal, 1, false, 0);
        journal_append(journal, &life, 1, 1);
        journal_commit(journal, false, 0);
        pollfd waits = {file_posix_fd(files), POLLIN, 0};
        while (journal_durable(journal) < 1) {
            ASSERT_EQ(poll(&waits, 1, 20000), 1);
            journal_run(journal, 0);
        }
        if (life != 1) {
            EXPECT_TRUE(journal_close(journal, 0));
        }
        journal_destroy(journal);
    }
}

} // namespace
