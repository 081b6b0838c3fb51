#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# mosquitto_pub, mosquitto_sub and mosquitto_rr against the broker, in 3.1.1 and 5.0:
# mosquitto_clients_test.sh BROKER-BINARY
set -u
# shellcheck source=tools/interop/broker.sh
. "$(dirname "$0")/broker.sh"

for tool in mosquitto_pub mosquitto_sub mosquitto_rr; do
    command -v $tool >/dev/null || fail "$tool is not installed"
done

version=
pub() { timeout 10 mosquitto_pub -p "$broker_port" -V "$version" "$@"; }
sub() { timeout 10 mosquitto_sub -p "$broker_port" -V "$version" -W 8 "$@"; }

# received FILE EXPECTED: the file's text, waited for.
received() {
    for _ in $(seq 100); do
        [ "$(cat "$1")" = "$2" ] && return
        sleep 0.05
    done
    fail "$version: expected '$2', got '$(cat "$1")'"
}

# listen OUT TOPIC ARGUMENTS...: a subscriber in the background, ready when this returns.
listen() {
    local out=$1 topic=$2
    shift 2
    : >"$out"
    : >"$out.debug" # by us: the one of a test before has a SUBACK, too
    stdbuf -oL mosquitto_sub -p "$broker_port" -V "$version" -t "$topic" -d "$@" \
        >"$out.debug" 2>&1 &
    listener=$!
    for _ in $(seq 100); do
        grep -q SUBACK "$out.debug" && break
        sleep 0.05
    done
    grep -q SUBACK "$out.debug" || fail "$version: no SUBACK for $topic: $(cat "$out.debug")"
}

# heard OUT COUNT TEXT: the subscriber's payload lines.
heard() {
    local found
    for _ in $(seq 100); do
        found=$(grep -c -x -F -- "$3" "$1.debug")
        [ "$found" = "$2" ] && return
        sleep 0.05
    done
    fail "$version: expected '$3' $2 times, got $found: $(cat "$1.debug")"
}

quality_of_service() {
    for qos in 0 1 2; do
        listen "$scratch/qos$qos" "qos/$qos" -q $qos
        pub -t "qos/$qos" -q $qos -m "level $qos" || fail "$version: publishing at QoS $qos"
        heard "$scratch/qos$qos" 1 "level $qos"
        kill $listener
    done
    head -c 300000 /dev/zero | tr '\0' 'x' >"$scratch/large"
    sub -t large -q 2 -C 1 -N >"$scratch/large.got" &
    local receiver=$!
    sleep 0.3
    pub -t large -q 2 -f "$scratch/large" || fail "$version: publishing 300 kB"
    wait $receiver
    cmp -s "$scratch/large" "$scratch/large.got" || fail "$version: 300 kB came changed"
}

retained() {
    pub -t keep/me -r -q 1 -m kept || fail "$version: retained publish"
    received <(sub -t keep/+ -C 1 -F '%r %p') "1 kept"
    pub -t keep/me -r -n || fail "$version: clearing the retained message"
    sub -t keep/+ -C 1 -W 1 >"$scratch/none" 2>/dev/null
    [ ! -s "$scratch/none" ] || fail "$version: a cleared retained message was sent"
}

will() {
    listen "$scratch/will" last/words -q 1
    local witness=$listener
    listen "$scratch/victim" nothing --will-topic last/words --will-payload gone --will-qos 1
    kill -9 $listener
    wait $listener 2>/dev/null
    heard "$scratch/will" 1 gone
    kill $witness
}

session_resume() {
    local keep=(-i resumed -c -q 1)
    [ "$version" = 5 ] && keep+=(-x 100)
    sub "${keep[@]}" -t away -E || fail "$version: first subscription"
    for word in one two three; do
        pub -t away -q 1 -m $word || fail "$version: publishing to an absent session"
    done
    received <(sub "${keep[@]}" -t away -C 3) "$(printf 'one\ntwo\nthree')"
    sub -i resumed -t elsewhere -E >/dev/null # a clean start ends the session
}

shared_subscription() {
    listen "$scratch/member1" '$share/workers/jobs' -q 1
    local first=$listener
    listen "$scratch/member2" '$share/workers/jobs' -q 1
    local second=$listener
    for job in $(seq 10); do pub -t jobs -q 1 -m "job"; done
    for _ in $(seq 100); do
        one=$(grep -c -x job "$scratch/member1.debug")
        two=$(grep -c -x job "$scratch/member2.debug")
        [ $((one + two)) -ge 10 ] && break
        sleep 0.05
    done
    sleep 0.2
    one=$(grep -c -x job "$scratch/member1.debug")
    two=$(grep -c -x job "$scratch/member2.debug")
    [ "$one $two" = "5 5" ] || fail "$version: members got $one and $two jobs, not 5 and 5"
    kill "$first" "$second"
}

# The answering side: a subscriber whose every message is answered on the response topic.
request_response() {
    local out=$scratch/requests
    listen "$out" request -q 1
    (
        for _ in $(seq 100); do
            grep -q -x -F question "$out.debug" && break
            sleep 0.05
        done
        pub -t response -q 1 -m answer
    ) &
    timeout 10 mosquitto_rr -p "$broker_port" -V "$version" -t request -e response -q 1 \
        -m question >"$scratch/answer" || fail "$version: mosquitto_rr"
    received "$scratch/answer" answer
    kill $listener
}

response_topic_property() {
    [ "$version" = 5 ] || return 0
    sub -t ask -C 1 -F '%R %D %P %p' >"$scratch/properties" &
    local receiver=$!
    sleep 0.3
    pub -t ask -m hello -D publish response-topic reply/here -D publish correlation-data 42 \
        -D publish user-property first 1 -D publish user-property second 2
    wait $receiver
    received "$scratch/properties" "reply/here 42 first:1 second:2 hello"
}

start_broker "$1"
for version in 311 5; do
    for story in quality_of_service retained will session_resume shared_subscription \
        request_response response_topic_property; do
        $story
        echo "ok $version $story"
    done
done
version=31
quality_of_service
echo "ok 31 quality_of_service"
stop_broker
