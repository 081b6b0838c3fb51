/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * libellad: reads the command line and the configuration, opens what is to be served, becomes who
 * it should be, and runs the loop until a signal ends it. It knows nothing of packets.
 *
 * Exit status: 0 an orderly end, also of --help, --version and --test-config; 1 the broker could
 * not start; 2 the command line is wrong; 3 the configuration is wrong; 4 --explain-acl: denied.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "broker/explain_acl.h"
#include "broker/io/audit.h"
#include "broker/io/config.h"
#include "broker/io/confine.h"
#include "broker/io/listener.h"
#include "broker/io/log.h"
#include "broker/io/loop.h"
#include "broker/io/process.h"
#include "broker/io/reread.h"
#include "broker/io/security.h"
#include "broker/io/signals.h"

#define LIBELLAD_VERSION "0.1.0"
/* Nothing needs the loop to come back sooner than what is due in it. */
#define WAIT_MAX_MS LOOP_WAIT_MAX_MS

enum exit_status {
    EXIT_ORDERLY = 0,
    EXIT_NOT_STARTED = 1,
    EXIT_USAGE = 2,
    EXIT_CONFIG = 3,
    EXIT_DENIED = 4
};

enum task {
    TASK_RUN,
    TASK_TEST_CONFIG,
    TASK_EXPLAIN_ACL,
    TASK_HELP,
    TASK_VERSION,
    TASK_DESCRIBE
};

struct program {
    enum task task;
    enum config_form form; /* of TASK_DESCRIBE */
    struct config_command_line command_line;
    struct explain_question question; /* of TASK_EXPLAIN_ACL */
    struct config config;
    struct security_set security;
    struct log log;
    struct audit audit;
    struct listener_set listeners;
    struct process_user user;
    int ready_fd;            /* of a daemon, until it runs */
    struct storage *storage; /* NULL: without persistence */
    struct poller poller;
    struct loop *loop;
    struct reread *reread;
    int signal_fd;
};

static const char help_text[] =
    "libellad " LIBELLAD_VERSION ", an MQTT 5.0, 3.1.1 and 3.1 broker\n"
    "\n"
    "usage: libellad [-c FILE] [-p PORT]... [-d] [-v | -q] [--poller epoll|poll|uring]\n"
    "       libellad --test-config -c FILE\n"
    "       libellad -c FILE --explain-acl USER CLIENT read|write TOPIC\n"
    "       libellad --help | --version | --describe-options FORM\n"
    "\n"
    "  -c, --config-file FILE  read this file, written as mosquitto.conf\n"
    "  -p, --port PORT         listen on this port of this machine only, when no listener is\n"
    "                          configured; up to 10 times; 1883 if not given\n"
    "  -d, --daemon            run in the background\n"
    "  -v, --verbose           log everything\n"
    "  -q, --quiet             log nothing\n"
    "      --test-config       tell every mistake in the file, and end\n"
    "      --explain-acl       tell which line of the acl_file decides whether a client may\n"
    "                          receive (read) or publish (write) a topic, and end in 0 if it\n"
    "                          may, in 4 if not; USER \"\" is a client without user name\n"
    "      --poller KIND       wait with epoll or poll; uring: epoll, and send by\n"
    "                          io_uring\n"
    "      --describe-options  print the table of options of the file, and end: as markdown,\n"
    "                          man, or from-mosquitto\n"
    "  -h, --help              print this, and end\n"
    "      --version           print the version, and end\n"
    "\n"
    "Without -c, or without a listener in the file, only this machine can connect, and anybody\n"
    "on it may.\n";

/* ---- Command line ---- */

static bool usage_error(const char *text, const char *detail) {
    fprintf(stderr, "libellad: %s%s\n", text, detail);
    fputs("libellad: try --help\n", stderr);
    return false;
}

static bool add_port(struct config_command_line *command_line, const char *text) {
    char *end = NULL;
    errno = 0;
    const unsigned long port = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || port == 0 || port > UINT16_MAX)
        return usage_error("a port is a number from 1 to 65535, not ", text);
    if (command_line->port_count == CONFIG_PORTS_MAX)
        return usage_error("too many ports, the last was ", text);
    command_line->ports[command_line->port_count++] = (uint16_t)port;
    return true;
}

