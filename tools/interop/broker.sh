# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# Sourced by the interoperability tests: start_broker BINARY starts a broker on a free port of the
# loopback interface and sets broker_port; it is ended with the test. fail WORDS... prints why, and
# how the broker saw it.
# shellcheck shell=bash

scratch=$(mktemp -d)
broker_pid=
broker_port=

stop_all() {
    [ -z "$broker_pid" ] || kill "$broker_pid" 2>/dev/null
    # shellcheck disable=SC2046
    kill $(jobs -p) 2>/dev/null
    wait 2>/dev/null
    rm -rf "$scratch"
}
trap stop_all EXIT

fail() {
    echo "FAILED: $*"
    echo "--- what the broker logged last:"
    tail -n 40 "$scratch/broker.log"
    exit 1
}

start_broker() {
    local binary=$1
    for broker_port in 21883 22883 23883 24883 25883; do
        "$binary" -v -p "$broker_port" >"$scratch/broker.log" 2>&1 &
        broker_pid=$!
        for _ in $(seq 100); do
            kill -0 "$broker_pid" 2>/dev/null || break
            (exec 3<>"/dev/tcp/127.0.0.1/$broker_port") 2>/dev/null && return
            sleep 0.05
        done
        kill "$broker_pid" 2>/dev/null
    done
    fail "the broker does not answer on any port tried"
}

# stop_broker: SIGTERM must end it cleanly.
stop_broker() {
    kill -TERM "$broker_pid"
    wait "$broker_pid"
    local status=$?
    broker_pid=
    [ $status = 0 ] || fail "the broker ended with status $status after SIGTERM"
}
