/* SPDX-License-Identifier: MIT */
/*
 * screen.h - portico top on a pseudo-terminal: its keys, what is seen.
 */
#ifndef SYSTEM_SCREEN_H
#define SYSTEM_SCREEN_H

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include "vt.h"

struct screen {
	struct vt      vt;
	pid_t          pid;
	int            fd;           /* the terminal's side */
	int            program;      /* the program's; kept open, to look at its settings */
	struct termios before;
	bool           ended;
	int            status;
};

/* Runs portico top -c portico.ini.  term: vt100, xterm, ...; locale: C.UTF-8 or C. */
void screen_open(struct screen *s, const char *term, const char *locale, int rows, int columns);
void screen_press(struct screen *s, const char *keys);
void screen_resize(struct screen *s, int rows, int columns);

/* What is on it now; static. */
const char *screen_text(struct screen *s);
bool screen_shows(struct screen *s, const char *text);
/* Or the test fails, and shows what was on it. */
void screen_await(struct screen *s, const char *text);
void screen_await_without(struct screen *s, const char *text);
/* The first row that has text; -1. */
int  screen_find(struct screen *s, const char *text);

/* Its exit code, or minus the signal that ended it.  Fails the test if the terminal is not as it
 * was before. */
int  screen_await_exit(struct screen *s);
/* q, and its exit code is 0. */
void screen_quit(struct screen *s);

#endif
