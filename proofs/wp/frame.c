/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * frame: unit for the proof of what codec/frame.rl calls for each byte of the fixed header.
 */
#include "codec/gen/frame.c"
