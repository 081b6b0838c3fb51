/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * topic_match: unit for the proof of codec/topic.c.
 */
#include "codec/topic.c"
