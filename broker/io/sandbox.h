/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * What the process gives up once its listeners are open, so that a fault in it is worth little to
 * whoever finds it:
 *   - new privileges: no program it could start gets more than it has;
 *   - files: by Landlock, all but the folders named here;
 *   - system calls: by a seccomp filter, all but those a broker needs. Others fail with EPERM, so
 *     that what was overlooked costs a feature and not the plant.
 * It knows nothing of MQTT and of the configuration.
 *
 * To be entered before the first thread starts: Landlock binds the calling thread and those that
 * it starts. There is no way back.
 */
#ifndef BROKER_IO_SANDBOX_H
#define BROKER_IO_SANDBOX_H

#include <stdbool.h>

enum sandbox_access {
    SANDBOX_READ, /* files and folders below */
    SANDBOX_WRITE /* the same, and to write, make, rename and remove them */
};

struct sandbox {
    int ruleset_fd;   /* -1: no Landlock */
    int landlock_abi; /* 0: the kernel has none, or it is off */
    int enterable_fd; /* -1: none */
};

/* What holds after sandbox_enter(). */
struct sandbox_report {
    int landlock_abi;    /* 0: files are as before */
    bool system_calls;   /* a filter is in force */
    const char *missing; /* static text: what the kernel does not let us do, NULL if nothing */
};

/* Nothing is given up yet. */
void sandbox_begin(struct sandbox *sandbox);
/* Keeps access to what is at path and below it. A path that does not exist is passed over. false:
 * see errno. */
bool sandbox_allow(struct sandbox *sandbox, const char *path, enum sandbox_access access);
/* Keeps access to the folder that the file is in, since files are replaced by renaming others. */
bool sandbox_allow_folder_of(struct sandbox *sandbox, const char *file,
                             enum sandbox_access access);
/* What every process needs: libraries, name and time service, the null device. */
bool sandbox_allow_system(struct sandbox *sandbox);
/* Keeps io_uring_enter(2) for the ring of that descriptor, which was made before. None can be made
 * inside. */
void sandbox_allow_ring(struct sandbox *sandbox, int ring_fd);
/* Gives up all that is not kept. What the kernel lacks is reported, and no failure. false: see
 * errno; the process is in no defined state and should end. */
bool sandbox_enter(struct sandbox *sandbox, struct sandbox_report *out);
/* Forgets what was begun, without entering. */
void sandbox_abandon(struct sandbox *sandbox);

#endif
