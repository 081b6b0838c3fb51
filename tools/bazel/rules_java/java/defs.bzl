# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Named by Bazel's built-in Java toolchains; nothing here is Java."""

java_binary = native.java_binary
java_import = native.java_import
java_library = native.java_library
java_runtime = native.java_runtime
java_test = native.java_test
java_toolchain = native.java_toolchain
