#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# Every conformance case over TCP, against the broker as people run it, with each poller and
# several configurations: cases_test.sh LIBELLAD LIBELLA-CONFORMANCE POLLER [tls|first]
# first: with the first configuration only; tls: the same, over TLS.
set -u
broker=$1
suite=$2
poller=$3
kind=${4:-tcp}
scratch=$(mktemp -d)
pid=
trap 'kill $pid 2>/dev/null; wait; rm -rf "$scratch"' EXIT

# run NAME NEEDS [SELECTORS]: the cases with the options in $scratch/options
run() {
    local name=$1 needs=$2 port
    shift 2
    for port in 28830 28831 28832 28833; do
        { echo "listener $port 127.0.0.1"; echo "allow_anonymous true"; } >"$scratch/$name.conf"
        cat >>"$scratch/$name.conf" "$scratch/options"
        [ $kind != tls ] ||
            printf 'certfile %s\nkeyfile %s\n' "$scratch/crt" "$scratch/key" \
                >>"$scratch/$name.conf"
        "$broker" -q --poller "$poller" -c "$scratch/$name.conf" &
        pid=$!
        for _ in $(seq 100); do
            kill -0 $pid 2>/dev/null || continue 2
            (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break 2
            sleep 0.05
        done
    done
    echo "== $poller, $kind, $name"
    "$suite" --broker "localhost:$port" "${over[@]}" ${needs:+--needs "$needs"} \
        --jobs 32 --timeout 3000 "$@" >"$scratch/$name.out" 2>&1
    local status=$?
    if [ $status != 0 ]; then
        cat "$scratch/$name.out"
        exit 1
    fi
    tail -n 4 "$scratch/$name.out"
    kill -TERM $pid
    wait $pid || { echo "the broker ended with status $?"; exit 1; }
    pid=
}

over=()
if [ $kind = tls ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
        -subj /CN=localhost -keyout "$scratch/key" -out "$scratch/crt" 2>/dev/null
    over=(--tls --cafile "$scratch/crt")
fi

: >"$scratch/options"
run default sys_topics
[ $kind = tcp ] || exit 0

cat >"$scratch/options" <<'OPTIONS'
receive_maximum 20
max_packet_size 100000
max_keepalive 5
connect_timeout 5
queue_qos0_messages true
persistent_client_expiration 1m
OPTIONS
run limits connect_timeout,offline_qos0

cat >"$scratch/options" <<'OPTIONS'
max_qos 1
retain_available false
wildcard_subscription_available false
subscription_identifier_available false
shared_subscription_available false
OPTIONS
run less "" v5 # 3.x has no CONNACK that could tell what is missing

echo "allow_zero_length_clientid false" >"$scratch/options"
run named empty_id_refused empty_client_identifier_refused empty_id_refused

# needing REGEX: the addresses of the cases with such needs
needing() { "$suite" --list | grep -wE "needs .*($1)" | cut -d' ' -f1; }

# ella has the password secret. Many cases try a wrong one, which is no reason to be locked out.
echo 'ella:$7$101$M7ToGx5CGr6Ld8Mt$8hOiLtEgyZHf6td3rS89aiMH6C5gvqBWTZL/Loe+ktCdSXxRMI7ebmYb'\
'DWmruUYlrCV7pT/uWGOO/epOH4OWDw==' >"$scratch/passwords"
printf 'pattern readwrite #\npattern deny denied/#\n' >"$scratch/rules"
chmod 600 "$scratch/passwords" "$scratch/rules"
printf '%s\n' "password_file $scratch/passwords" "acl_file $scratch/rules" "login_failures 0" \
    >"$scratch/options"
run users auth,acl $(needing 'auth|acl')

printf '%s\n' "allow_anonymous false" "password_file $scratch/passwords" "login_failures 0" \
    >"$scratch/options"
run strict auth,no_anonymous $(needing no_anonymous)
