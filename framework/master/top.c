/* SPDX-License-Identifier: MIT */
/*
 * top.c - a screen that shows what status tells, once a second.
 *
 * Owns the terminal, the signals and the turn: draw, wait for a key, a signal or an answer, take
 * it.  Signals come by signalfd(2), so that none is lost between a look and a wait, and so that the
 * terminal is given back before one of them ends us.
 */
#include "master/top.h"

#include <errno.h>
#include <locale.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <term.h>
#include <unistd.h>

#include "base/clock.h"
#include "master/facts.h"
#include "master/top_draw.h"
#include "master/top_keys.h"
#include "master/top_view.h"

#define PERIOD 1.0               /* seconds from one status to the next */

enum { ESCAPE_MS = 50 };         /* how long the rest of an arrow key may take */

const json_t *top_view_slot(const struct top_view *v)
{
	return json_array_get(json_object_get(v->status, "slots"), v->selected);
}

size_t top_view_slots(const struct top_view *v)
{
	return json_array_size(json_object_get(v->status, "slots"));
}

/* ---- answers ---- */

static void ask_status(struct top_view *v)
{
	bool is_due = v->wants_status || clock_seconds() - v->asked.since >= PERIOD;

	if (v->asked.pid || !is_due)
		return;
	v->wants_status = false;
	(void)top_ask_begin(&v->asked, v->file, json_pack("{s:s}", "do", "status"));
}

static void take_status(struct top_view *v)
{
	json_t *status = NULL;

	if (!top_ask_hear(&v->asked, &status, v->trouble, sizeof(v->trouble)))
		return;
	facts_prepare(status);
	json_decref(v->status);
	v->status = status;
}

static void take_outcome(struct top_view *v)
{
	json_t *answer = NULL;

	if (!top_ask_hear(&v->errand, &answer, v->said, sizeof(v->said)))
		return;
	v->said_bad = !json_is_true(json_object_get(answer, "good"));
	if (answer) {
		facts_prepare(answer);
		snprintf(v->said, sizeof(v->said), "%s", facts_text(answer, "said"));
	}
	json_decref(answer);
	v->wants_status = true;
}

/* ---- signals ---- */

static sigset_t caught(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sigaddset(&set, numbers[i]);
	return set;
}

/* What the environment says of the size may be old; and no two terminals agree on what stays in
 * sight when it changes. */
static void fit_window(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
		resizeterm(size.ws_row, size.ws_col);
	clearok(stdscr, TRUE);
}

/* Gives the number of one that ends us, or 0. */
static int take_signals(int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo != SIGWINCH)
			return (int)info.ssi_signo;
		fit_window();
	}
	return 0;
}

/* ---- the turn ---- */

static void take_keys(struct top_view *v, short events)
{
	int key;

	while ((key = getch()) != ERR)
		if (key != KEY_RESIZE)
			top_keys_press(v, key);
	/* Nobody is there any more. */
	if (events & (POLLHUP | POLLERR | POLLNVAL))
		v->ended = true;
}

static int until_next(const struct top_view *v)
{
	double left = v->asked.since + PERIOD - clock_seconds();

	if (v->asked.pid || left > PERIOD)
		return (int)(PERIOD * 1000.);
	return left > 0. ? (int)(left * 1000.) + 1 : 0;
}

static int turn(struct top_view *v, int signals)
{
	struct pollfd p[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
		{ .fd = v->asked.pid ? v->asked.fd : -1, .events = POLLIN },
		{ .fd = v->errand.pid ? v->errand.fd : -1, .events = POLLIN },
	};

	/* SIGTSTP and SIGCONT are ncurses' own, and interrupt this. */
	if (poll(p, sizeof(p) / sizeof(*p), until_next(v)) < 0)
		memset(p, 0, sizeof(p));
	take_keys(v, p[0].revents);
	take_status(v);
	take_outcome(v);
	return take_signals(signals);
}

static int watch(struct top_view *v, int signals)
{
	int number = 0;

	while (!v->ended && number == 0) {
		ask_status(v);
		top_draw(v);
		number = turn(v, signals);
	}
	top_ask_end(&v->asked);
	top_ask_end(&v->errand);
	json_decref(v->proposal);
	json_decref(v->status);
	return number;
}

/* ---- the terminal ---- */

static int refuse(const char *why, const char *what)
{
	fprintf(stderr, "portico: top needs a terminal%s%s; portico status prints the same\n", why, what);
	return EX_USAGE;
}

/* newterm(3) would end the process or draw garbage. */
static int check_terminal(void)
{
	const char *term = getenv("TERM");
	int error;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return refuse("", "");
	if (!term || !*term)
		return refuse(", and TERM does not say which", "");
	if (setupterm(NULL, STDOUT_FILENO, &error) != OK)
		return refuse(" that terminfo knows, not TERM=", term);
	bool can_draw = cursor_address && clear_screen;
	del_curterm(cur_term);           /* newterm(3) makes its own */
	if (!can_draw)
		return refuse(" with a cursor that moves, not TERM=", term);
	return EX_OK;
}

static SCREEN *take_terminal(void)
{
	SCREEN *screen = newterm(NULL, stdout, stdin);

	if (!screen)
		return NULL;
	cbreak();
	noecho();
	nonl();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	fit_window();
	top_draw_init();
	return screen;
}

static void give_terminal_back(SCREEN *screen)
{
	endwin();
	delscreen(screen);
}

int top(const char *file)
{
	struct top_view view = { .file = file, .wants_status = true };
	sigset_t set = caught(), before;
	int code = check_terminal();

	if (code != EX_OK)
		return code;
	setlocale(LC_CTYPE, "");
	sigprocmask(SIG_BLOCK, &set, &before);
	int signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	SCREEN *screen = signals < 0 ? NULL : take_terminal();
	if (!screen) {
		fprintf(stderr, "portico: top: the terminal could not be set up: %s\n", strerror(errno));
		return EX_OSERR;
	}
	int number = watch(&view, signals);
	give_terminal_back(screen);
	close(signals);
	if (number) {
		signal(number, SIG_DFL);
		raise(number);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return EX_OK;
}
