# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Warnings for the project's own code; all of them are errors."""

C_WARN = [
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wshadow",
    "-Wpedantic",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
    "-Werror",
]

# Without -Wshadow: to C++ a C function named as its struct is a shadowed constructor.
CXX_WARN = [
    "-Wall",
    "-Wextra",
    "-Werror",
]
