#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# TLS as others speak it: openssl s_client, mosquitto_pub and mosquitto_sub with certificates and
# with pre-shared keys, mqtt.js; mutual TLS, and a reload that closes the revoked client and no
# other. tls_test.sh BROKER-BINARY MQTT-JS-PROGRAM TLS-TABLE
set -u
# shellcheck source=tools/interop/broker.sh
. "$(dirname "$0")/broker.sh"
# shellcheck source=tools/interop/authority.sh
. "$(dirname "$0")/authority.sh"

broker=$1
program=$(realpath "$2")
table=$3
ca=$scratch/ca
server_port=26883 mutual_port=26884 psk_port=26885
key=000102030405060708090a0b0c0d0e0f

make_authority "$ca"
issue "$ca" server /CN=localhost
issue "$ca" alice /O=Test/CN=alice
issue "$ca" bob /O=Test/CN=bob
write_crl "$ca"
printf 'device:%s\n' $key >"$scratch/psk"
chmod 600 "$scratch/psk"
cat >"$scratch/conf" <<CONF
user root
psk_file $scratch/psk
listener $server_port 127.0.0.1
listener_allow_anonymous true
certfile $ca/server.crt
keyfile $ca/server.key
listener $mutual_port 127.0.0.1
certfile $ca/server.crt
keyfile $ca/server.key
cafile $ca/ca.crt
crlfile $ca/crl
require_certificate true
use_identity_as_username true
listener $psk_port 127.0.0.1
psk_hint libella
use_identity_as_username true
CONF

"$broker" -v -c "$scratch/conf" >"$scratch/broker.log" 2>&1 &
broker_pid=$!
for _ in $(seq 100); do
    (exec 3<>"/dev/tcp/127.0.0.1/$psk_port") 2>/dev/null && break
    kill -0 $broker_pid 2>/dev/null || fail "the broker does not start"
    sleep 0.05
done

# exchange NAME PORT ARGUMENTS...: mosquitto_sub hears what mosquitto_pub says.
exchange() {
    local name=$1 port=$2
    shift 2
    for version in 311 5; do
        : >"$scratch/$name.out"
        stdbuf -oL mosquitto_sub -h localhost -p "$port" -V $version -t "$name/#" -d "$@" \
            >"$scratch/$name.out" 2>&1 &
        local listener=$!
        for _ in $(seq 200); do
            grep -q SUBACK "$scratch/$name.out" && break
            sleep 0.05
        done
        timeout 20 mosquitto_pub -h localhost -p "$port" -V $version -t "$name/x" -q 2 \
            -m "hello $version" "$@" || fail "$name: publishing, $version"
        for _ in $(seq 200); do
            grep -q -x "hello $version" "$scratch/$name.out" && break
            sleep 0.05
        done
        grep -q -x "hello $version" "$scratch/$name.out" || fail "$name: nothing came, $version"
        kill $listener
    done
    echo "$name: mosquitto_pub and mosquitto_sub"
}

# refused NAME PORT ARGUMENTS...
refused() {
    local name=$1 port=$2
    shift 2
    timeout 20 mosquitto_pub -h localhost -p "$port" -t a -m b "$@" >/dev/null 2>&1 &&
        fail "$name was let in"
    echo "$name: refused"
}

alice=(--cafile "$ca/ca.crt" --cert "$ca/alice.crt" --key "$ca/alice.key")
bob=(--cafile "$ca/ca.crt" --cert "$ca/bob.crt" --key "$ca/bob.key")
exchange certificate $server_port --cafile "$ca/ca.crt"
exchange tls1.2 $server_port --cafile "$ca/ca.crt" --tls-version tlsv1.2
exchange alpn $server_port --cafile "$ca/ca.crt" --tls-alpn mqtt
exchange mutual $mutual_port "${alice[@]}"
exchange psk $psk_port --psk-identity device --psk $key
refused "no certificate" $mutual_port --cafile "$ca/ca.crt"
refused "another key" $psk_port --psk-identity device --psk 00
refused "another identity" $psk_port --psk-identity nobody --psk $key
refused "another protocol" $server_port --cafile "$ca/ca.crt" --tls-alpn http/1.1

# CONNECT and DISCONNECT, from s_client's standard input.
{ printf '\x10\x0c\0\x04MQTT\x04\x02\0\0\0\0'; sleep 1; printf '\xe0\0'; } |
    timeout 20 openssl s_client -connect localhost:$server_port -CAfile "$ca/ca.crt" \
        -verify_return_error -quiet 2>/dev/null | od -An -tx1 | grep -q '20 02 00 00' ||
    fail "openssl s_client got no CONNACK"
echo "openssl s_client: CONNACK"

# What others resume: mosquitto_sub does not, s_client does.
timeout 20 openssl s_client -connect localhost:$server_port -CAfile "$ca/ca.crt" -tls1_2 \
    -reconnect </dev/null 2>/dev/null | grep -c '^Reused' >"$scratch/reused"
[ "$(cat "$scratch/reused")" = 5 ] || fail "sessions are not resumed"
echo "openssl s_client: five sessions resumed"

if command -v node >/dev/null && [ -d "$(dirname "$program")/node_modules/mqtt" ]; then
    NODE_EXTRA_CA_CERTS=$ca/ca.crt MQTT_PROTOCOL=mqtts \
        timeout 100 node "$program" $server_port || fail "mqtt.js"
else
    fail "mqtt.js is missing: run tools/setup test"
fi

bash "$table" localhost $server_port >"$scratch/table" || fail "the table of protocols"
cat "$scratch/table"
grep -Eq '^(SSLv3|TLSv1|TLSv1\.1) +offered' "$scratch/table" && fail "an old version is offered"
grep -Eq '^TLSv1\.[23] +offered' "$scratch/table" || fail "TLS 1.2 and 1.3 are not offered"

# Reload: bob is revoked, alice and whoever came without a certificate stay.
for who in alice bob; do
    declare -n files=$who
    stdbuf -oL mosquitto_sub -h localhost -p $mutual_port -i $who -t '#' -d "${files[@]}" \
        >"$scratch/$who.out" 2>&1 &
done
stdbuf -oL mosquitto_sub -h localhost -p $server_port -i carol -t '#' -d --cafile "$ca/ca.crt" \
    >"$scratch/carol.out" 2>&1 &
for who in alice bob carol; do
    for _ in $(seq 200); do
        grep -q SUBACK "$scratch/$who.out" && break
        sleep 0.05
    done
done
revoke "$ca" bob
write_crl "$ca"
kill -HUP $broker_pid
for _ in $(seq 100); do
    grep -q 'closed client="bob"' "$scratch/broker.log" && break
    sleep 0.05
done
grep -q 'closed client="bob".*certificate revoked' "$scratch/broker.log" || fail "bob stays"
refused "the revoked client" $mutual_port "${bob[@]}"
exchange after $mutual_port "${alice[@]}"
[ "$(grep -c 'closed client=' "$scratch/broker.log")" = 1 ] || fail "others were closed too"
grep -q 'client="carol".*disconnected\|disconnected.*client="carol"' "$scratch/broker.log" &&
    fail "carol was disconnected"
echo "reload: the revoked client was closed, and no other"
stop_broker
