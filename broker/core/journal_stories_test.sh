#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# Runs each test given with a journal under the core: what clients see must be the same. Left out
# is what tells the order of an acknowledgement, which waits, and a message, which need not, and
# that nothing is due while a session that is stored has a connection: the time is.
set -eu
unset XML_OUTPUT_FILE TEST_SHARD_INDEX TEST_TOTAL_SHARDS
different=Window.InBytesIsGivenBackWithTheMessage
different+=:Session.OldestClientsKnowNoSessionPresentFlag:Session.MayLastForEver
for test in "$@"; do
    for journal in at_once late; do
        echo "== $test $journal"
        TEST_JOURNAL=$journal "./$test" --gtest_brief=1 --gtest_filter="-$different"
    done
done
