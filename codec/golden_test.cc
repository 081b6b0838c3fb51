// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Replays the golden packets of testdata: whole, cut at every place, byte by byte, always where
// the address space ends; and encodes the good ones again. testdata/README.md has the format.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "codec/packet_text_test_support.h"
#include "codec/test_support.h"
#include "libella/codec.h"

namespace {

using libella_test::bytes;
using libella_test::page_end_copy;
using libella_test::page_start_copy;
using libella_test::operator+;

const char *const folder = "codec/testdata";
constexpr size_t case_count_min = 340; // so that none can get lost unseen

struct golden {
    std::string file;
    std::string title;
    enum ella_version version = ELLA_VERSION_UNKNOWN;
    enum ella_sender sender = ELLA_FROM_CLIENT;
    uint32_t max_packet_size = ELLA_PACKET_SIZE_MAX;
    bool canonical = true;
    std::string hex;
    bytes data;
    std::string result;
};

// ---- reading the files

enum ella_version version_named(const std::string &name) {
    if (name == "3.1")
        return ELLA_VERSION_3_1;
    if (name == "3.1.1")
        return ELLA_VERSION_3_1_1;
    if (name == "5.0")
        return ELLA_VERSION_5_0;
    if (name != "unknown")
        libella_test::give_up("version of a golden packet");
    return ELLA_VERSION_UNKNOWN;
}

void read_attribute(const std::string &word, golden *out) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (name == "version")
        out->version = version_named(value);
    else if (name == "from" && (value == "client" || value == "server"))
        out->sender = value == "client" ? ELLA_FROM_CLIENT : ELLA_FROM_SERVER;
    else if (name == "max_packet_size")
        out->max_packet_size = static_cast<uint32_t>(std::stoul(value));
    else if (name == "canonical" && value == "no")
        out->canonical = false;
    else
        libella_test::give_up("attribute of a golden packet");
}

// The lines up to the end of the block.
std::string read_block(std::istream *in) {
    std::string out;
    std::string line;
    while (std::getline(*in, line) && line != "```")
        out += line + '\n';
    return out;
}

std::vector<golden> read_file(const std::filesystem::path &path) {
    std::vector<golden> out;
    std::ifstream in(path);
    std::string line;
    while (std::getline(in, line)) {
        if (line.rfind("## ", 0) == 0) {
            out.emplace_back();
            out.back().file = path.filename().string();
            out.back().title = line.substr(3);
        } else if (line.rfind("```packet ", 0) == 0 && !out.empty()) {
            std::istringstream words(line.substr(10));
            for (std::string word; words >> word;)
                read_attribute(word, &out.back());
            out.back().hex = read_block(&in);
            out.back().data = libella_test::from_hex(out.back().hex);
        } else if (line == "```result" && !out.empty()) {
            out.back().result = read_block(&in);
        }
    }
    return out;
}

std::vector<golden> read_all() {
    std::vector<std::filesystem::path> paths;
    for (const auto &entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".md" && entry.path().filename() != "README.md")
            paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    std::vector<golden> out;
    for (const auto &path : paths) {
        for (golden &one : read_file(path))
            out.push_back(std::move(one));
    }
    return out;
}

const std::vector<golden> &cases() {
    static const std::vector<golden> all = read_all();
    return all;
}

// ---- what a decoder says, as a result block would

struct ella_decoder decoder_for(const golden &one) {
    struct ella_decoder d;
    ella_decoder_init(&d, one.version, one.sender, one.max_packet_size);
    return d;
}

std::string error_text(enum ella_error error, uint8_t version, uint32_t offset) {
    const std::string statement = ella_error_statement(error, version);
    char code[8];
    std::snprintf(code, sizeof code, "0x%02x", ella_error_reason(error));
    return std::string("error: ") + ella_error_text(error) +
           "\noffset: " + std::to_string(offset) +
           "\nstatement: " + (statement.empty() ? "none" : statement) + "\nreason_code: " + code +
           '\n';
}

std::string text_of(enum ella_result result, const struct ella_decoder &d,
                    const struct ella_packet &packet) {
    switch (result) {
    case ELLA_MORE:
        return "more\n";
    case ELLA_PACKET:
        return libella_test::packet_text(packet);
    default:
        return error_text(static_cast<enum ella_error>(d.error), d.version, d.error_offset);
    }
}

bool is_error(const golden &one) {
    return one.result.rfind("error: ", 0) == 0;
}

// Runs body for each case and names the one that failed.
void for_each_case(const std::function<void(const golden &)> &body) {
    for (const golden &one : cases()) {
        SCOPED_TRACE(one.file + ": " + one.title);
        body(one);
        if (testing::Test::HasFatalFailure())
            return;
    }
}

// Feeds the first len bytes, in a mapping of their own.
enum ella_result feed(struct ella_decoder *d, const golden &one, size_t len, std::string *text) {
    const page_end_copy part(one.data.data(), len);
    struct ella_packet packet;
    const enum ella_result result = ella_decode(d, part.data(), 0, part.size(), &packet);
    *text = text_of(result, *d, packet);
    return result;
}

// A part of the packet: either more is wanted, and told how much, or what will be wrong is already
// seen.
void expect_part(const golden &one, const struct ella_decoder &d, enum ella_result result,
                 size_t len, const std::string &text) {
    if (result == ELLA_MORE) {
        EXPECT_GT(d.needed, len);
        EXPECT_LE(d.needed, std::max<size_t>(one.data.size(), 2));
    } else {
        EXPECT_EQ(result, ELLA_BAD) << "after " << len;
        EXPECT_EQ(text, one.result) << "after " << len;
    }
}

