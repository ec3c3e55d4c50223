/* SPDX-License-Identifier: MIT */
/*
 * command.h - other people's programs, run by the shell in the test's directory.
 *
 * None may take longer than COMMAND_SECONDS.
 */
#ifndef SYSTEM_COMMAND_H
#define SYSTEM_COMMAND_H

#define COMMAND_SECONDS 85

/* What it says, on standard output and error; static.  Fails the test unless its exit code is 0. */
const char *command(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Its exit code, which may be any. */
int command_code(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* How often text stands in what was said. */
unsigned command_count(const char *said, const char *text);
/* Fails the test, and shows what was said, unless text stands there. */
void command_said(const char *said, const char *text);

#endif
