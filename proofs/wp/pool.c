/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * pool: unit for the proof of the items of a slab, of the list of slabs with free ones, and of the
 * search for a vacant place.
 */
#include "wp/pool.h"

#include "broker/core/pool.c"