static bool set_poller(struct config_command_line *command_line, const char *name) {
    if (poller_find(name) == NULL)
        return usage_error("there is no such poller: ", name);
    command_line->poller = name;
    return true;
}

static bool set_form(struct program *program, const char *name) {
    program->task = TASK_DESCRIBE;
    static const char *const names[] = {[CONFIG_AS_MARKDOWN] = "markdown",
                                        [CONFIG_AS_MAN] = "man",
                                        [CONFIG_FROM_MOSQUITTO] = "from-mosquitto"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        program->form = (enum config_form)i;
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return usage_error("options are described as markdown, man or from-mosquitto, not as ", name);
}

enum long_option {
    OPTION_VERSION = 256,
    OPTION_TEST,
    OPTION_EXPLAIN,
    OPTION_POLLER,
    OPTION_DESCRIBE
};

static bool take_option(struct program *program, int option, const char *value) {
    struct config_command_line *command_line = &program->command_line;
    switch (option) {
    case 'c':
        command_line->file = value;
        return true;
    case 'p':
        return add_port(command_line, value);
    case 'd':
        command_line->daemon = true;
        return true;
    case 'v':
        command_line->verbose = true;
        return true;
    case 'q':
        command_line->quiet = true;
        return true;
    case 'h':
        program->task = TASK_HELP;
        return true;
    case OPTION_VERSION:
        program->task = TASK_VERSION;
        return true;
    case OPTION_TEST:
        program->task = TASK_TEST_CONFIG;
        return true;
    case OPTION_EXPLAIN:
        program->task = TASK_EXPLAIN_ACL;
        program->question.user = value;
        return true;
    case OPTION_POLLER:
        return set_poller(command_line, value);
    case OPTION_DESCRIBE:
        return set_form(program, value);
    default: /* getopt has said what is wrong */
        fputs("libellad: try --help\n", stderr);
        return false;
    }
}

/* What stands behind --explain-acl USER. */
static bool take_question(struct program *program, int argc, char **argv) {
    if (argc - optind < 3 || program->command_line.file == NULL)
        return usage_error("--explain-acl needs -c FILE before it, and USER CLIENT read|write "
                           "TOPIC behind it",
                           "");
    program->question.client_id = argv[optind++];
    program->question.access = argv[optind++];
    program->question.topic = argv[optind++];
    return true;
}

static bool parse_arguments(struct program *program, int argc, char **argv) {
    static const struct option names[] = {
        {"config-file", required_argument, NULL, 'c'},
        {"port", required_argument, NULL, 'p'},
        {"daemon", no_argument, NULL, 'd'},
        {"verbose", no_argument, NULL, 'v'},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, OPTION_VERSION},
        {"test-config", no_argument, NULL, OPTION_TEST},
        {"explain-acl", required_argument, NULL, OPTION_EXPLAIN},
        {"poller", required_argument, NULL, OPTION_POLLER},
        {"describe-options", required_argument, NULL, OPTION_DESCRIBE},
        {NULL, 0, NULL, 0}};
    int option = 0;
    while ((option = getopt_long(argc, argv, "c:p:dvqh", names, NULL)) != -1) {
        if (!take_option(program, option, optarg))
            return false;
    }
    if (program->task == TASK_EXPLAIN_ACL && !take_question(program, argc, argv))
        return false;
    if (optind < argc)
        return usage_error("what is this for: ", argv[optind]);
    const struct config_command_line *command_line = &program->command_line;
    if (command_line->verbose && command_line->quiet)
        return usage_error("-v and -q exclude each other", "");
    if (program->task == TASK_TEST_CONFIG && command_line->file == NULL)
        return usage_error("--test-config needs -c FILE", "");
    return true;
}

/* ---- Configuration ---- */

static void report(void *context, bool is_error, const char *text) {
    struct program *program = context;
    log_say(&program->log, is_error ? LOG_TYPE_ERROR : LOG_TYPE_WARNING, "%s", text);
}

static bool has_poller(struct program *program, const struct config *config) {
    if (config->poller == NULL || poller_find(config->poller) != NULL)
        return true;
    log_say(&program->log, LOG_TYPE_ERROR, "there is no such poller: %s", config->poller);
    return false;
}

