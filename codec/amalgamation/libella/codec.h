/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Stands in for the real header where the codec's own tests run against the amalgamation. */
#include "ella.h"
