/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * A terminal without echo; see terminal.h.
 */
#include "tools/passwd/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* What a signal handler has to put back. */
static struct termios kept;

static void restore_and_end(int signal_number) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &kept);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void catch_signals(void (*handler)(int)) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        signal(numbers[i], handler);
}

/* Byte by byte, so that what follows the line is left for the next one, and no buffer of a stream
 * keeps a copy. */
static bool read_line(char *out, size_t *out_len) {
    *out_len = 0;
    for (;;) {
        char c = 0;
        const ssize_t got = read(STDIN_FILENO, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 && *out_len > 0;
        if (c == '\n')
            return true;
        if (*out_len == TERMINAL_PASSWORD_LEN_MAX)
            return false;
        out[(*out_len)++] = c;
    }
}

bool terminal_ask(const char *prompt, char *out, size_t *out_len) {
    const bool is_terminal = tcgetattr(STDIN_FILENO, &kept) == 0;
    if (is_terminal) {
        struct termios silent = kept;
        silent.c_lflag &= (tcflag_t)~ECHO;
        catch_signals(restore_and_end);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
        fputs(prompt, stderr);
        fflush(stderr);
    }
    const bool good = read_line(out, out_len);
    out[*out_len] = '\0';
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &kept);
        catch_signals(SIG_DFL);
        fputc('\n', stderr);
    }
    return good;
}
