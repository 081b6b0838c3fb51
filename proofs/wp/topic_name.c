/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * topic_name: unit for the proof of the machine that Ragel makes of topic names.
 */
#include "codec/gen/topic.c"
