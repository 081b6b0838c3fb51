/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * property_checks: unit for the proof that properties are judged by the table, whatever is in it:
 * their place and range, by the decoder also how often they stand there.
 */
#include "wp/properties.h"

#include "codec/encode_properties.c"

#include "codec/gen/properties.c"
