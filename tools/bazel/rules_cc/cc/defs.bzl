# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Bazel's own C and C++ rules under the names that newer Bazels want loaded."""

cc_binary = native.cc_binary
cc_import = native.cc_import
cc_library = native.cc_library
cc_test = native.cc_test
cc_toolchain = native.cc_toolchain
cc_toolchain_suite = native.cc_toolchain_suite
