#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# libella-passwd from its command line, its files read by libellad, and, where mosquitto is
# installed, files of the one read and changed by the other. passwd_test.sh LIBELLA-PASSWD LIBELLAD
set -u
passwd=$(realpath "$1")
libellad=$(realpath "$2")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# status WANTED ARGUMENTS...: runs it; out and err keep what it said.
status() {
    local wanted=$1 got
    shift
    "$passwd" "$@" >out 2>err </dev/null
    got=$?
    [ $got = "$wanted" ] || fail "libella-passwd $*: status $got, not $wanted: $(cat err)"
}

says() { grep -q -- "$2" "$1" || fail "no \"$2\" in $1: $(cat "$1")"; }

# ---- Help and wrong command lines ----

status 0 --help
says out "usage: libella-passwd"
status 0 --version
status 2
status 2 file
status 2 -b file user
status 2 -c -D file user
status 2 -c -U file
status 2 -D -U file
status 2 -b -D file user word
status 2 -b -c file a:b word
says err "colon"
status 2 -H md5 -b -c file user word
says err "no such hash: md5"
status 2 -I 100 -b -c file user word
says err "easy to guess"
status 2 -H sha512 -b -c file user word
status 2 -H scram-sha-256 -I 4095 -b -c file user word
status 2 -I 10000001 -b -c file user word
[ ! -e file ] || fail "a wrong command line made a file"

# ---- Files ----

status 1 -b file user word
says err "does not exist; -c makes a new file"
status 1 -b -c /no/such/folder/file user word
status 0 -b -c file ann first
[ "$(stat -c %a file)" = 600 ] || fail "mode $(stat -c %a file) of a new file"
chmod 640 file
before=$(cat file)
status 0 -b file bob second
status 0 -H argon2id -b file carl third
status 0 -H scram-sha-256 -b file dora fourth
status 0 --allow-weak -H sha512 -b file emil fifth
status 0 --allow-weak -I 1 -b file fred sixth
[ "$(stat -c %a file)" = 640 ] || fail "the mode has changed"
[ "$(head -1 file)" = "$before" ] || fail "another user's line has changed"
[ "$(cut -d: -f2 file | cut -d'$' -f2 | tr '\n' ' ')" = "7 7 argon2id scram-sha-256 6 7 " ] ||
    fail "hashes: $(cat file)"
status 0 -b file ann other
[ "$(wc -l <file)" = 6 ] || fail "a line too many"
[ "$(head -1 file)" != "$before" ] || fail "the password has not changed"
status 0 -D file emil
status 1 -D file emil
says err "no such user"
grep -q emil file && fail "emil is still there"
ls | grep -q 'file\.' && fail "a temporary file was left"
status 0 -c -b - user word
says out '^user:\$7\$20000\$'

# A link stays a link.
ln -s file link
status 0 -b link gina seventh
[ -L link ] && grep -q gina file || fail "the link was replaced"

# A file that can't be replaced is as it was.
if [ "$(id -u)" -ne 0 ]; then
    mkdir locked && cp file locked/ && chmod 500 locked
    status 1 -b locked/file ann x
    cmp -s file locked/file || fail "half a change"
fi

# ---- Asked for, twice ----

printf 'from stdin\nfrom stdin\n' | "$passwd" -c asked hugo >/dev/null || fail "standard input"
printf 'one\ntwo\n' | "$passwd" asked hugo 2>err && fail "two different passwords were taken"
says err "not the same"
printf '\n\n' | "$passwd" asked hugo 2>err && fail "an empty password was taken"
if command -v script >/dev/null; then
    (sleep 0.5; echo SECRET; sleep 0.3; echo SECRET) |
        script -qec "$passwd -c tty ida" /dev/null >shown 2>&1
    grep -q 'Password:' shown || fail "no prompt: $(cat shown)"
    [ -s tty ] || fail "nothing was written"
fi

# ---- Plain files ----

printf '# people\nann:plain one\nbob:%s\n' "$(grep '^bob' file | cut -d: -f2)" >plain
bob=$(grep '^bob' plain)
status 0 -U plain
grep -qF "$bob" plain || fail "a hashed password was hashed again"
grep -q '^# people' plain || fail "the comment is gone"
grep -q 'plain one' plain && fail "it is still plain"
printf 'ann\n' >plain2
status 1 -U plain2
says err "plain2:1: "

# ---- What libellad makes of them ----

reads() {
    printf 'listener 0 %s/s\npassword_file %s\n' "$scratch" "$scratch/$1" >conf
    "$libellad" --test-config -c conf >out 2>&1 || fail "libellad on $1: $(cat out)"
}
for one in file asked plain; do
    chmod 600 $one
    reads $one
done

# ---- Mosquitto's tool on the same files ----

if ! command -v mosquitto_passwd >/dev/null; then
    echo "mosquitto_passwd is not installed: not tried"
    exit 0
fi
rm -f theirs
for hash in sha512 sha512-pbkdf2; do
    mosquitto_passwd -H $hash $([ -e theirs ] || echo -c) -b theirs user-$hash word ||
        fail "mosquitto_passwd"
done
chmod 600 theirs
reads theirs
status 0 -b theirs ours word
mosquitto_passwd -b theirs more word || fail "mosquitto_passwd on a file of ours"
mosquitto_passwd -D theirs ours || fail "mosquitto_passwd -D a user of ours"
grep -q '^ours' theirs && fail "mosquitto_passwd did not find our user"
reads theirs
echo "files go both ways"
