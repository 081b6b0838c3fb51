#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
echo "bazel coverage is not set up in this project" >&2
exit 1
