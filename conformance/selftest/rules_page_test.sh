#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# The committed page of planted violations is what the rules print today.
# usage: rules_page_test.sh RULES_PAGE_BINARY COMMITTED_PAGE
set -euo pipefail

if ! "$1" | diff -u "$2" -; then
    echo "$2 is stale: bazel run //conformance/selftest:rules_page > $2"
    exit 1
fi