static bool read_config(struct program *program, struct config *config) {
    const struct config_reporter reporter = {.ctx = program, .report = report};
    config_init(config);
    return config_read(config, &program->command_line, &reporter) && has_poller(program, config);
}

static bool read_security(struct program *program, const struct config *config,
                          struct security_set *out) {
    const struct config_reporter reporter = {.ctx = program, .report = report};
    return security_read_set(out, config, &reporter);
}

static bool allows_somebody(const struct config *config) {
    if (config->password_file != NULL)
        return true;
    for (uint32_t i = 0; i < config->listener_count; i++) {
        if (config->listeners[i].password_file != NULL ||
            config_allows_anonymous(config, &config->listeners[i]))
            return true;
    }
    return false;
}

static void say_who_may_connect(struct program *program) {
    if (program->config.local_only)
        log_say(&program->log, LOG_TYPE_NOTICE,
                "no listener is configured: only this machine can connect, and anybody on it may");
    else if (!allows_somebody(&program->config))
        log_say(&program->log, LOG_TYPE_WARNING,
                "every client will be refused: allow_anonymous is false and there is no other "
                "way to be let in");
}

/* ---- Starting ---- */

static bool start_failed(struct program *program, const char *what) {
    log_say(&program->log, LOG_TYPE_ERROR, "%s: %s", what, strerror(errno));
    return false;
}

static bool open_log(struct program *program) {
    const struct log_settings *settings = &program->config.log;
    if (!log_open(&program->log, settings))
        return start_failed(program, settings->file != NULL ? settings->file : "log");
    /* Whom we become has to be able to open it again. */
    if (program->log.file_fd >= 0 && program->user.change &&
        fchown(program->log.file_fd, program->user.uid, program->user.gid) != 0)
        return start_failed(program, settings->file);
    return true;
}

static bool open_audit(struct program *program) {
    const struct config *config = &program->config;
    if (!audit_open(&program->audit, config->audit_log,
                    (enum audit_format)config->audit_log_format))
        return start_failed(program, config->audit_log);
    if (program->audit.fd >= 0 && program->user.change &&
        fchown(program->audit.fd, program->user.uid, program->user.gid) != 0)
        return start_failed(program, config->audit_log);
    return true;
}

/* What the operator did. */
static void audit_program(struct program *program, const char *event, const char *result) {
    const struct audit_event line = {.event = event, .result = result};
    audit_write(&program->audit, &line);
}

static bool go_to_background(struct program *program) {
    const uint32_t where = program->config.log.destinations;
    return !program->command_line.daemon ||
           process_daemonize((where & LOG_TO_STDOUT) != 0u, (where & LOG_TO_STDERR) != 0u,
                             &program->ready_fd) ||
           start_failed(program, "can't go to the background");
}

static bool open_storage(struct program *program) {
    if (program->config.persistence)
        program->storage = storage_open(&program->config, &program->log);
    return !program->config.persistence || program->storage != NULL;
}

/* What was asked for, or else the preferred one. Before the sandbox, in which no ring is made. */
static bool make_poller(struct program *program) {
    const char *name = program->command_line.poller != NULL ? program->command_line.poller
                                                            : program->config.poller;
    const struct poller_kind *kind = poller_find(name);
    if (poller_create(&program->poller, kind))
        return true;
    if (kind == poller_kinds[0])
        return start_failed(program, kind->name);
    log_say(&program->log, LOG_TYPE_WARNING,
            "poller %s: the system refuses it: %s; %s takes its place", kind->name,
            strerror(errno), poller_kinds[0]->name);
    return poller_create(&program->poller, poller_kinds[0]) ||
           start_failed(program, poller_kinds[0]->name);
}

static bool start_loop(struct program *program) {
    program->reread = reread_create();
    if (program->reread == NULL)
        return start_failed(program, "can't start a thread");
    struct loop_options options = {.poller = &program->poller,
                                   .listeners = &program->listeners,
                                   .log = &program->log,
                                   .audit = &program->audit,
                                   .storage = program->storage,
                                   .config = &program->config,
                                   .security = &program->security,
                                   .wake_fds = {program->signal_fd, reread_fd(program->reread)}};
    if (getrandom(&options.seed, sizeof options.seed, 0) != (ssize_t)sizeof options.seed)
        return start_failed(program, "no random numbers");
    program->loop = loop_create(&options);
    return program->loop != NULL;
}

