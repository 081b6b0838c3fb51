/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * encode_plan: unit for the proof of what a packet's plan counts and announces.
 */
#include "codec/encode.c"
