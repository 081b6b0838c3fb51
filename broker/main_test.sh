#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# libellad as a process: command line, exit status, signals, daemon, and that the pages printed
# from its table of options are fresh.
#
# usage: main_test.sh LIBELLAD OPTIONS_PAGE MANUAL_PAGE MIGRATION_PAGE WITHOUT_IO_URING
set -u

libellad=$(realpath "$1")
options_page=$(realpath "$2")
manual_page=$(realpath "$3")
migration_page=$(realpath "$4")
without_io_uring=$(realpath "$5")
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder" || exit 1
chmod 0777 "$folder"

failures=0
port=21400

fail() {
    echo "FAILED: $1"
    failures=$((failures + 1))
}

# expect_status STATUS ARGUMENTS...: runs libellad with them; what it says is in out and err.
expect_status() {
    local expected=$1
    shift
    timeout 10 "$libellad" "$@" >out 2>err
    local status=$?
    [ $status -eq "$expected" ] || fail "status $status instead of $expected: $*: $(cat err)"
}

expect_text() { # FILE TEXT
    grep -qF -- "$2" "$1" || fail "no \"$2\" in $1: $(cat "$1")"
}

# wait_for DESCRIPTION COMMAND...: until the command succeeds, 5 seconds at most.
wait_for() {
    local what=$1
    shift
    for _ in $(seq 100); do
        "$@" && return 0
        sleep 0.05
    done
    fail "$what"
    return 1
}

is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
has_text() { grep -qF -- "$2" "$1" 2>/dev/null; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }

# A CONNECT of MQTT 5.0, client identifier "c".
connect_5='\x10\x0e\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x01c'

next_port() { port=$((port + 1)); while is_open $port; do port=$((port + 1)); done; }

# ---- Command line ----

expect_status 0 --help
expect_text out "usage: libellad"
expect_status 0 -h
expect_status 0 --version
expect_text out "libellad version"
expect_status 2 --nonsense
expect_text err "try --help"
expect_status 2 what
expect_text err "what is this for: what"
for wrong in 0 65536 x 1x -1 ""; do
    expect_status 2 -p "$wrong"
    expect_text err "a port is a number from 1 to 65535"
done
ports=()
for number in 1 2 3 4 5 6 7 8 9 10 11; do ports+=(-p "$number"); done
expect_status 2 "${ports[@]}"
expect_text err "too many ports"
expect_status 2 -v -q
expect_status 2 --poller kqueue
expect_text err "there is no such poller: kqueue"
expect_status 2 --describe-options html
expect_status 2 --test-config

# ---- Configuration ----

echo "max_queued_messages 5" >good.conf
expect_status 0 --test-config -c good.conf
expect_text out "good.conf is right"
printf 'max_queued_messages 5\n\nmax_qeued_bytes 1\n' >wrong.conf
expect_status 3 --test-config -c wrong.conf
expect_text err 'wrong.conf:3: unknown option "max_qeued_bytes"; is max_queued_bytes meant?'
[ "$(head -c 13 err)" = "wrong.conf:3:" ] || fail "an editor would not find the place: $(cat err)"
expect_status 3 -c wrong.conf
echo "plugin /a" >later.conf
expect_status 3 -c later.conf
expect_text err "later.conf:1: plugin is not supported yet"
expect_status 3 --config-file none.conf
expect_text err "none.conf: No such file or directory"
echo "poller kqueue" >poller.conf
expect_status 3 -c poller.conf
expect_text err "there is no such poller: kqueue"

# ---- Passwords and access lists ----

printf 'user roger\ntopic read a/#\ntopic deny a/b\npattern write %%c\n' >acl
printf 'acl_file %s/acl\n' "$PWD" >acl.conf
expect_status 0 --test-config -c acl.conf
expect_status 0 -c acl.conf --explain-acl roger c1 read a/c
expect_text out "allowed"
expect_text out "acl:2: topic read a/#"
expect_status 4 -c acl.conf --explain-acl roger c1 read a/b
expect_text out "denied"
expect_text out "acl:3: topic deny a/b"
expect_status 0 -c acl.conf --explain-acl "" c1 write c1
expect_text out "acl:4: pattern write %c"
expect_status 4 -c acl.conf --explain-acl "" c1 read a
expect_text out "no line matches"
expect_status 4 -c acl.conf --explain-acl "" 'c+' write x
expect_text out "has no patterns"
expect_status 2 -c acl.conf --explain-acl roger c1 look a
expect_status 2 -c acl.conf --explain-acl roger c1 read 'a/#'
expect_status 2 -c acl.conf --explain-acl roger c1
expect_status 2 --explain-acl roger c1 read a
expect_status 0 -c good.conf --explain-acl roger c1 read a
expect_text out "everything is allowed"
printf 'user\ntopic maybe a\n' >acl
printf 'roger:plain\nann\n' >users
chmod 600 users
printf 'acl_file %s/acl\npassword_file %s/users\n' "$PWD" "$PWD" >both.conf
expect_status 3 --test-config -c both.conf
expect_text err "users:1: the password is not hashed"
expect_text err "users:2: not of the form NAME:HASH"
expect_text err "acl:1: user needs a name"
expect_text err "acl:2: the access must be"
chmod 644 users
expect_status 3 --test-config -c both.conf
expect_text err "every user of this machine may read it"

