#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# Writes the pages that the broker prints of its own options: docs/reference/options.md, and the
# lists in docs/man/libellad.conf.5 and docs/from-mosquitto.md. tools/describe_options.sh LIBELLAD
set -eu
broker=$(realpath "$1")
cd "$(dirname "$0")/.."
"$broker" --describe-options markdown >docs/reference/options.md

# put PAGE FORM: between the two marks of the page.
put() {
    {
        sed '/What follows is printed by/q' "$1"
        "$broker" --describe-options "$2"
        sed -n '/What came before was printed by/,$p' "$1"
    } >"$1.new"
    mv "$1.new" "$1"
}
put docs/man/libellad.conf.5 man
put docs/from-mosquitto.md from-mosquitto
