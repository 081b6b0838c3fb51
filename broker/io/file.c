/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * How calls of the file port end, in words; see file.h.
 */
#include "broker/io/file.h"

const char *file_status_text(enum file_status status) {
    static const char *const texts[] = {[FILE_OK] = "no error",
                                        [FILE_ABSENT] = "there is no such file",
                                        [FILE_EXISTS] = "the file exists already",
                                        [FILE_FULL] = "no space left on the disk",
                                        [FILE_READ_ONLY] = "the file system is read-only",
                                        [FILE_DENIED] = "permission denied",
                                        [FILE_BUSY] = "another process has it locked",
                                        [FILE_FAILED] = "input/output error"};
    return texts[status];
}
