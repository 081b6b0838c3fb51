/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * From a configuration to a sandbox; see confine.h.
 */
#include "broker/io/confine.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "broker/io/sandbox.h"

static bool allow(void *ctx, const char *path, bool is_written) {
    struct sandbox *sandbox = ctx;
    struct stat status;
    const enum sandbox_access access = is_written ? SANDBOX_WRITE : SANDBOX_READ;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return sandbox_allow(sandbox, path, access);
    return sandbox_allow_folder_of(sandbox, path, access);
}

static bool failed(struct log *log, struct sandbox *sandbox) {
    log_say(log, LOG_TYPE_ERROR, "sandbox: %s; \"sandbox false\" does without", strerror(errno));
    sandbox_abandon(sandbox);
    return false;
}

bool confine(const struct config *config, const char *config_file, int ring_fd, struct log *log) {
    struct sandbox sandbox;
    struct sandbox_report report;
    if (!config->sandbox) {
        log_say(log, LOG_TYPE_WARNING, "there is no sandbox: the configuration says so");
        return true;
    }
    sandbox_begin(&sandbox);
    sandbox_allow_ring(&sandbox, ring_fd);
    if (!sandbox_allow_system(&sandbox) ||
        (config_file != NULL && !allow(&sandbox, config_file, false)) ||
        !config_visit_paths(config, allow, &sandbox) || !sandbox_enter(&sandbox, &report))
        return failed(log, &sandbox);
    if (report.missing != NULL)
        log_say(log, LOG_TYPE_WARNING, "the sandbox is not whole: %s", report.missing);
    log_say(log, LOG_TYPE_INFORMATION, "sandbox: files %s, system calls %s",
            report.landlock_abi > 0 ? "limited" : "not limited",
            report.system_calls ? "limited" : "not limited");
    return true;
}
