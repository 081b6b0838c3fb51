# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""How the project's own code is compiled: warnings, all of them errors, hardening, and what gcc's
link-time optimisation needs.

Position independence, read-only relocations and stack protection are on for everything (.bazelrc
and the compiler's defaults)."""

# Checked copies need optimisation; indirect branches end at marks where a processor looks for
# them.
_HARDENING = select({
    "//tools/bazel:opt": [
        "-U_FORTIFY_SOURCE",
        "-D_FORTIFY_SOURCE=2",
    ],
    "//conditions:default": [],
}) + select({
    "@platforms//cpu:x86_64": ["-fcf-protection=full"],
    "//conditions:default": [],
})

# Beside what it is, each object has what the linker makes of it together with others.
_WHOLE = select({
    "//tools/bazel:opt_by_clang": [],
    "//tools/bazel:opt": [
        "-flto",
        "-ffat-lto-objects",
    ],
    "//conditions:default": [],
})

# For binaries that are shipped.
WHOLE_LINK = select({
    "//tools/bazel:opt_by_clang": [],
    "//tools/bazel:opt": [
        "-O2",
        "-flto=auto",
    ],
    "//conditions:default": [],
})

# For what is to be measured piece by piece.
PIECES_LINK = ["-fno-lto"]

C_WARN = [
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wshadow",
    "-Wpedantic",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
    "-Werror",
] + _HARDENING + _WHOLE

# Without -Wshadow: to C++ a C function named as its struct is a shadowed constructor.
CXX_WARN = [
    "-Wall",
    "-Wextra",
    "-Werror",
]
