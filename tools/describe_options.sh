#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# Writes the pages that the broker prints of its own options: docs/reference/options.md and the
# list in docs/man/libellad.conf.5. tools/describe_options.sh LIBELLAD
set -eu
broker=$(realpath "$1")
cd "$(dirname "$0")/.."
"$broker" --describe-options markdown >docs/reference/options.md
page=docs/man/libellad.conf.5
{
    sed '/^\.\\" What follows is printed by/q' $page
    "$broker" --describe-options man
    sed -n '/^\.\\" What came before was printed by/,$p' $page
} >$page.new
mv $page.new $page
