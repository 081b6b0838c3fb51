// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// Any bytes as one packet, judged twice: by the codec and by the codec of the conformance suite,
// which shares no line with it. The first byte chooses version and sender. Where one accepts what
// the other refuses, the disagreement goes into a bucket named by the statement and the reason; a
// bucket that `explained` does not know is a finding.

#include <string>

#include "conformance/wire.h"
#include "fuzz/input.h"

namespace {

constexpr uint32_t SIZE_MAX_BYTES = 1u << 16;

// Of versions, as a set.
enum : unsigned {
    IN_3_1 = 1u << 3,
    IN_3_1_1 = 1u << 4,
    IN_5_0 = 1u << 5,
    IN_ALL = 7u << 3
};

struct bucket {
    unsigned versions;
    uint8_t packet_type; // 0: any
    bool we_accept;
    const char *begins; // of our error's text, or of the suite's problem
    const char *why;
};

// Known, each with its reason.
const bucket explained[] = {
    {IN_3_1, ELLA_CONNECT, true, "ends inside user_name",
     "a CONNECT of 3.1 may end before what its flags announce (its section 3.1)"},
    {IN_3_1, ELLA_CONNECT, true, "ends inside password", "the same"},
    {IN_3_1, ELLA_CONNACK, true, "reserved acknowledge flags", "the byte has no meaning in 3.1"},
    {IN_3_1, ELLA_CONNACK, true, "session_present with a refusal", "the same"},
    {IN_5_0, ELLA_AUTH, false, "AUTH without an authentication method",
     "the suite does not ask for it, since brokers are asked by cases (v5/u-3.15.2.2.2-1)"},
    {IN_5_0, 0, false, "authentication data without an authentication method",
     "the same (v5/u-3.1.2.11.10-1)"},
    {IN_ALL, ELLA_CONNECT, false, "topic name is empty",
     "a Will Topic is sent by clients, and the suite is the client (v5/4.7.3-1)"},
    {IN_ALL, ELLA_CONNECT, false, "topic name contains a wildcard", "the same (v5/4.7.1-1)"},
    {IN_5_0, 0, false, "response topic contains a wildcard",
     "brokers are asked by a case (v5/3.3.2-14)"},
    {IN_ALL, 0, false, "topic filter is empty",
     "filters are sent by clients, and the suite is the client"},
    {IN_ALL, 0, false, "+ does not occupy", "the same (v5/4.7.1-2)"},
    {IN_ALL, 0, false, "# is not alone", "the same (v5/4.7.1-1)"},
    {IN_ALL, 0, false, "shared subscription", "the same (v5/4.8.2-1, v5/4.8.2-2)"},
    {IN_ALL, 0, false, "share name", "the same"},
    {IN_5_0, ELLA_SUBSCRIBE, false, "No Local is set on a shared", "the same (v5/3.8.3-4)"},
};

// A CONNECT that is refused before its level is known counts as 3.1.1.
unsigned version_of(const ella_decoder &d) {
    return d.version == ELLA_VERSION_UNKNOWN ? unsigned{ELLA_VERSION_3_1_1} : d.version;
}

bool is_explained(unsigned version, unsigned packet_type, bool we_accept,
                  const std::string &reason) {
    for (const bucket &known : explained) {
        if ((known.versions >> version & 1u) != 0 &&
            (known.packet_type == 0 || known.packet_type == packet_type) &&
            known.we_accept == we_accept && reason.rfind(known.begins, 0) == 0)
            return true;
    }
    return false;
}

[[noreturn]] void disagreement(const char *statement, const char *who, const std::string &reason) {
    std::fprintf(stderr, "differential_fuzz: %s: only %s refuses: %s\n", statement, who,
                 reason.c_str());
    std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3 || size > SIZE_MAX_BYTES)
        return 0;
    const ella_version version = fuzz::version_asked(data[0]);
    const ella_sender sender = fuzz::sender_asked(data[0]);
    const fuzz::exact bytes(data + 1, size - 1);
    const std::string_view text(reinterpret_cast<const char *>(bytes.data()), size - 1);

    ella_decoder d;
    ella_packet packet;
    ella_decoder_init(&d, version, sender, ELLA_PACKET_SIZE_MAX);
    const ella_result ours =
        ella_decode(&d, bytes.data(), 0, static_cast<uint32_t>(size - 1), &packet);
    size_t frame_size = 0;
    const conformance::frame_status frame = conformance::wire_frame(text, &frame_size);
    // Which packet may come when, and how long one may be, is no affair of the suite's decoder.
    if (ours == ELLA_MORE || frame != conformance::frame_status::complete)
        return 0;
    if (ours == ELLA_BAD &&
        (d.error == ELLA_ERROR_CONNECT_EXPECTED || d.error == ELLA_ERROR_PACKET_DIRECTION))
        return 0;
    const conformance::decoded theirs = conformance::wire_decode(
        text.substr(0, frame_size), version_of(d), sender == ELLA_FROM_SERVER);
    if (ours == ELLA_BAD && theirs.problems.empty()) {
        const auto error = static_cast<ella_error>(d.error);
        if (!is_explained(version_of(d), d.packet_type, false, ella_error_text(error)))
            disagreement(ella_error_statement(error, static_cast<uint8_t>(version_of(d))),
                         "the codec", ella_error_text(error));
    }
    if (ours == ELLA_PACKET && !theirs.problems.empty() &&
        !is_explained(version_of(d), packet.type, true, theirs.problems.front()))
        disagreement(ella_packet_name(packet.type), "the suite", theirs.problems.front());
    if (ours == ELLA_PACKET && theirs.problems.empty() && frame_size != d.size)
        disagreement("size", "neither", "but the packet ends elsewhere");
    return 0;
}
