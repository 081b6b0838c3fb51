#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# The committed page of diagrams is what the machines print today.
# usage: diagram_test.sh DIAGRAM_BINARY COMMITTED_PAGE
set -euo pipefail

printed=$(mktemp "${TEST_TMPDIR:-/tmp}/diagram.XXXXXX")
trap 'rm -f "$printed"' EXIT
"$1" > "$printed"

if [ "$(grep -c '^stateDiagram-v2$' "$printed")" -ne 7 ]; then
    echo "not seven diagrams"
    exit 1
fi
if ! diff -u "$2" "$printed"; then
    echo "$2 is stale: bazel run //tools/diagram > docs/state_machines.md"
    exit 1
fi
