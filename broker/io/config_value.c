/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Configuration values: text to bool, number, duration and string, with the rules of config.h. It
 * knows no option by name.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "broker/io/config_parser.h"
#include "libella/codec.h"

#define HOUR_S 3600u
#define DAY_S (24u * HOUR_S)

/* Whoever wrote a comment there needs to know that it is none. */
static const char *comment_advice(const char *value) {
    return strchr(value, '#') == NULL ? "" : "; a comment needs a line of its own";
}

bool config_value_bool(const struct config_parser *parser, const char *value, bool *out) {
    const bool yes = strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
    const bool no = strcmp(value, "false") == 0 || strcmp(value, "0") == 0;
    if (!yes && !no)
        return config_fail(parser, "%s must be true or false, not \"%s\"%s", parser->option->name,
                           value, comment_advice(value));
    *out = yes;
    return true;
}

bool config_value_number(const struct config_parser *parser, const char *value, int64_t minimum,
                         uint64_t maximum, int64_t *out) {
    const char *name = parser->option->name;
    if (*value == '\0')
        return config_fail(parser, "%s needs a number", name);
    char *end = NULL;
    errno = 0;
    const long long number = strtoll(value, &end, 0);
    if (end == value || *end != '\0')
        return config_fail(parser, "%s must be a number, not \"%s\"%s", name, value,
                           comment_advice(value));
    if (errno == ERANGE || number < minimum || (number > 0 && (uint64_t)number > maximum))
        return config_fail(parser, "%s must be between %" PRId64 " and %" PRIu64 ", not %s", name,
                           minimum, maximum, value);
    *out = number;
    return true;
}

static bool check_string(const struct config_parser *parser, const char *value) {
    const size_t len = strlen(value);
    if (len == 0)
        return config_fail(parser, "%s needs a value", parser->option->name);
    if (len > CONFIG_STRING_LEN_MAX)
        return config_fail(parser, "%s is longer than %u bytes", parser->option->name,
                           CONFIG_STRING_LEN_MAX);
    const struct ella_utf8 utf8 = ella_utf8_check((const uint8_t *)value, 0, (uint32_t)len);
    if (utf8.error != ELLA_ERROR_NONE)
        return config_fail(parser, "%s is not valid UTF-8", parser->option->name);
    return true;
}

bool config_value_string(const struct config_parser *parser, const char *value, char **target) {
    if (!check_string(parser, value))
        return false;
    if (*target != NULL)
        return config_fail(parser, "%s is given twice", parser->option->name);
    *target = strdup(value);
    return *target != NULL || config_fail(parser, "no memory");
}

/* A file that is not there is the affair of who reads it. */
static bool check_exposure(const struct config_parser *parser, const char *path) {
    struct stat status;
    if (!parser->option->secret)
        return true;
    parser->config->has_secrets = true;
    if (parser->config->allow_exposed_files || stat(path, &status) != 0 ||
        (status.st_mode & (S_IROTH | S_IWOTH)) == 0)
        return true;
    return config_fail(parser,
                       "%s %s: every user of this machine may %s it (mode %04o); chmod o= it, or "
                       "write allow_exposed_files true above this line",
                       parser->option->name, path,
                       (status.st_mode & S_IROTH) != 0 ? "read" : "write",
                       (unsigned)status.st_mode & 07777u);
}

/* The words stand in the table as people read them: "text | json". */
static bool set_choice(const struct config_parser *parser, void *target, const char *value) {
    const size_t len = strlen(value);
    uint8_t index = 0;
    for (const char *word = parser->option->argument; *word != '\0'; index++) {
        const size_t word_len = strcspn(word, " |");
        if (word_len == len && strncmp(word, value, len) == 0) {
            *(uint8_t *)target = index;
            return true;
        }
        word += word_len;
        word += strspn(word, " |");
    }
    return config_fail(parser, "%s must be %s, not \"%s\"", parser->option->name,
                       parser->option->argument, value);
}

bool config_value_path(const struct config_parser *parser, const char *value, char **target) {
    return config_value_string(parser, value, target) && check_exposure(parser, value);
}

