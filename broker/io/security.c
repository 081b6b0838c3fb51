/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * From paths to tables; see security.h.
 */
#include "broker/io/security.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#define MESSAGE_SIZE 1024u

struct file {
    const char *path;
    const struct config_reporter *reporter;
    uint8_t *bytes;
    size_t len;
    uint64_t seed;
};

/* ---- Messages ---- */

static void tell(const struct file *file, bool is_error, uint32_t line, const char *text) {
    char message[MESSAGE_SIZE];
    if (line > 0)
        snprintf(message, sizeof message, "%s:%u: %s", file->path, (unsigned)line, text);
    else
        snprintf(message, sizeof message, "%s: %s", file->path, text);
    file->reporter->report(file->reporter->ctx, is_error, message);
}

static void report_fault(void *ctx, uint32_t line, const char *text) {
    tell(ctx, true, line, text);
}

static void report_remark(void *ctx, uint32_t line, const char *text) {
    tell(ctx, false, line, text);
}

static bool failed(const struct file *file, const char *why) {
    tell(file, true, 0, why);
    return false;
}

/* ---- Bytes ---- */

static bool read_stream(struct file *file, FILE *stream) {
    struct stat status;
    if (fstat(fileno(stream), &status) != 0)
        return failed(file, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return failed(file, "is not a file");
    if (status.st_size > (off_t)SECURITY_FILE_BYTES_MAX)
        return failed(file, "is larger than 256 MiB");
    const size_t size = (size_t)status.st_size;
    file->bytes = malloc(size + 1);
    if (file->bytes == NULL)
        return failed(file, "no memory");
    file->len = fread(file->bytes, 1, size, stream);
    return ferror(stream) == 0 || failed(file, strerror(errno));
}

static bool read_file(struct file *file) {
    if (getrandom(&file->seed, sizeof file->seed, 0) != (ssize_t)sizeof file->seed)
        return failed(file, "no random numbers");
    FILE *stream = fopen(file->path, "re");
    if (stream == NULL)
        return failed(file, strerror(errno));
    /* The stream's own buffer would keep a copy. */
    setvbuf(stream, NULL, _IONBF, 0);
    const bool good = read_stream(file, stream);
    fclose(stream);
    return good;
}

static void forget(struct file *file) {
    if (file->bytes != NULL)
        OPENSSL_cleanse(file->bytes, file->len);
    free(file->bytes);
}

/* ---- Tables ---- */

static bool read_passwords(struct security *out, const char *path,
                           const struct config_reporter *reporter) {
    struct file file = {.path = path, .reporter = reporter};
    const struct fault_reporter faults = {&file, report_fault, report_remark};
    if (path == NULL)
        return true;
    if (read_file(&file))
        out->passwords = password_file_parse(file.bytes, file.len, file.seed, &faults);
    forget(&file);
    return out->passwords != NULL;
}

static bool read_acl(struct security *out, const char *path,
                     const struct config_reporter *reporter) {
    struct file file = {.path = path, .reporter = reporter};
    const struct fault_reporter faults = {&file, report_fault, report_remark};
    if (path == NULL)
        return true;
    if (read_file(&file))
        out->acl = acl_file_parse(file.bytes, file.len, file.seed, &faults);
    forget(&file);
    return out->acl != NULL;
}

bool security_read(struct security *out, const struct security_paths *paths,
                   const struct config_reporter *reporter) {
    *out = (struct security){NULL, NULL};
    /* Both are read, so that one reading tells all faults. */
    const bool passwords = read_passwords(out, paths->password_file, reporter);
    const bool acl = read_acl(out, paths->acl_file, reporter);
    if (passwords && acl)
        return true;
    security_free(out);
    return false;
}

void security_free(struct security *security) {
    password_table_free(security->passwords);
    acl_free(security->acl);
    *security = (struct security){NULL, NULL};
}

/* ---- Sets ---- */

static struct security_paths paths_of(const struct config *config, uint32_t index) {
    if (!config->per_listener_settings)
        return (struct security_paths){config->password_file, config->acl_file};
    return (struct security_paths){config->listeners[index].password_file,
                                   config->listeners[index].acl_file};
}

bool security_read_set(struct security_set *out, const struct config *config,
                       const struct config_reporter *reporter) {
    const uint32_t count = config->per_listener_settings ? config->listener_count : 1;
    bool good = true;
    *out = (struct security_set){.members = calloc(count, sizeof *out->members), .count = count};
    if (out->members == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct security_paths paths = paths_of(config, i);
        good = security_read(&out->members[i], &paths, reporter) && good;
    }
    if (!good)
        security_free_set(out);
    return good;
}

void security_free_set(struct security_set *set) {
    for (uint32_t i = 0; i < set->count; i++)
        security_free(&set->members[i]);
    free(set->members);
    *set = (struct security_set){NULL, 0};
}

const struct security *security_of(const struct security_set *set, uint32_t listener_index) {
    static const struct security none = {NULL, NULL};
    if (set == NULL || set->count == 0)
        return &none;
    return &set->members[set->count == 1 ? 0 : listener_index];
}

bool security_has_acl(const struct security_set *set) {
    for (uint32_t i = 0; set != NULL && i < set->count; i++) {
        if (set->members[i].acl != NULL)
            return true;
    }
    return false;
}
