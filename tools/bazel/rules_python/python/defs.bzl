# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Bazel's own Python rules under the names that newer Bazels want loaded."""

py_binary = native.py_binary
py_library = native.py_library
py_test = native.py_test
