#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# Compiles the amalgamation as its users will: freestanding C11, C++17, 32 bits, gcc and clang; and
# compiles and runs the example and the C++ consumer with each. Arguments: ella.h ella.c example.c
# consumer.cc
set -euo pipefail

header=$1 source=$2 example=$3 consumer=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$header" "$work/ella.h"
cp "$source" "$work/ella.c"

c_flags=(-std=c11 -ffreestanding -Wall -Wextra -Werror)
# {0}, C's way to say nothing but zeros, leaves fields out in the eyes of C++.
cxx_flags=(-std=c++17 -Wall -Wextra -Werror -Wno-missing-field-initializers)
failed=0

have() {
    command -v "$1" >/dev/null
}

# step NAME COMMAND...: runs one step and says how it went.
step() {
    local name=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        echo "ok       $name"
    else
        echo "FAILED   $name"
        cat "$work/log"
        failed=1
    fi
}

# What the object asks of the machine it will run on: nothing but these three functions.
only_memory_functions() {
    local wanted
    wanted=$(nm -u "$1" | awk '{print $2}' |
        grep -vxE 'memcpy|memset|memcmp|_GLOBAL_OFFSET_TABLE_' || true)
    [ -z "$wanted" ] || { echo "needs: $wanted"; return 1; }
}

# as_c NAME COMPILER FLAG...
as_c() {
    local name=$1 compiler=$2
    shift 2
    step "$name: ella.c" "$compiler" "${c_flags[@]}" "$@" -O2 -c "$work/ella.c" -o "$work/ella.o"
    step "$name: needs only memcpy, memset, memcmp" only_memory_functions "$work/ella.o"
    step "$name: example.c" "$compiler" -std=c11 -Wall -Wextra -Werror "$@" -I"$work" "$example" \
        "$work/ella.o" -o "$work/example"
    step "$name: runs" "$work/example"
}

# as_cxx NAME COMPILER FLAG...
as_cxx() {
    local name=$1 compiler=$2
    shift 2
    step "$name: ella.c as C++" "$compiler" -x c++ "${cxx_flags[@]}" "$@" -c "$work/ella.c" \
        -o "$work/ella.o"
    step "$name: consumer.cc" "$compiler" "${cxx_flags[@]}" "$@" -I"$work" -x c++ "$consumer" \
        -x none "$work/ella.o" -o "$work/consumer"
    step "$name: runs" "$work/consumer"
}

as_c cc cc
as_cxx g++ g++
if have clang-14; then
    as_c clang clang-14
    as_cxx clang++ clang++-14
else
    echo "skipped  clang: not installed"
fi

echo 'int main(void) { return 0; }' >"$work/empty.c"
if cc -m32 "$work/empty.c" -o "$work/empty" 2>/dev/null && "$work/empty"; then
    as_c "cc -m32" cc -m32
else
    echo "skipped  -m32: no 32 bit libraries here"
fi
exit "$failed"
