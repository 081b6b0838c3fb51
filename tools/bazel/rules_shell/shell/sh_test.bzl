# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
"""Bazel's own sh_test under the name that newer Bazels want loaded."""

sh_test = native.sh_test
