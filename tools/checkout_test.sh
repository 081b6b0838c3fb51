#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# Runs one of the checks of tools/ over the checkout that this test was built from:
# checkout_test.sh SCRIPT [ARGUMENTS...]
set -eu
script=$(realpath "$(dirname "$0")/$1")
shift
cd "$(dirname "$script")/.."
exec "$script" "$@"
