/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * lists: unit for the proof of where a property in a run ends.
 */
#include "codec/lists.c"
