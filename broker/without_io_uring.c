/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * For tests: runs a program as a system would that has no io_uring.
 *
 * usage: without_io_uring PROGRAM ARGUMENTS...
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (argc < 2 || filter == NULL ||
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(io_uring_setup), 0) != 0 ||
        seccomp_load(filter) != 0) {
        fprintf(stderr, "without_io_uring: no filter\n");
        return 125;
    }
    seccomp_release(filter);
    execv(argv[1], argv + 1);
    perror(argv[1]);
    return 126;
}
