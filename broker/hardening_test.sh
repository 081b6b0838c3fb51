#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# What the shipped program is hardened with, read from the file and from the running process.
#
# usage: hardening_test.sh LIBELLAD
set -u

libellad=$(realpath "$1")
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder" || exit 1
chmod 0777 "$folder"

failures=0

check() { # WHAT, then 0 if it is so
    printf '%-44s %s\n' "$1" "$([ "$2" -eq 0 ] && echo yes || echo NO)"
    failures=$((failures + ($2 != 0)))
}

# ---- The file ----

readelf -h "$libellad" | grep -q 'Type:.*DYN'
check "position independent" $?
readelf -lW "$libellad" | grep -q GNU_RELRO && readelf -dW "$libellad" | grep -q BIND_NOW
check "relocations read-only, all of them" $?
readelf -lW "$libellad" | grep GNU_STACK | grep -q 'RW '
check "no executable stack" $?
! readelf -lW "$libellad" | grep LOAD | grep -q 'RWE'
check "no memory both writable and executable" $?
readelf -sW "$libellad" | grep -q __stack_chk_fail
check "stack protector" $?
readelf -sW "$libellad" | grep -q '__.*_chk@'
check "fortified copies" $?
if [ "$(uname -m)" = x86_64 ]; then
    # The C library of Debian 12 is built without these marks, so that its loader does not turn
    # the processor's check on yet; the code is ready for one that does.
    objdump -d --no-show-raw-insn "$libellad" | grep -A1 '<main>:' | grep -q endbr64
    check "marks for indirect branches (CET)" $?
fi

# ---- The process ----

port=22400
is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
while is_open; do port=$((port + 1)); done
printf 'listener %s 127.0.0.1\nallow_anonymous true\n' "$port" >broker.conf
chmod 0644 broker.conf
"$libellad" -c broker.conf 2>broker.log &
broker=$!
for _ in $(seq 100); do is_open && break; sleep 0.05; done
status=/proc/$broker/status
grep -qE '^NoNewPrivs:\s*1' $status
check "no new privileges" $?
if grep -q 'sandbox: files limited' broker.log; then
    check "Landlock" 0
else
    grep -q 'the kernel has no Landlock' broker.log
    check "Landlock, or the log says why not" $?
fi
if grep -q 'system calls limited' broker.log; then
    grep -qE '^Seccomp:\s*2' $status
    check "filter of system calls" $?
else
    grep -q 'the sandbox is not whole' broker.log
    check "filter of system calls, or the log says why not" $?
fi
if [ "$(id -u)" -eq 0 ] && ! grep -q 'stays root' broker.log; then
    ! grep -qE '^Uid:\s*0' $status
    check "not root" $?
    grep -qE '^Cap(Eff|Prm):\s*0+$' $status
    check "no capabilities" $?
fi
kill $broker
wait $broker
check "ends in order from within" $?

# ---- Files that others may read ----

printf 'allow_exposed_files maybe\n' >exposed.conf
! "$libellad" --test-config -c exposed.conf 2>err
check "allow_exposed_files takes true and false" $?

[ $failures -eq 0 ] && echo "passed"
exit $((failures > 0))