# ---- Not started ----

next_port
"$libellad" -p $port 2>first.log &
first=$!
wait_for "the first broker does not listen" is_open $port
expect_status 1 -p $port
expect_text err "can't listen at 127.0.0.1, port $port: socket: Address already in use"
echo "user no-such-user-here" >user.conf
if [ "$(id -u)" -eq 0 ]; then
    expect_status 1 -c user.conf
    expect_text err "there is no user no-such-user-here"
fi
printf 'log_dest file /no/such/folder/log\n' >log.conf
expect_status 1 -c log.conf
expect_text err "/no/such/folder/log: No such file or directory"
expect_text first.log "only this machine can connect"
kill -TERM $first
wait $first
status=$?
[ $status -eq 0 ] || fail "SIGTERM ended in $status"

# ---- Each poller: a client, then an orderly end with DISCONNECT 0x8B ----

for poller in epoll poll uring; do
    next_port
    "$libellad" -p $port --poller $poller 2>$poller.log &
    broker=$!
    wait_for "no listener with $poller" is_open $port
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf "$connect_5" >&3
    answer=$(head -c 4 <&3 | od -An -tx1 | tr -d ' \n')
    [ "${answer:0:2}" = 20 ] && [ "${answer:6:2}" = 00 ] || fail "$poller: CONNACK is $answer"
    if [ $poller = uring ] && ! has_text uring.log 'the system refuses it'; then
        ls -l /proc/$broker/fd | grep -q 'io_uring' || fail "$poller: there is no ring"
    fi
    length=$((16#${answer:2:2} - 2))
    head -c $length <&3 >/dev/null
    kill -TERM $broker
    rest=$(timeout 5 cat <&3 | od -An -tx1 | tr -d ' \n')
    exec 3>&-
    [ "${rest:0:2}" = e0 ] && [ "${rest:4:2}" = 8b ] || fail "$poller: the end was $rest"
    wait $broker
    status=$?
    [ $status -eq 0 ] || fail "$poller: SIGTERM ended in $status"
    expect_text $poller.log 'disconnected client="c" address=127.0.0.1:'
done

# A system without io_uring.
next_port
echo "poller uring" >uring.conf
echo "listener $port 127.0.0.1" >>uring.conf
"$without_io_uring" "$libellad" -c uring.conf 2>refused.log &
broker=$!
wait_for "no listener without io_uring" is_open $port
expect_text refused.log \
    'poller uring: the system refuses it: Function not implemented; epoll takes its place'
kill -TERM $broker
wait $broker
status=$?
[ $status -eq 0 ] || fail "without io_uring: SIGTERM ended in $status"

# SIGINT does the same, SIGPIPE nothing.
next_port
"$libellad" -p $port 2>pipe.log &
broker=$!
wait_for "no listener" is_open $port
kill -PIPE $broker
sleep 0.1
is_open $port || fail "SIGPIPE killed the broker"
kill -INT $broker
wait $broker
status=$?
[ $status -eq 0 ] || fail "SIGINT ended in $status"

# ---- Standard descriptors that are closed are not given to clients ----

next_port
"$libellad" -p $port -v <&- >&- 2>&- &
broker=$!
wait_for "no listener without standard descriptors" is_open $port
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf "$connect_5" >&3
head -c 4 <&3 >answer
exec 3>&-
[ "$(head -c 1 answer | od -An -tx1 | tr -d ' ')" = 20 ] || fail "log lines reached a client"
for fd in 0 1 2; do
    [ "$(readlink /proc/$broker/fd/$fd)" = /dev/null ] || fail "descriptor $fd is not /dev/null"
done
kill $broker
wait $broker

# ---- SIGHUP, SIGUSR1, SIGUSR2 ----

next_port
write_config() {
    printf '%s\n' "listener $port 127.0.0.1" "allow_anonymous $1" \
        "log_dest file $folder/broker.log" "max_queued_messages $2" "${3:-}" >broker.conf
}
write_config false 10
"$libellad" -c broker.conf &
broker=$!
wait_for "no listener of the file" is_open $port
wait_for "no warning" has_text broker.log "every client will be refused"
mv broker.log broker.log.1
write_config true 20 "pid_file /elsewhere"
kill -HUP $broker
wait_for "not read again" has_text broker.log "the configuration was read again"
expect_text broker.log.1 "pid_file has changed; it waits for a restart"
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf "$connect_5" >&3
answer=$(head -c 4 <&3 | od -An -tx1 | tr -d ' \n')
exec 3>&-
[ "${answer:6:2}" = 00 ] || fail "the new rule is not in force: $answer"
write_config true nonsense
kill -HUP $broker
wait_for "a wrong file is not told" has_text broker.log "the configuration stays as it was"
expect_text broker.log 'broker.conf:4: max_queued_messages must be a number, not "nonsense"'
port=$((port + 1))
write_config true 20
kill -HUP $broker
wait_for "listeners" has_text broker.log "listeners can't be added, removed or moved"
port=$((port - 1))
is_open $port || fail "a wrong file ended the broker"
kill -USR1 $broker
wait_for "no counters" has_text broker.log "stat connections_accepted="
kill -USR2 $broker
wait_for "no memory" has_text broker.log "memory session="
mv broker.log broker.log.2
kill -RTMIN $broker
wait_for "the log is not made again" test -e broker.log
kill -USR2 $broker
wait_for "the log is not opened again" has_text broker.log "memory session="
! has_text broker.log "read again" || fail "SIGRTMIN reads the configuration"
kill $broker
wait $broker
status=$?
[ $status -eq 0 ] || fail "ended in $status after signals"

# ---- The audit log ----

next_port
printf '%s\n' "listener $port 127.0.0.1" "allow_anonymous true" "audit_log $folder/audit.log" \
    "audit_log_format json" >audit.conf
"$libellad" -c audit.conf 2>audit.err &
broker=$!
wait_for "no listener" is_open $port
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf "$connect_5" >&3
head -c 4 <&3 >/dev/null
exec 3>&-
kill -HUP $broker
wait_for "no reload in the audit log" has_text audit.log '"event":"reload","result":"ok"'
kill $broker
wait $broker
expect_text audit.log '"event":"start","result":"ok"'
expect_text audit.log '"event":"connect","result":"ok","client":"c","address":"127.0.0.1:'
expect_text audit.log '"event":"disconnect","result":"ok","client":"c"'
expect_text audit.log '"event":"stop","result":"ok"'
[ "$(stat -c %a audit.log)" = 600 ] || fail "mode of the audit log: $(stat -c %a audit.log)"

# ---- Daemon, pid file, user ----

next_port
cat >daemon.conf <<END
listener $port 127.0.0.1
log_dest file daemon.log
pid_file daemon.pid
END
expect_status 0 -d -c daemon.conf
is_open $port || fail "the daemon does not listen when its parent has ended"
pid=$(cat daemon.pid)
kill -0 "$pid" || fail "the pid file is wrong: $pid"
[ "$(readlink "/proc/$pid/fd/2")" = /dev/null ] || fail "the daemon keeps its standard error"
[ "$(cut -d ' ' -f 6 "/proc/$pid/stat")" = "$pid" ] || fail "the daemon has no session of its own"
if [ "$(id -u)" -eq 0 ] && ! has_text daemon.log "stays root"; then
    ! grep -q '^Uid:[[:space:]]*0' "/proc/$pid/status" || fail "the broker stays root"
    mv daemon.log daemon.log.1
    kill -HUP "$pid"
    wait_for "the log can't be opened as another user" has_text daemon.log "was read again"
fi
kill "$pid"
wait_for "the daemon does not end" is_gone "$pid"
next_port
echo "listener $port 203.0.113.77" >nowhere.conf
expect_status 1 -d -c nowhere.conf

# ---- -q and -v ----

next_port
"$libellad" -q -p $port 2>quiet.log &
broker=$!
wait_for "no listener" is_open $port
kill $broker
wait $broker
[ ! -s quiet.log ] || fail "-q says: $(cat quiet.log)"
next_port
"$libellad" -v -p $port 2>verbose.log &
broker=$!
wait_for "no listener" is_open $port
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf "$connect_5" >&3
head -c 4 <&3 >/dev/null
exec 3>&-
wait_for "-v is not verbose" has_text verbose.log "packet=CONNECT"
kill $broker
wait $broker

# ---- Pages printed from the table ----

"$libellad" --describe-options markdown >options.md
diff -u "$options_page" options.md ||
    fail "stale: libellad --describe-options markdown > docs/reference/options.md"
# expect_fresh PAGE FORM: what stands between the marks of the page is what is printed now.
expect_fresh() {
    "$libellad" --describe-options "$2" >now
    sed -n '/What follows is printed by/,/What came before was printed by/p' "$1" |
        sed '1d;$d' >committed
    diff -u committed now || fail "stale: tools/describe_options.sh LIBELLAD mends $1"
}
expect_fresh "$manual_page" man
expect_fresh "$migration_page" from-mosquitto

[ $failures -eq 0 ] && echo "passed"
exit $((failures > 0))
