/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Asks for a password without showing it.
 */
#ifndef TOOLS_PASSWD_TERMINAL_H
#define TOOLS_PASSWD_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#define TERMINAL_PASSWORD_LEN_MAX 65535u

/* Reads one line from standard input to out[TERMINAL_PASSWORD_LEN_MAX + 1], without its end and
 * ended by 0. At a terminal the prompt is shown, the letters are not; a signal that ends or stops
 * the program leaves the terminal as it was. false: there is no line, or it is too long. */
bool terminal_ask(const char *prompt, char *out, size_t *out_len);

#endif
