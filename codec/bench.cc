// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// How fast the codec is: packets and bytes per second for decoding and encoding typical packets,
// beside memcpy of the same bytes.
//
//     bazel run -c opt //codec:bench

#include <benchmark/benchmark.h>

#include <cstring>
#include <string>
#include <vector>

#include "codec/packet_samples.h"

namespace {

using codec_samples::sample;

void count(benchmark::State &state, const sample &s) {
    state.SetItemsProcessed(state.iterations());
    state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(s.bytes.size()));
    state.SetLabel(std::to_string(s.bytes.size()) + " bytes");
}

void decode(benchmark::State &state, void (*fill)(sample *)) {
    sample s;
    struct ella_decoder d;
    struct ella_packet packet;
    fill(&s);
    s.finish();
    ella_decoder_init(&d, s.version, ELLA_FROM_CLIENT, ELLA_PACKET_SIZE_MAX);
    for (auto _ : state) {
        if (ella_decode(&d, s.bytes.data(), 0, static_cast<uint32_t>(s.bytes.size()), &packet) !=
            ELLA_PACKET)
            state.SkipWithError("not decoded");
        benchmark::DoNotOptimize(packet);
    }
    count(state, s);
}

void encode(benchmark::State &state, void (*fill)(sample *)) {
    sample s;
    fill(&s);
    s.finish();
    const uint32_t room = static_cast<uint32_t>(s.bytes.size());
    for (auto _ : state) {
        if (s.encode(room) != ELLA_ERROR_NONE)
            state.SkipWithError("not encoded");
        benchmark::ClobberMemory();
    }
    count(state, s);
}

void copy(benchmark::State &state, void (*fill)(sample *)) {
    sample s;
    fill(&s);
    s.finish();
    std::vector<uint8_t> target(s.bytes.size());
    for (auto _ : state) {
        std::memcpy(target.data(), s.bytes.data(), s.bytes.size());
        benchmark::ClobberMemory();
    }
    count(state, s);
}

#define BENCH(fill)                                                                               \
    BENCHMARK_CAPTURE(decode, fill, codec_samples::fill);                                         \
    BENCHMARK_CAPTURE(encode, fill, codec_samples::fill);                                         \
    BENCHMARK_CAPTURE(copy, fill, codec_samples::fill)

BENCH(publish_qos_0);
BENCH(publish_qos_0_of_5_0);
BENCH(publish_qos_1_properties);
BENCH(connect);
BENCH(subscribe_10);

} // namespace

BENCHMARK_MAIN();
