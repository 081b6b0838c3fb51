/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * shapes_put: the unit of shapes_encode.c for the functions that write. They say, for the proof of
 * wp/sizes_packets.c, that properties stay what they were, which takes the lemmas of runs.h.
 */
#include "wp/runs.h"

#include "wp/shapes_encode.c"
