/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * libella-passwd: makes and changes password files, with the options of mosquitto_passwd.
 *
 * Exit status: 0 done; 1 not done, and the file is as it was; 2 the command line is wrong.
 */
#include <errno.h>
#include <getopt.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/security/password_hash.h"
#include "tools/passwd/password_text.h"
#include "tools/passwd/replace_file.h"
#include "tools/passwd/terminal.h"

static const char help_text[] =
    "libella-passwd: makes and changes password files of libellad and mosquitto\n"
    "\n"
    "usage: libella-passwd [-H HASH] [-I COST] [-c | -D] FILE USER\n"
    "       libella-passwd [-H HASH] [-I COST] [-c] -b FILE USER PASSWORD\n"
    "       libella-passwd [-H HASH] [-I COST] -U FILE\n"
    "       libella-passwd --help | --version\n"
    "\n"
    "  -b    take the password from the command line, where others can see it, and do not ask\n"
    "  -c    begin a new file; an old one is replaced; - is standard output\n"
    "  -D    delete the user\n"
    "  -U    hash the passwords of a file that has them in plain text\n"
    "  -H    how to hash:\n"
    "          sha512-pbkdf2  every mosquitto reads it (default)\n"
    "          argon2id       costs memory as well: hardest to guess; mosquitto 2.1 and later\n"
    "          scram-sha-256  for SCRAM, where the password never leaves the client; libellad\n"
    "                         only; plain logins work as well\n"
    "          sha512         weak: with --allow-weak only\n"
    "  -I    cost: iterations (20000; 1000 at least, 4096 for scram-sha-256), or passes over 46\n"
    "        MiB of memory for argon2id (1)\n"
    "      --allow-weak  take a cost below that\n"
    "\n"
    "Without -b the password is asked for twice at the terminal, or read as a line of standard\n"
    "input. The file is replaced as a whole; libellad reads it again on SIGHUP.\n";

/* Mosquitto up to 2.0 reads salts of this length only. */
#define SALT_LEN_PBKDF2 12u
#define SALT_LEN_SCRAM 16u
#define LEN_ARGON2 64u
#define ARGON2_KIB 47104u
#define ARGON2_VERSION 19u

struct method {
    const char *name;
    enum password_kind kind;
    uint32_t cost;     /* unless -I says otherwise */
    uint32_t cost_min; /* unless --allow-weak */
    uint32_t cost_max;
    uint32_t salt_len;
    bool is_weak;
};

static const struct method methods[] = {
    {"sha512-pbkdf2", PASSWORD_PBKDF2, 20000, 1000, PASSWORD_ITERATIONS_MAX, SALT_LEN_PBKDF2,
     false},
    {"argon2id", PASSWORD_ARGON2ID, 1, 1, PASSWORD_ARGON2_PASSES_MAX, LEN_ARGON2, false},
    {"scram-sha-256", PASSWORD_SCRAM, 20000, 4096, PASSWORD_ITERATIONS_MAX, SALT_LEN_SCRAM, false},
    {"sha512", PASSWORD_SHA512, 1, 1, 1, SALT_LEN_PBKDF2, true},
};

struct task {
    const struct method *method;
    uint32_t cost; /* 0: the method's own */
    bool batch;
    bool create;
    bool delete_user;
    bool upgrade;
    bool allow_weak;
    const char *file;
    const char *user;
    char *password; /* -b */
};

/* ---- Command line ---- */

static int usage_error(const char *text, const char *detail) {
    fprintf(stderr, "libella-passwd: %s%s\nlibella-passwd: try --help\n", text, detail);
    return 2;
}

static bool set_method(struct task *task, const char *name) {
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(name, methods[i].name) == 0) {
            task->method = &methods[i];
            return true;
        }
    }
    return usage_error("there is no such hash: ", name) == 0;
}

static bool set_cost(struct task *task, const char *text) {
    char *end = NULL;
    errno = 0;
    const unsigned long cost = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || cost == 0 ||
        cost > PASSWORD_ITERATIONS_MAX)
        return usage_error("a cost is a number from 1 to 10000000, not ", text) == 0;
    task->cost = (uint32_t)cost;
    return true;
}

enum long_option {
    OPTION_ALLOW_WEAK = 256,
    OPTION_VERSION
};