static bool start(struct program *program) {
    const struct config *config = &program->config;
    if (!process_find_user(&program->user, config->user)) {
        log_say(&program->log, LOG_TYPE_ERROR, "there is no user %s",
                config->user != NULL ? config->user : "libella or nobody");
        return false;
    }
    const uint64_t descriptors = process_raise_descriptor_limit();
    if (!open_log(program) || !open_audit(program))
        return false;
    log_say(&program->log, LOG_TYPE_NOTICE,
            "libellad " LIBELLAD_VERSION " starts, %" PRIu64 " descriptors", descriptors);
    if (!listener_set_open(&program->listeners, config, &program->log) ||
        !go_to_background(program))
        return false;
    if (config->pid_file != NULL && !process_write_pid_file(config->pid_file))
        return start_failed(program, config->pid_file);
    if (!process_become(&program->user))
        return start_failed(program, program->user.name);
    if (program->user.is_absent)
        log_say(&program->log, LOG_TYPE_WARNING,
                "stays root: there is no user %s in this namespace", program->user.name);
    program->signal_fd = signals_open();
    if (program->signal_fd < 0 || !log_survive_faults(&program->log))
        return start_failed(program, "signals");
    say_who_may_connect(program);
    if (config->has_secrets && !process_forbid_core_dumps())
        return start_failed(program, "core dumps");
    if (!make_poller(program) ||
        !confine(config, program->command_line.file, poller_ring_fd(&program->poller),
                 &program->log) ||
        !open_storage(program) || !start_loop(program))
        return false;
    audit_program(program, "start", "ok");
    if (program->command_line.daemon)
        process_daemon_ready(program->ready_fd);
    return true;
}

/* ---- Running ---- */

/* Whether the log file of next can be opened, before anything is changed. */
static bool try_log(struct program *program, const struct config *next) {
    struct log_settings settings = next->log;
    struct log trial;
    settings.destinations &= (uint32_t)LOG_TO_FILE;
    log_init(&trial);
    if (!log_open(&trial, &settings))
        return start_failed(program, settings.file);
    log_close(&trial);
    return true;
}

/* The files may have been moved away, or others are named now. */
static void reopen_logs(struct program *program) {
    const struct config *config = &program->config;
    if (!log_open(&program->log, &config->log))
        (void)start_failed(program, config->log.file);
    if (!audit_open(&program->audit, config->audit_log,
                    (enum audit_format)config->audit_log_format))
        (void)start_failed(program, config->audit_log);
}

/* The loop uses the program's own; what it used goes to *next, to be freed. */
static void take_security(struct program *program, struct security_set *next) {
    const struct security_set kept = program->security;
    program->security = *next;
    *next = kept;
    loop_secure(program->loop, &program->security);
}

static bool take_over(struct program *program, struct reading *reading) {
    const struct config_reporter reporter = {.ctx = program, .report = report};
    struct config *next = &reading->config;
    if (!reading->is_good || !has_poller(program, next) || !try_log(program, next) ||
        !listener_set_prepare(&program->listeners, next, &program->log) ||
        !config_reload(&program->config, next, &reporter))
        return false;
    take_security(program, &reading->security);
    return true;
}

static void say_remarks(struct program *program, const struct reading *reading) {
    for (const struct reread_remark *r = reading->remarks; r != NULL; r = r->next)
        report(program, r->is_error, r->text);
    if (reading->is_cut)
        report(program, true, "no memory for all that was wrong with the configuration");
}

/* The end of what SIGHUP began. */
static void reload(struct program *program, struct reading *reading) {
    say_remarks(program, reading);
    const bool good = take_over(program, reading);
    if (!good)
        log_say(&program->log, LOG_TYPE_ERROR, "the configuration stays as it was");
    else if (!loop_configure(program->loop, &program->config))
        log_say(&program->log, LOG_TYPE_ERROR, "no memory for new limits");
    if (good)
        reopen_logs(program);
    if (good)
        log_say(&program->log, LOG_TYPE_NOTICE, "the configuration was read again");
    audit_program(program, "reload", good ? "ok" : "failed");
}

