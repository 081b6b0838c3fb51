/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Which files and folders a configuration names: a column of the table of options says so.
 */
#include <string.h>

#include "broker/io/config.h"

struct visit {
    bool (*call)(void *ctx, const char *path, bool is_written);
    void *ctx;
};

static bool visit_scope(const struct visit *visit, enum config_scope scope, const void *values) {
    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        char *path = NULL;
        if (option->scope != scope || option->type != CONFIG_PATH ||
            option->status != CONFIG_SUPPORTED)
            continue;
        memcpy(&path, (const char *)values + option->offset, sizeof path);
        if (path != NULL && !visit->call(visit->ctx, path, option->writes))
            return false;
    }
    return true;
}

static bool visit_listener(const struct visit *visit, const struct config_listener *listener) {
    if (listener->port == 0 && !visit->call(visit->ctx, listener->address, true))
        return false;
    const char *const files[] = {listener->psk_file, listener->password_file, listener->acl_file};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (files[i] != NULL && !visit->call(visit->ctx, files[i], false))
            return false;
    }
    return visit_scope(visit, CONFIG_LISTENER, listener);
}

bool config_visit_paths(const struct config *config,
                        bool (*visit)(void *ctx, const char *path, bool is_written), void *ctx) {
    const struct visit all = {.call = visit, .ctx = ctx};
    bool goes_on = visit_scope(&all, CONFIG_GENERAL, config);
    if (goes_on && config->log_file != NULL)
        goes_on = visit(ctx, config->log_file, true);
    const char *const files[] = {config->psk_file, config->password_file, config->acl_file};
    for (size_t i = 0; goes_on && i < sizeof files / sizeof files[0]; i++)
        goes_on = files[i] == NULL || visit(ctx, files[i], false);
    if (goes_on && config->persistence && config->persistence_location == NULL)
        goes_on = visit(ctx, ".", true);
    for (uint32_t i = 0; goes_on && i < config->include_dir_count; i++)
        goes_on = visit(ctx, config->include_dirs[i], false);
    for (uint32_t i = 0; goes_on && i < config->listener_count; i++)
        goes_on = visit_listener(&all, &config->listeners[i]);
    return goes_on;
}
