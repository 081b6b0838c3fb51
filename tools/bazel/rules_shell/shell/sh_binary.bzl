# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Bazel's own sh_binary under the name that newer Bazels want loaded."""

sh_binary = native.sh_binary
