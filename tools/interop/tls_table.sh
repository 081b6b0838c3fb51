#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# Which versions of TLS and which cipher suites a server offers, found by asking for each alone:
# tls_table.sh HOST PORT
set -u
at=$1:$2

# offered ARGUMENTS...: whether a handshake succeeds.
offered() {
    timeout 20 openssl s_client -connect "$at" "$@" </dev/null >/dev/null 2>&1
}

row() { printf '%-44s%s\n' "$1" "$2"; }

if openssl s_client -help 2>&1 | grep -q -- '-ssl3'; then
    if offered -ssl3; then row SSLv3 offered; else row SSLv3 "not offered"; fi
else
    row SSLv3 "not asked: this openssl has none"
fi
for version in 1 1_1 1_2 1_3; do
    name=TLSv${version/_/.}
    # What is asked must not fail here, at the client's own level.
    weak=(-cipher ALL:@SECLEVEL=0)
    [ $version = 1_3 ] && weak=()
    answer="not offered"
    offered -tls$version "${weak[@]}" && answer=offered
    row "$name" "$answer"
done
echo
for cipher in $(openssl ciphers 'ALL:COMPLEMENTOFALL:@SECLEVEL=0' | tr : ' '); do
    case $cipher in
    TLS_*) offered -tls1_3 -ciphersuites "$cipher" && row "TLSv1.3 $cipher" offered ;;
    *) offered -tls1_2 -cipher "$cipher:@SECLEVEL=0" && row "TLSv1.2 $cipher" offered ;;
    esac
done
exit 0
