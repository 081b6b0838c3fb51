# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""One LLVMFuzzerTestOneInput, three drivers: libFuzzer (--config=fuzz, fuzz-plain), AFL++
(--config=afl), else a replay of files."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")
load("//tools/bazel:copts.bzl", "CXX_WARN")

# For what judges the core and is not judged itself: instrumented too, it would cost time when
# libFuzzer hunts, and fill its corpus with paths of the judge.
UNWATCHED = select({
    "//fuzz:libfuzzer": ["-fno-sanitize=all", "-O2"],
    "//conditions:default": [],
})

def fuzz_target(name, deps, corpus):
    """The harness NAME.cc.

    name         - the binary that hunts, or replays the files it is given
    name_replay  - a test that replays the committed corpus
    """
    cc_library(
        name = name + "_harness",
        testonly = True,
        srcs = [name + ".cc"],
        copts = CXX_WARN,
        deps = deps,
        alwayslink = True,
    )
    cc_binary(
        name = name,
        testonly = True,
        srcs = select({
            "//fuzz:afl": [],
            "//fuzz:libfuzzer": [],
            "//conditions:default": ["replay.cc"],
        }),
        copts = CXX_WARN,
        linkopts = select({
            "//fuzz:afl": ["/usr/lib/afl/libAFLDriver.a"],
            "//fuzz:libfuzzer": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        deps = [":" + name + "_harness"],
    )
    cc_test(
        name = name + "_replay",
        size = "small",
        srcs = ["replay.cc"],
        args = ["$(locations %s)" % corpus],
        copts = CXX_WARN,
        data = [corpus],
        deps = [":" + name + "_harness"],
    )