/* -1: go on; else the exit status. */
static int take_option(struct task *task, int option, const char *value) {
    switch (option) {
    case 'b':
        task->batch = true;
        return -1;
    case 'c':
        task->create = true;
        return -1;
    case 'D':
        task->delete_user = true;
        return -1;
    case 'U':
        task->upgrade = true;
        return -1;
    case 'H':
        return set_method(task, value) ? -1 : 2;
    case 'I':
        return set_cost(task, value) ? -1 : 2;
    case OPTION_ALLOW_WEAK:
        task->allow_weak = true;
        return -1;
    case OPTION_VERSION:
        puts("libella-passwd version 0.1.0");
        return 0;
    case 'h':
        fputs(help_text, stdout);
        return 0;
    default: /* getopt has said what is wrong */
        fputs("libella-passwd: try --help\n", stderr);
        return 2;
    }
}

static int check_options(const struct task *task) {
    const uint32_t cost = task->cost != 0 ? task->cost : task->method->cost;
    if (task->create && task->delete_user)
        return usage_error("-c and -D exclude each other", "");
    if (task->create && task->upgrade)
        return usage_error("-c and -U exclude each other", "");
    if (task->delete_user && task->upgrade)
        return usage_error("-D and -U exclude each other", "");
    if (task->delete_user && task->batch)
        return usage_error("-D and -b exclude each other", "");
    if (task->batch && task->upgrade)
        return usage_error("-b and -U exclude each other", "");
    if (cost > task->method->cost_max)
        return usage_error("the cost is too high for ", task->method->name);
    if (!task->allow_weak && (task->method->is_weak || cost < task->method->cost_min))
        return usage_error("that would be easy to guess (--allow-weak takes it all the same): ",
                           task->method->name);
    return -1;
}

static int take_arguments(struct task *task, int argc, char **argv) {
    const int wanted = task->upgrade ? 1 : task->batch ? 3 : 2;
    if (argc - optind != wanted)
        return usage_error(task->upgrade ? "-U takes a FILE"
                           : task->batch ? "-b takes FILE, USER and PASSWORD"
                                         : "FILE and USER are needed",
                           "");
    task->file = argv[optind];
    task->user = wanted > 1 ? argv[optind + 1] : NULL;
    task->password = wanted > 2 ? argv[optind + 2] : NULL;
    const char *fault = task->user == NULL ? NULL : password_text_check_user(task->user);
    return fault == NULL ? -1 : usage_error(fault, "");
}

static int parse(struct task *task, int argc, char **argv) {
    static const struct option names[] = {{"allow-weak", no_argument, NULL, OPTION_ALLOW_WEAK},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, OPTION_VERSION},
                                          {NULL, 0, NULL, 0}};
    int option = 0;
    while ((option = getopt_long(argc, argv, "bcDUH:I:h", names, NULL)) != -1) {
        const int status = take_option(task, option, optarg);
        if (status >= 0)
            return status;
    }
    const int status = check_options(task);
    return status >= 0 ? status : take_arguments(task, argc, argv);
}

/* ---- Passwords ---- */

static int failed(const char *what, const char *why) {
    fprintf(stderr, "libella-passwd: %s: %s\n", what, why);
    return 1;
}

static bool make_hash(void *ctx, const char *password, size_t password_len, char *out) {
    const struct task *task = ctx;
    struct password_hash hash = {.kind = task->method->kind,
                                 .iterations = task->cost != 0 ? task->cost : task->method->cost,
                                 .salt_len = task->method->salt_len};
    if (hash.kind == PASSWORD_ARGON2ID) {
        hash.memory_kib = ARGON2_KIB;
        hash.lanes = 1;
        hash.version = ARGON2_VERSION;
        hash.digest_len = LEN_ARGON2;
    }
    const bool good = RAND_bytes(hash.salt, (int)hash.salt_len) == 1 &&
                      password_hash_derive(&hash, (const uint8_t *)password, password_len);
    if (good)
        password_hash_text(&hash, out);
    OPENSSL_cleanse(&hash, sizeof hash);
    return good;
}

static bool ask_twice(char *password, size_t *len) {
    static char again[TERMINAL_PASSWORD_LEN_MAX + 1];
    size_t again_len = 0;
    if (!terminal_ask("Password: ", password, len) ||
        !terminal_ask("Reenter password: ", again, &again_len)) {
        failed("password", "none was given, or it is too long");
        return false;
    }
    const bool same = *len == again_len && memcmp(password, again, again_len) == 0;
    OPENSSL_cleanse(again, sizeof again);
    if (!same)
        failed("password", "the two are not the same");
    return same;
}

