#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# Every conformance case with a journal under the core that is durable after each step.
set -eu
unset XML_OUTPUT_FILE
TEST_JOURNAL=1 "./$1" --gtest_brief=1
