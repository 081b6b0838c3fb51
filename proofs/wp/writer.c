/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * writer: unit for the proof of codec/writer.h.
 */
#include "codec/writer.h"