// ---- the tests

TEST(Golden, AreManyAndWhole) {
    EXPECT_GE(cases().size(), case_count_min);
    std::set<std::string> titles;
    for (const golden &one : cases()) {
        EXPECT_FALSE(one.data.empty()) << one.title;
        EXPECT_FALSE(one.result.empty()) << one.title;
        EXPECT_TRUE(titles.insert(one.file + one.title).second) << "twice: " << one.title;
    }
}

TEST(Golden, CoverEveryPacketOfEveryVersionGoodAndBad) {
    std::set<std::string> good;
    std::set<std::string> bad;
    for (const golden &one : cases()) {
        const enum ella_version version =
            one.version == ELLA_VERSION_UNKNOWN ? ELLA_VERSION_3_1_1 : one.version;
        const std::string type = ella_packet_name(one.data[0] / 16u);
        (is_error(one) ? bad : good).insert(std::to_string(version) + type);
        if (one.version == ELLA_VERSION_UNKNOWN && !is_error(one) && one.data[0] == 0x10)
            good.insert(one.result.substr(one.result.find("version: ") + 9, 1) + "CONNECT");
    }
    for (uint32_t type = 1; type <= ELLA_AUTH; type++) {
        const std::string name = ella_packet_name(type);
        for (const char *version : {"3", "4", "5"})
            EXPECT_EQ(good.count(version + name), type == ELLA_AUTH && *version != '5' ? 0u : 1u)
                << name << " of " << version;
        EXPECT_EQ(bad.count("4" + name) + bad.count("5" + name), 2u) << name;
    }
}

TEST(Golden, Whole) {
    for_each_case([](const golden &one) {
        std::string text;
        struct ella_decoder d = decoder_for(one);
        const enum ella_result result = feed(&d, one, one.data.size(), &text);
        EXPECT_EQ(text, one.result);
        EXPECT_EQ(result, is_error(one) ? ELLA_BAD : ELLA_PACKET);
        if (result == ELLA_PACKET) {
            EXPECT_EQ(d.size, one.data.size());
        } else {
            EXPECT_EQ(feed(&d, one, one.data.size(), &text), ELLA_BAD) << "must stay so";
        }
    });
}

TEST(Golden, WithOtherBytesInFrontAndBehind) {
    for_each_case([](const golden &one) {
        const bytes around = bytes(3, 0xff) + one.data + bytes(3, 0xff);
        const page_start_copy copy(around);
        struct ella_decoder d = decoder_for(one);
        struct ella_packet packet;
        const enum ella_result result = ella_decode(&d, copy.data(), 3, copy.size(), &packet);
        EXPECT_EQ(text_of(result, d, packet), one.result);
        if (result == ELLA_PACKET) {
            EXPECT_EQ(d.size, one.data.size());
        }
    });
}

TEST(Golden, CutInTwoAtEveryPlace) {
    for_each_case([](const golden &one) {
        for (size_t len = 0; len < one.data.size(); len++) {
            std::string text;
            struct ella_decoder d = decoder_for(one);
            const enum ella_result first = feed(&d, one, len, &text);
            expect_part(one, d, first, len, text);
            feed(&d, one, one.data.size(), &text);
            EXPECT_EQ(text, one.result) << "cut at " << len;
        }
    });
}

TEST(Golden, ByteByByte) {
    for_each_case([](const golden &one) {
        struct ella_decoder d = decoder_for(one);
        std::string text;
        for (size_t len = 1; len < one.data.size(); len++) {
            const enum ella_result result = feed(&d, one, len, &text);
            expect_part(one, d, result, len, text);
        }
        feed(&d, one, one.data.size(), &text);
        EXPECT_EQ(text, one.result);
    });
}

// The bytes that the encoder makes of what was decoded, at the end of the address space.
bytes encoded_again(const golden &one, const struct ella_packet &packet,
                    enum ella_version version) {
    uint32_t size = 0;
    EXPECT_EQ(ella_encoded_size(&packet, version, one.sender, &size), ELLA_ERROR_NONE);
    const page_end_copy room(bytes(size, 0));
    uint32_t written = 0;
    EXPECT_EQ(ella_encode_checked(&packet, version, one.sender, room.data(), 0, size, &written),
              ELLA_ERROR_NONE);
    EXPECT_EQ(written, size);
    return bytes(room.data(), room.data() + size);
}

TEST(Golden, EncodedAgain) {
    size_t same_count = 0;
    for_each_case([&](const golden &one) {
        struct ella_decoder d = decoder_for(one);
        struct ella_packet packet;
        if (is_error(one))
            return;
        ASSERT_EQ(
            ella_decode(&d, one.data.data(), 0, static_cast<uint32_t>(one.data.size()), &packet),
            ELLA_PACKET);
        const bytes again = encoded_again(one, packet, static_cast<enum ella_version>(d.version));
        EXPECT_EQ(again == one.data, one.canonical) << libella_test::to_hex(again) << " for\n"
                                                    << libella_test::to_hex(one.data);
        same_count += again == one.data ? 1 : 0;
        // What was said differently still says the same.
        struct ella_packet back;
        d = decoder_for(one);
        ASSERT_EQ(ella_decode(&d, again.data(), 0, static_cast<uint32_t>(again.size()), &back),
                  ELLA_PACKET);
        EXPECT_EQ(libella_test::packet_text(back), one.result);
    });
    EXPECT_GT(same_count, 80u);
}

} // namespace
