#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# Runs a client program of ours, written with somebody else's library, against a broker:
# client_test.sh BROKER-BINARY PROGRAM
# A .js file is run by node, from the checkout, where its modules are.
set -u
# shellcheck source=tools/interop/broker.sh
. "$(dirname "$0")/broker.sh"

program=$(realpath "$2")
runner=()
if [ "${program##*.}" = js ]; then
    command -v node >/dev/null || fail "node is not installed: run tools/setup test"
    [ -d "$(dirname "$program")/node_modules/mqtt" ] ||
        fail "mqtt.js is missing: run tools/setup test"
    runner=(node)
fi
start_broker "$1"
timeout 100 "${runner[@]}" "$program" "$broker_port" || fail "$(basename "$program")"
stop_broker
