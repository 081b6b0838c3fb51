// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// One run of the mode that is asked for.

#ifndef LOAD_MODES_H
#define LOAD_MODES_H

#include "tools/load/options.h"
#include "tools/load/report.h"

namespace load {

// Throws std::runtime_error if it can't be run to its end.
report modes_run(const options &wanted);

} // namespace load

#endif
