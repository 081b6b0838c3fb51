#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Copyright The Libella authors
#
# Prints C++ that holds the given case files, so that libella-conformance needs no files beside it.
set -eu

cat <<'END'
#include "conformance/catalog.h"

namespace conformance {

const embedded_case embedded_cases[] = {
END
for file in "$@"; do
    folder=$(basename "$(dirname "$file")")
    printf '{"%s/%s", R"case_text(' "$folder" "$(basename "$file")"
    cat "$file"
    printf ')case_text"},\n'
done
cat <<'END'
    {nullptr, nullptr},
};

}  // namespace conformance
END