static void begin_reload(struct program *program) {
    if (reread_begin(program->reread, &program->command_line))
        return;
    log_say(&program->log, LOG_TYPE_ERROR, "no memory: the configuration stays as it was");
    audit_program(program, "reload", "failed");
}

static void end_reload(struct program *program) {
    struct reading *reading = reread_take(program->reread);
    if (reading == NULL)
        return;
    reload(program, reading);
    if (!reread_discard(program->reread, reading))
        report(program, true, "no memory to read the configuration once more");
}

static void say_stats(struct program *program) {
    const struct core_stats *stats = core_stats(loop_core(program->loop));
    const struct loop_stats *io = loop_stats(program->loop);
    for (int i = 0; i < CORE_STAT_COUNT; i++)
        log_say(&program->log, LOG_TYPE_NOTICE, "stat %s=%" PRIu64,
                core_stat_row((enum core_stat)i)->name, stats->value[i]);
    log_say(&program->log, LOG_TYPE_NOTICE,
            "stat rounds=%" PRIu64 " accepted=%" PRIu64 " refused=%" PRIu64 " reads=%" PRIu64
            " writes=%" PRIu64 " pauses=%" PRIu64,
            io->rounds, io->accepted_count, io->refused_count, io->read_calls, io->write_calls,
            io->pauses);
    log_say(&program->log, LOG_TYPE_NOTICE,
            "stat handshakes=%" PRIu64 " handshakes_failed=%" PRIu64 " revoked=%" PRIu64
            " refused_by_list=%" PRIu64 " refused_by_rate=%" PRIu64 " oversized=%" PRIu64
            " client_pauses=%" PRIu64 " client_rate_closed=%" PRIu64,
            io->handshakes, io->handshakes_failed, io->revoked_count, io->refused_by_list,
            io->refused_by_rate, io->oversized_count, io->client_pauses, io->client_rate_closed);
    for (int i = GATE_OPEN + 1; i < GATE_ANSWER_COUNT; i++)
        log_say(&program->log, LOG_TYPE_NOTICE, "stat refused_%s=%" PRIu64,
                gate_answer_name((enum gate_answer)i), io->refused_by_gate[i]);
    const struct login_stats *login = loop_login_stats(program->loop);
    log_say(&program->log, LOG_TYPE_NOTICE,
            "stat login/accepted=%" PRIu64 " login/failed=%" PRIu64
            " login/refused_locked=%" PRIu64 " login/refused_busy=%" PRIu64
            " login/lockouts=%" PRIu64 " login/waiting=%u login/waiting_peak=%u",
            login->accepted, login->failed, login->refused_locked, login->refused_busy,
            login->lockouts, (unsigned)login->waiting, (unsigned)login->waiting_peak);
    for (size_t i = 0; i < storage_figure_count && program->storage != NULL; i++)
        log_say(&program->log, LOG_TYPE_NOTICE, "stat persistence/%s=%" PRIu64,
                storage_figures[i].name, storage_figures[i].value(program->storage));
}

static void say_memory(struct program *program) {
    static const char *const names[MEMORY_CLASS_COUNT] = {[MEMORY_CONNECTION] = "connection",
                                                          [MEMORY_SESSION] = "session",
                                                          [MEMORY_SUBSCRIPTION] = "subscription",
                                                          [MEMORY_TOPIC] = "topic",
                                                          [MEMORY_MESSAGE] = "message",
                                                          [MEMORY_QUEUE] = "queue",
                                                          [MEMORY_OUTPUT] = "output",
                                                          [MEMORY_TIMER] = "timer",
                                                          [MEMORY_JOURNAL] = "journal",
                                                          [MEMORY_OTHER] = "other"};
    for (int i = 0; i < MEMORY_CLASS_COUNT; i++)
        log_say(&program->log, LOG_TYPE_NOTICE, "memory %s=%zu", names[i],
                core_memory_bytes(loop_core(program->loop), (enum memory_class)i));
}