static bool get_password(const struct task *task, char *password, size_t *len) {
    if (!task->batch && !ask_twice(password, len))
        return false;
    if (task->batch) {
        *len = strlen(task->password);
        if (*len <= TERMINAL_PASSWORD_LEN_MAX)
            memcpy(password, task->password, *len);
        OPENSSL_cleanse(task->password, *len); /* out of the list of processes */
    }
    if (*len > 0 && *len <= TERMINAL_PASSWORD_LEN_MAX)
        return true;
    failed("password", *len == 0 ? "is empty" : "is longer than 65535 bytes");
    return false;
}

/* The hash of the password that is given or asked for. */
static bool get_hash(struct task *task, char *hash) {
    static char password[TERMINAL_PASSWORD_LEN_MAX + 1];
    size_t len = 0;
    bool good = get_password(task, password, &len);
    if (good && !make_hash(task, password, len, hash)) {
        failed("password", "no memory or no random numbers to hash it");
        good = false;
    }
    OPENSSL_cleanse(password, sizeof password);
    return good;
}

/* ---- The file ---- */

static int replace(const struct whole_file *file, struct password_text *text) {
    const bool good = whole_file_replace(file, text->text, text->len);
    return good ? 0 : failed(file->path, strerror(errno));
}

static int set_user(struct task *task, const struct whole_file *file) {
    char hash[PASSWORD_TEXT_SIZE];
    struct password_text text = {NULL, 0};
    if (!task->create && !file->exists)
        return failed(file->path, "does not exist; -c makes a new file");
    if (!get_hash(task, hash))
        return 1;
    const enum password_text_result result =
        password_text_set(file->text, task->create ? 0 : file->len, task->user, hash, &text);
    int status =
        result == PASSWORD_TEXT_NO_MEMORY ? failed(file->path, "no memory") : replace(file, &text);
    if (status == 0)
        printf("%s password for user %s\n",
               result == PASSWORD_TEXT_CHANGED ? "Updating" : "Adding", task->user);
    password_text_free(&text);
    return status;
}

/* -c -: the line goes to standard output. */
static int print_user(struct task *task) {
    char hash[PASSWORD_TEXT_SIZE];
    if (!get_hash(task, hash))
        return 1;
    printf("%s:%s\n", task->user, hash);
    return 0;
}

static int delete_user(const struct task *task, const struct whole_file *file) {
    struct password_text text = {NULL, 0};
    if (!file->exists)
        return failed(file->path, strerror(ENOENT));
    int status = 0;
    switch (password_text_delete(file->text, file->len, task->user, &text)) {
    case PASSWORD_TEXT_NO_MEMORY:
        status = failed(file->path, "no memory");
        break;
    case PASSWORD_TEXT_UNCHANGED:
        status = failed(task->user, "there is no such user in the file");
        break;
    default:
        status = replace(file, &text);
        break;
    }
    password_text_free(&text);
    return status;
}

static int upgrade(struct task *task, const struct whole_file *file) {
    const struct password_text_hasher hasher = {.ctx = task, .hash = make_hash};
    struct password_text text = {NULL, 0};
    uint32_t bad_line = 0;
    if (!file->exists)
        return failed(file->path, strerror(ENOENT));
    const enum password_text_result result =
        password_text_upgrade(file->text, file->len, &hasher, &text, &bad_line);
    int status = 0;
    if (bad_line != 0) {
        fprintf(stderr, "libella-passwd: %s:%u: not of the form NAME:PASSWORD\n", file->path,
                (unsigned)bad_line);
        status = 1;
    } else if (result == PASSWORD_TEXT_NO_MEMORY) {
        status = failed(file->path, "no memory or no random numbers");
    } else if (result == PASSWORD_TEXT_CHANGED) {
        status = replace(file, &text);
    }
    password_text_free(&text);
    return status;
}

int main(int argc, char **argv) {
    struct task task = {.method = &methods[0]};
    struct whole_file file;
    int status = parse(&task, argc, argv);
    if (status >= 0)
        return status;
    if (task.create && strcmp(task.file, "-") == 0)
        return print_user(&task);
    if (!whole_file_open(&file, task.file))
        status = failed(task.file, strerror(errno));
    else if (task.upgrade)
        status = upgrade(&task, &file);
    else if (task.delete_user)
        status = delete_user(&task, &file);
    else
        status = set_user(&task, &file);
    whole_file_close(&file);
    return status;
}
