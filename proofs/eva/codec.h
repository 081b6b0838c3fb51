/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * codec: the whole codec as one unit, so that a function of a header is one function, not one for
 * each file that includes it.
 */
#include "codec/decode.c"
#include "codec/encode.c"
#include "codec/encode_checked.c"
#include "codec/encode_connect.c"
#include "codec/encode_properties.c"
#include "codec/gen/frame.c"
#include "codec/gen/packets.c"
#include "codec/gen/properties.c"
#include "codec/gen/tables.c"
#include "codec/gen/topic.c"
#include "codec/gen/utf8.c"
#include "codec/lists.c"
#include "codec/topic.c"
