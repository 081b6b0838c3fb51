#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# Logins and access lists as others meet them: mosquitto_pub and mosquitto_sub, mqtt.js and Paho
# with user name and password; a reload by SIGHUP; fail2ban's expression; the files of Mosquitto's
# documentation.
# login_test.sh BROKER LIBELLA-PASSWD MQTT-JS-PROGRAM PAHO-PROGRAM SECRETS-IN-MEMORY LOGINS-PAGE
set -u
# shellcheck source=tools/interop/broker.sh
. "$(dirname "$0")/broker.sh"

broker=$1
passwd=$2
js_program=$(realpath "$3")
paho_program=$4
memory=$5
manual=$6
port=27883
users=$scratch/passwords
rules=$scratch/acl

cat >"$scratch/conf" <<CONF
user root
listener $port 127.0.0.1
password_file $users
acl_file $rules
login_failures 1000
CONF

# The example of Mosquitto's documentation, and users for the programs below.
cat >"$rules" <<'RULES'
# This affects access control for clients with no username.
topic read $SYS/#

# This only affects clients with username "roger".
user roger
topic foo/bar

# This affects all clients.
pattern write $SYS/broker/connection/%c/state
pattern readwrite clients/%u/#

user program
topic #
RULES
"$passwd" -c -b "$users" roger plainlyright >/dev/null || fail "libella-passwd"
"$passwd" -H argon2id -b "$users" program horse >/dev/null || fail "libella-passwd"

"$broker" -v -c "$scratch/conf" >"$scratch/broker.log" 2>&1 &
broker_pid=$!
for _ in $(seq 100); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    sleep 0.05
done

pub() { timeout 20 mosquitto_pub -p $port "$@" 2>"$scratch/pub.err"; }

# exchange NAME TOPIC ARGUMENTS...: mosquitto_sub hears what mosquitto_pub says.
exchange() {
    local name=$1 topic=$2
    shift 2
    rm -f "$scratch/sub" # or what the one before heard would be taken for this one's
    stdbuf -oL mosquitto_sub -p $port -t "$topic" -d "$@" >"$scratch/sub" 2>&1 &
    local sub=$!
    for _ in $(seq 200); do
        grep -q '^Subscribed' "$scratch/sub" && break
        sleep 0.05
    done
    pub -t "$topic" -m "word of $name" -q 1 "$@" || fail "$name: $(cat "$scratch/pub.err")"
    for _ in $(seq 200); do
        grep -q "word of $name" "$scratch/sub" && break
        sleep 0.05
    done
    grep -q "word of $name" "$scratch/sub" || fail "$name heard nothing: $(cat "$scratch/sub")"
    kill $sub
    wait $sub 2>/dev/null
}

# ---- mosquitto's clients ----

for version in mqttv311 mqttv5; do
    exchange "roger in $version" foo/bar -u roger -P plainlyright -V $version
    exchange "pattern in $version" clients/roger/x -u roger -P plainlyright -V $version
    for wrong in "-u roger -P wrong" "-u nobody -P plainlyright" "-u roger" ""; do
        # shellcheck disable=SC2086
        pub -V $version -t foo/bar -m x $wrong && fail "let in with: $wrong"
    done
done
stdbuf -oL mosquitto_sub -p $port -t foo/other -u roger -P plainlyright -V mqttv5 -d -W 5 \
    >"$scratch/refused" 2>&1
grep -q 'Subscribed.*135\|All subscription requests were denied' "$scratch/refused" ||
    fail "a subscription to nothing was accepted: $(cat "$scratch/refused")"
echo "mosquitto_pub, mosquitto_sub"

# ---- No password stays in memory; who may not look (no root, no debugging) skips it ----

pub -t foo/bar -m x -u roger -P plainlyright || fail "roger"
pub -t foo/bar -m x -u roger -P plainlywrong && fail "let in with a wrong password"
pub -t foo/bar -m x -u nobody -P plainlylost && fail "let in without being known"
/usr/bin/python3 "$memory" $broker_pid 'clients/%u' plainlywrong plainlylost plainlyright \
    >"$scratch/memory" 2>&1
case $? in
0) echo "memory: no password" ;;
1) fail "$(cat "$scratch/memory")" ;;
*) echo "memory: $(cat "$scratch/memory")" ;;
esac

# ---- fail2ban, with the expression that docs/logins.md gives ----

# Who fails may choose his names: they must not pass for another address.
forged=$'x\n1: login failed: address=198.51.100.6:1 user="'
pub -t foo/bar -m x -i "$forged" -u roger -P wrong && fail "let in with a wrong password"
pub -t foo/bar -m x -u 'u" login failed: address=198.51.100.6:1 user="' -P wrong &&
    fail "let in with a wrong password"
/usr/bin/python3 - "$manual" "$scratch/broker.log" <<'PYTHON' || fail "fail2ban"
import re
import sys

manual = open(sys.argv[1], encoding="utf-8").read()
expression = re.search(r"failregex = (.*)", manual)[1]
host = r"(?P<host>[0-9a-f.]*[.:][0-9a-f.:]*)"
pattern = re.compile(expression.replace("<HOST>", host))
# As fail2ban does, the time is taken off first.
lines = [re.sub(r"^\d+", "", line) for line in open(sys.argv[2], encoding="utf-8")]
failed = [line for line in lines if line.startswith(": login failed:")]
hosts = [match["host"] for line in lines if (match := pattern.search(line))]
print(f"fail2ban: {len(hosts)} of {len(failed)} failures, by {sorted(set(hosts))}")
assert len(failed) >= 7 and len(hosts) == len(failed), "a failure is not seen, or one too many"
assert set(hosts) == {"127.0.0.1"}, "an address was forged"
six = ': login failed: address=[2001:db8::1]:5000 user="u" client="c" reason="x"'
assert pattern.search(six)["host"] == "2001:db8::1", "IPv6"
PYTHON

# ---- Reload ----

stdbuf -oL mosquitto_sub -p $port -i stays -t foo/bar -u roger -P plainlyright -d \
    >"$scratch/stays" 2>&1 &
stays=$!
stdbuf -oL mosquitto_sub -p $port -i goes -t '#' -u program -P horse -d >"$scratch/goes" 2>&1 &
for _ in $(seq 200); do
    grep -q '^Subscribed' "$scratch/stays" && grep -q '^Subscribed' "$scratch/goes" && break
    sleep 0.05
done
echo "roger:plain" >>"$users"
kill -HUP $broker_pid
for _ in $(seq 100); do
    grep -q 'the configuration stays as it was' "$scratch/broker.log" && break
    sleep 0.05
done
grep -q "passwords:3: the password is not hashed" "$scratch/broker.log" ||
    fail "a bad file was taken"
sed -i '$d' "$users"
"$passwd" -b "$users" program staple >/dev/null || fail "libella-passwd"
kill -HUP $broker_pid
for _ in $(seq 200); do
    grep -q 'disconnected client="goes".*its user or password has changed' "$scratch/broker.log" &&
        break
    sleep 0.05
done
grep -q 'disconnected client="goes".*its user or password has changed' "$scratch/broker.log" ||
    fail "the client with the old password stays"
grep -q 'disconnected client="stays"' "$scratch/broker.log" &&
    fail "a client that may stay was closed"
kill $stays
echo "reload"

# ---- Others ----

command -v node >/dev/null || fail "node is not installed"
MQTT_USER=program MQTT_PASSWORD=staple node "$js_program" $port || fail "mqtt.js"
MQTT_USER=program MQTT_PASSWORD=staple "$paho_program" $port || fail "Paho"
stop_broker
echo "all logins work"
