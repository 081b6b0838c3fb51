#!/bin/bash -eu
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# Builds every harness as OSS-Fuzz and ClusterFuzzLite want it: with $CC, $CXX, $CFLAGS, $CXXFLAGS
# and $LIB_FUZZING_ENGINE, into $OUT, with corpus, dictionary and options.
cd "$(dirname "$0")/../.."
: "${WORK:=/tmp/libella-fuzz-work}" "${CXXFLAGS:=${CFLAGS-}}"
includes=(-I. -Icodec/include)
mkdir -p "$WORK" "$OUT"

# compile FLAGS... -- SOURCES...: objects in $WORK, their names in the array `objects`.
objects=()
compile() {
    local compiler=$1 source object
    shift
    for source in "$@"; do
        object=$WORK/${source//\//_}.o
        if [ "$compiler" = c ]; then
            $CC $CFLAGS -std=c11 -D_GNU_SOURCE "${includes[@]}" -c "$source" -o "$object"
        else
            $CXX $CXXFLAGS -std=c++17 "${includes[@]}" -c "$source" -o "$object"
        fi
        objects+=("$object")
    done
}

without_tests() { ls "$@" | grep -vE '(_test|_fuzz)\.(c|cc)$|_test_support'; }

compile c $(without_tests codec/*.c codec/gen/*.c state_machines/*.c broker/core/*.c)
compile c broker/io/{address,cidr,config,config_describe,config_paths,config_reload}.c \
    broker/io/{config_special,config_table,config_value,crc32c,file,frame,journal}.c \
    broker/io/{journal_cipher,journal_recover,journal_sync,log,proxy_protocol,psk_file,times}.c
compile c $(without_tests broker/security/*.c) tools/passwd/password_text.c
compile c++ conformance/{wire,wire_decode,wire_encode,wire_fields}.cc fuzz/allocator.cc \
    fuzz/core_script.cc fuzz/shadow.cc fuzz/packet_script.cc
rm -f "$WORK/libella.a"
ar rcs "$WORK/libella.a" "${objects[@]}"

for source in fuzz/*_fuzz.cc; do
    name=$(basename "$source" .cc)
    $CXX $CXXFLAGS -std=c++17 "${includes[@]}" "$source" "$WORK/libella.a" $LIB_FUZZING_ENGINE \
        -lssl -lcrypto -largon2 -lpthread -o "$OUT/$name"
    (cd "fuzz/corpus/${name%_fuzz}" && zip -q -r - .) >"$OUT/${name}_seed_corpus.zip"
    printf '[libfuzzer]\nmax_len = 8192\n' >"$OUT/$name.options"
    cp fuzz/mqtt.dict "$OUT/$name.dict"
done
