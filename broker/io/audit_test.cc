// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// The audit log, line by line, in both forms.

#include <cstring>
#include <string>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "broker/io/test_support.h"

extern "C" {
#include "broker/io/audit.h"
}

namespace io_test {
namespace {

ella_slice slice(const std::string &text) {
    return ella_slice_of(reinterpret_cast<const uint8_t *>(text.data()),
                         static_cast<uint32_t>(text.size()));
}

class Audit : public testing::Test {
  protected:
    Audit() : path_(folder_.file("audit")) {
        log_init(&log_);
        audit_init(&audit_, &log_);
    }
    ~Audit() override {
        audit_close(&audit_);
        log_close(&log_);
    }

    // What was written since the beginning, the time taken out.
    std::string lines() const {
        static const std::string shape = "0000-00-00T00:00:00.000Z";
        std::string text = folder::read(path_);
        for (size_t at = 0; at + shape.size() <= text.size(); at++) {
            std::string piece = text.substr(at, shape.size());
            for (char &byte : piece) {
                byte = byte >= '0' && byte <= '9' ? '0' : byte;
            }
            if (piece == shape) {
                text.replace(at, shape.size(), "TIME");
            }
        }
        return text;
    }

    core_log refused() const {
        core_log line = {};
        line.kind = CORE_LOG_REFUSED;
        line.client_id = slice(client_);
        line.user_name = slice(user_);
        line.reason_code = 0x87;
        line.text = "not authorized";
        return line;
    }

    folder folder_;
    std::string path_;
    std::string client_ = "c\"1";
    std::string user_ = "u\n";
    struct log log_;
    struct audit audit_;
};

TEST_F(Audit, WithoutAFileNothingIsWritten) {
    const core_log line = refused();
    audit_core(&audit_, &line, nullptr);
    EXPECT_EQ(audit_.written_count, 0u);
    EXPECT_EQ(audit_.lost_count, 0u);
}

TEST_F(Audit, TextThatNobodyCanForge) {
    ASSERT_TRUE(audit_open(&audit_, path_.c_str(), AUDIT_TEXT));
    const core_log line = refused();
    audit_core(&audit_, &line, nullptr);
    EXPECT_EQ(lines(), "TIME connect result=refused client=\"c\\\"1\" user=\"u\\x0a\" reason=0x87 "
                       "text=\"not authorized\"\n");
}

TEST_F(Audit, JsonThatParsersTake) {
    ASSERT_TRUE(audit_open(&audit_, path_.c_str(), AUDIT_JSON));
    const core_log line = refused();
    audit_core(&audit_, &line, nullptr);
    EXPECT_EQ(lines(), "{\"time\":\"TIME\",\"event\":\"connect\",\"result\":\"refused\","
                       "\"client\":\"c\\\"1\",\"user\":\"u\\u000a\",\"reason\":135,"
                       "\"text\":\"not authorized\"}\n");
}

TEST_F(Audit, EachKindHasItsName) {
    ASSERT_TRUE(audit_open(&audit_, path_.c_str(), AUDIT_TEXT));
    const std::string topic = "a/b";
    for (const core_log_kind kind :
         {CORE_LOG_CONNECTED, CORE_LOG_DISCONNECTED, CORE_LOG_SUBSCRIBED, CORE_LOG_UNSUBSCRIBED,
          CORE_LOG_SESSION_ENDED, CORE_LOG_DROPPED, CORE_LOG_PACKET_IN, CORE_LOG_PACKET_OUT}) {
        core_log line = {};
        line.kind = kind;
        line.topic = kind == CORE_LOG_SUBSCRIBED ? slice(topic) : slice("");
        line.text = "t";
        audit_core(&audit_, &line, nullptr);
    }
    for (const uint8_t type : {ELLA_PUBLISH, ELLA_SUBSCRIBE, ELLA_UNSUBSCRIBE}) {
        core_log line = {};
        line.kind = CORE_LOG_DENIED;
        line.packet_type = type;
        line.text = "t";
        audit_core(&audit_, &line, nullptr);
    }
    EXPECT_EQ(lines(), "TIME connect result=ok text=\"t\"\n"
                       "TIME disconnect result=ok text=\"t\"\n"
                       "TIME subscribe result=ok topic=\"a/b\" text=\"t\"\n"
                       "TIME unsubscribe result=ok text=\"t\"\n"
                       "TIME session_end result=ok text=\"t\"\n"
                       "TIME publish result=denied text=\"t\"\n"
                       "TIME subscribe result=denied text=\"t\"\n"
                       "TIME unsubscribe result=denied text=\"t\"\n");
    EXPECT_EQ(audit_.written_count, 8u);
}

TEST_F(Audit, OnlyTheOwnerMayReadIt) {
    ASSERT_TRUE(audit_open(&audit_, path_.c_str(), AUDIT_TEXT));
    struct stat status;
    ASSERT_EQ(stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777u, 0600u);
}

TEST_F(Audit, ItIsAddedToAndOpenedAgain) {
    const audit_event event = {.event = "reload",
                               .result = "ok",
                               .client = {},
                               .user = {},
                               .topic = {},
                               .peer = nullptr,
                               .reason_code = 0,
                               .text = nullptr};
    ASSERT_TRUE(audit_open(&audit_, path_.c_str(), AUDIT_TEXT));
    audit_write(&audit_, &event);
    ASSERT_EQ(rename(path_.c_str(), folder_.file("audit.1").c_str()), 0);
    ASSERT_TRUE(audit_open(&audit_, path_.c_str(), AUDIT_TEXT));
    audit_write(&audit_, &event);
    audit_write(&audit_, &event);
    EXPECT_EQ(lines(), "TIME reload result=ok\nTIME reload result=ok\n");
    EXPECT_FALSE(audit_open(&audit_, folder_.file("no/such").c_str(), AUDIT_TEXT));
    audit_write(&audit_, &event);
    EXPECT_EQ(audit_.written_count, 4u);
}

TEST_F(Audit, LongValuesAreCutAndTheLineStaysWhole) {
    ASSERT_TRUE(audit_open(&audit_, path_.c_str(), AUDIT_JSON));
    client_ = std::string(5000, '"');
    user_ = std::string(5000, '\x01');
    core_log line = refused();
    line.topic = line.user_name;
    audit_core(&audit_, &line, nullptr);
    const std::string text = lines();
    EXPECT_EQ(text.substr(text.size() - 3), "\"}\n");
    EXPECT_LE(text.size(), 6144u);
    EXPECT_NE(text.find("...\""), std::string::npos);
}

TEST_F(Audit, WhatTheFileDoesNotTakeIsCountedAndSaid) {
    const std::string log_path = folder_.file("log");
    std::string mutable_path = log_path;
    log_settings settings = {};
    settings.destinations = LOG_TO_FILE;
    settings.types = LOG_TYPE_ALL;
    settings.file = &mutable_path[0];
    ASSERT_TRUE(log_open(&log_, &settings));
    if (!audit_open(&audit_, "/dev/full", AUDIT_TEXT))
        GTEST_SKIP() << "no /dev/full here";
    const core_log line = refused();
    audit_core(&audit_, &line, nullptr);
    EXPECT_EQ(audit_.lost_count, 1u);
    EXPECT_NE(folder::read(log_path).find("the audit log lost a line: No space left"),
              std::string::npos);
}

} // namespace
} // namespace io_test
