# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""A test for each proof: it replays the target of that name and compares with the record."""

load("@rules_python//python:defs.bzl", "py_test")

def proof_tests(names):
    for name in names:
        py_test(
            name = name,
            size = "large",
            srcs = ["run.py"],
            args = [name],
            data = [":inputs"],
            main = "run.py",
            tags = [
                "no_sanitizer",
                "slow",
            ],
            deps = [":run_lib"],
        )
