#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# Runs differential.js from the checkout, where its modules are:
# differential_test.sh VERDICT DIFFERENTIAL_JS PACKAGE_JSON GOLDEN_README
set -u

fail() {
    echo "differential_test: $1" >&2
    exit 1
}

verdict=$(realpath "$1")
script=$(realpath "$2")
modules=$(dirname "$(realpath "$3")")/node_modules
golden=$(dirname "$(realpath "$4")")

command -v node >/dev/null || fail "node is not installed: run tools/setup test"
[ -d "$modules/mqtt-packet" ] || fail "mqtt-packet is missing: run tools/setup test"
[ "$(dirname "$script")" = "$(dirname "$modules")/mqtt_packet" ] ||
    fail "$script does not lie beside $modules"
timeout 120 node "$script" "$verdict" "$golden"
