/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * utf8: unit for the proof of the machine that Ragel makes of codec/utf8.rl.
 */
#include "codec/gen/utf8.c"
