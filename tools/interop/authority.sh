# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# Sourced by tests: an authority that issues and revokes certificates, made by openssl.
#   make_authority DIR          DIR/ca.crt, DIR/ca.key
#   issue DIR NAME SUBJECT      DIR/NAME.crt, DIR/NAME.key
#   revoke DIR NAME
#   write_crl DIR               DIR/crl: all that are revoked so far
# shellcheck shell=bash

make_authority() {
    mkdir -p "$1"
    : >"$1/index"
    echo 01 >"$1/serial"
    cat >"$1/ca.cnf" <<CNF
[ca]
default_ca = here
[here]
database = $1/index
serial = $1/serial
new_certs_dir = $1
certificate = $1/ca.crt
private_key = $1/ca.key
default_md = sha256
default_days = 30
default_crl_days = 10
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
organizationName = optional
CNF
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
        -subj /O=Test/CN=Authority -keyout "$1/ca.key" -out "$1/ca.crt" 2>/dev/null
}

issue() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$3" \
        -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
        -keyout "$1/$2.key" -out "$1/$2.csr" 2>/dev/null &&
        openssl ca -batch -config "$1/ca.cnf" -in "$1/$2.csr" -out "$1/$2.crt" -notext 2>/dev/null
}

revoke() {
    openssl ca -config "$1/ca.cnf" -revoke "$1/$2.crt" 2>/dev/null
}

write_crl() {
    openssl ca -config "$1/ca.cnf" -gencrl -out "$1/crl" 2>/dev/null
}
