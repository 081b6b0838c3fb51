/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * The assertion of the core: for a programmer's fault alone, never for a peer's. It stays on in
 * release builds, because a broker that goes on with a broken structure loses what it was given.
 */
#ifndef BROKER_CORE_CORE_ASSERT_H
#define BROKER_CORE_CORE_ASSERT_H

#undef NDEBUG
#include <assert.h>

#define CORE_ASSERT assert /* by name, so that the message shows the condition as written */

#endif