/* Whether to go on. */
static bool handle_signals(struct program *program) {
    for (;;) {
        switch (signals_next(program->signal_fd)) {
        case SIGNALS_NONE:
            return true;
        case SIGNALS_STOP:
            return false;
        case SIGNALS_RELOAD:
            begin_reload(program);
            break;
        case SIGNALS_STATS:
            say_stats(program);
            loop_ask_snapshot(program->loop); /* what Mosquitto does on it */
            break;
        case SIGNALS_MEMORY:
            say_memory(program);
            break;
        case SIGNALS_ROTATE:
            reopen_logs(program);
            break;
        }
    }
}

static void run(struct program *program) {
    bool goes_on = true;
    while (goes_on) {
        if (!loop_round(program->loop, WAIT_MAX_MS))
            continue;
        goes_on = handle_signals(program);
        end_reload(program);
    }
    log_say(&program->log, LOG_TYPE_NOTICE, "libellad ends");
    loop_shutdown(program->loop);
    audit_program(program, "stop", "ok");
}

static enum exit_status serve(struct program *program) {
    const bool started = start(program);
    if (started)
        run(program);
    loop_destroy(program->loop);
    poller_destroy(&program->poller);
    reread_destroy(program->reread);
    storage_close(program->storage);
    listener_set_close(&program->listeners);
    listener_set_free(&program->listeners);
    signals_close(program->signal_fd);
    if (started && program->config.pid_file != NULL)
        (void)unlink(program->config.pid_file);
    return started ? EXIT_ORDERLY : EXIT_NOT_STARTED;
}

/* Of each acl_file there is; with several, each stands before its answer. */
static enum exit_status explain(struct program *program) {
    const struct config *config = &program->config;
    enum exit_status status = EXIT_ORDERLY;
    for (uint32_t i = 0; i < program->security.count; i++) {
        const char *file =
            config->per_listener_settings ? config->listeners[i].acl_file : config->acl_file;
        if (program->security.count > 1)
            printf("listener %u, %s: ", (unsigned)config->listeners[i].port,
                   file != NULL ? file : "no acl_file");
        switch (explain_acl(program->security.members[i].acl, file, &program->question, stdout)) {
        case EXPLAIN_NO_QUESTION:
            (void)usage_error("--explain-acl USER CLIENT read|write TOPIC: there is no such "
                              "access or topic",
                              "");
            return EXIT_USAGE;
        case EXPLAIN_DENIED:
            status = EXIT_DENIED;
            break;
        case EXPLAIN_ALLOWED:
            break;
        }
    }
    return status;
}

static enum exit_status do_task(struct program *program) {
    switch (program->task) {
    case TASK_TEST_CONFIG:
        if (!listener_check_tls(&program->config, &program->log))
            return EXIT_CONFIG;
        printf("%s is right\n", program->command_line.file);
        return EXIT_ORDERLY;
    case TASK_EXPLAIN_ACL:
        return explain(program);
    default:
        return serve(program);
    }
}

static enum exit_status read_and_serve(struct program *program) {
    enum exit_status status = EXIT_CONFIG;
    /* Faults are told as compilers do, so that editors find the place. */
    program->log.settings.timestamp = program->task != TASK_TEST_CONFIG;
    if (read_config(program, &program->config) &&
        read_security(program, &program->config, &program->security))
        status = do_task(program);
    security_free_set(&program->security);
    config_free(&program->config);
    audit_close(&program->audit);
    log_close(&program->log);
    return status;
}

int main(int argc, char **argv) {
    struct program program = {.task = TASK_RUN, .signal_fd = -1};
    if (!process_guard_descriptors())
        return EXIT_NOT_STARTED;
    log_init(&program.log);
    audit_init(&program.audit, &program.log);
    if (!parse_arguments(&program, argc, argv))
        return EXIT_USAGE;
    switch (program.task) {
    case TASK_HELP:
        fputs(help_text, stdout);
        return EXIT_ORDERLY;
    case TASK_VERSION:
        puts("libellad version " LIBELLAD_VERSION);
        return EXIT_ORDERLY;
    case TASK_DESCRIBE:
        config_describe(stdout, program.form);
        return EXIT_ORDERLY;
    default:
        return (int)read_and_serve(&program);
    }
}
