/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * topic_path: unit for the proof of the division of a topic into levels, and of the walk along
 * it. The drivers go to the next level and back again, and back and forth again.
 */
#include "wp/topic_index.h"

#include "broker/core/topic_tree.c"

/*@ requires at <= path.len < UINT32_MAX && \valid_read(path.bytes + (0 .. path.len - 1));
    requires at > 0 ==> path.bytes[at - 1] == '/';
    assigns \nothing;
    ensures \result == at; */
uint32_t path_on_and_back(struct topic_path path, uint32_t at) {
    return topic_path_previous(path, topic_path_level(path, at).end + 1u);
}

/*@ requires 0 < at <= path.len + 1 && path.len < UINT32_MAX;
    requires \valid_read(path.bytes + (0 .. path.len - 1));
    requires at <= path.len ==> path.bytes[at - 1] == '/';
    assigns \nothing;
    ensures \result == at; */
uint32_t path_back_and_on(struct topic_path path, uint32_t at) {
    return topic_path_level(path, topic_path_previous(path, at)).end + 1u;
}