static bool set_text(struct config_parser *parser, char *target, const char *value) {
    const size_t row = (size_t)(parser->option - config_options);
    if (!check_string(parser, value))
        return false;
    if (strlen(value) > parser->option->maximum)
        return config_fail(parser, "%s is longer than %" PRIu64 " bytes", parser->option->name,
                           parser->option->maximum);
    if (parser->reading->text_seen[row])
        return config_fail(parser, "%s is given twice", parser->option->name);
    parser->reading->text_seen[row] = true;
    memcpy(target, value, strlen(value) + 1);
    return true;
}

/* 0: no such unit. */
static uint32_t unit_seconds(char unit) {
    switch (unit) {
    case 's':
        return 1;
    case 'h':
        return HOUR_S;
    case 'd':
        return DAY_S;
    case 'w':
        return 7u * DAY_S;
    case 'm':
        return 30u * DAY_S;
    case 'y':
        return 365u * DAY_S;
    default:
        return 0;
    }
}

static bool set_duration(const struct config_parser *parser, void *target, const char *value) {
    char *end = NULL;
    errno = 0;
    const unsigned long long number = strtoull(value, &end, 10);
    const uint32_t unit = end != value && *end != '\0' && end[1] == '\0' ? unit_seconds(*end) : 0;
    if (unit == 0 || *value < '0' || *value > '9')
        return config_fail(parser, "%s must be a number and one of s h d w m y, not \"%s\"",
                           parser->option->name, value);
    if (errno == ERANGE || number > parser->option->maximum / unit || number == 0)
        return config_fail(parser, "%s must be between 1 and %" PRIu64 " seconds",
                           parser->option->name, parser->option->maximum);
    const uint32_t seconds = (uint32_t)number * unit;
    memcpy(target, &seconds, sizeof seconds);
    return true;
}

static void store(enum config_type type, void *target, int64_t number) {
    const uint8_t as_8 = (uint8_t)number;
    const uint16_t as_16 = (uint16_t)number;
    const uint64_t as_64 = (uint64_t)number;
    uint32_t as_32 = (uint32_t)number;
    switch (type) {
    case CONFIG_U8:
        memcpy(target, &as_8, sizeof as_8);
        return;
    case CONFIG_U16:
        memcpy(target, &as_16, sizeof as_16);
        return;
    case CONFIG_U64:
        memcpy(target, &as_64, sizeof as_64);
        return;
    case CONFIG_LIMIT:
        as_32 = number < 0 ? 0 : as_32;
        break;
    case CONFIG_SECONDS:
        as_32 = as_32 * 1000u;
        break;
    default:
        break;
    }
    memcpy(target, &as_32, sizeof as_32);
}

static bool set_number(struct config_parser *parser, void *target, const char *value) {
    const struct config_option *option = parser->option;
    const int64_t minimum = option->type == CONFIG_LIMIT ? -1 : (int64_t)option->minimum;
    int64_t number = 0;
    if (!config_value_number(parser, value, minimum, option->maximum, &number))
        return false;
    store(option->type, target, number);
    return true;
}

bool config_value_set(struct config_parser *parser, void *target, char *value) {
    bool yes = false;
    switch (parser->option->type) {
    case CONFIG_BOOL:
        return config_value_bool(parser, value, target);
    case CONFIG_ANSWER:
        if (!config_value_bool(parser, value, &yes))
            return false;
        *(uint8_t *)target = yes ? CONFIG_YES : CONFIG_NO;
        return true;
    case CONFIG_STRING:
        return config_value_string(parser, value, target);
    case CONFIG_PATH:
        return config_value_path(parser, value, target);
    case CONFIG_CHOICE:
        return set_choice(parser, target, value);
    case CONFIG_TEXT:
        return set_text(parser, target, value);
    case CONFIG_DURATION:
        return set_duration(parser, target, value);
    case CONFIG_SPECIAL:
        return parser->option->set(parser, value);
    default:
        return set_number(parser, target, value);
    }
}
