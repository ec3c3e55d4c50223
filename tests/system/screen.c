/* SPDX-License-Identifier: MIT */
/*
 * screen.c - portico top on a pseudo-terminal.
 */
#include "screen.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

static void set_size(const struct screen *s, int rows, int columns)
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

	cr_assert_eq(ioctl(s->fd, TIOCSWINSZ, &size), 0);
}

static void __attribute__((noreturn)) run(const struct screen *s, const char *binary, const char *file)
{
	char *argv[] = { (char *)binary, (char *)"top", (char *)"-c", (char *)file, NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	if (ioctl(s->program, TIOCSCTTY, 0) < 0)
		_exit(126);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		dup2(s->program, fd);
	execv(binary, argv);
	_exit(127);
}

void screen_open(struct screen *s, const char *term, const char *locale, int rows, int columns)
{
	const char *binary = portico_binary(), *file = path_of("portico.ini");

	memset(s, 0, sizeof(*s));
	vt_init(&s->vt, rows, columns);
	s->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	cr_assert_geq(s->fd, 0);
	cr_assert_eq(grantpt(s->fd), 0);
	cr_assert_eq(unlockpt(s->fd), 0);
	s->program = open(ptsname(s->fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
	cr_assert_geq(s->program, 0, "%s", strerror(errno));
	cr_assert_eq(tcgetattr(s->program, &s->before), 0);
	set_size(s, rows, columns);
	setenv("TERM", term, 1);
	setenv("LC_ALL", locale, 1);
	s->pid = fork();
	if (s->pid == 0)
		run(s, binary, file);
	cr_assert_gt(s->pid, 0);
}

void screen_press(struct screen *s, const char *keys)
{
	cr_assert_eq(write(s->fd, keys, strlen(keys)), (ssize_t)strlen(keys));
}

void screen_resize(struct screen *s, int rows, int columns)
{
	screen_text(s);
	vt_init(&s->vt, rows, columns);
	set_size(s, rows, columns);
}

const char *screen_text(struct screen *s)
{
	char data[4096];
	ssize_t n;

	while ((n = read(s->fd, data, sizeof(data))) > 0)
		vt_feed(&s->vt, data, (size_t)n);
	return vt_text(&s->vt);
}

bool screen_shows(struct screen *s, const char *text)
{
	return strstr(screen_text(s), text) != NULL;
}

struct sight {
	struct screen *screen;
	const char    *text;
	bool           wanted;
};

static bool is_seen(void *arg)
{
	struct sight *w = arg;
	return screen_shows(w->screen, w->text) == w->wanted;
}

static void await(struct screen *s, const char *text, bool wanted)
{
	struct sight w = { .screen = s, .text = text, .wanted = wanted };

	cr_assert(wait_until(is_seen, &w, PATIENCE), "%s is %sseen on\n%s", text, wanted ? "not " : "still ",
		screen_text(s));
	cr_assert_null(s->vt.unknown, "the terminal was sent %s that vt.c does not know", s->vt.unknown);
}

void screen_await(struct screen *s, const char *text)
{
	await(s, text, true);
}

void screen_await_without(struct screen *s, const char *text)
{
	await(s, text, false);
}

int screen_find(struct screen *s, const char *text)
{
	screen_text(s);
	for (int i = 0; i < s->vt.rows; i++)
		if (strstr(vt_row(&s->vt, i), text))
			return i;
	return -1;
}

static bool has_ended(void *arg)
{
	struct screen *s = arg;

	screen_text(s);
	if (!s->ended)
		s->ended = waitpid(s->pid, &s->status, WNOHANG) == s->pid;
	return s->ended;
}

int screen_await_exit(struct screen *s)
{
	struct termios after;

	cr_assert(wait_until(has_ended, s, PATIENCE), "top does not end:\n%s", screen_text(s));
	screen_text(s);
	cr_assert_eq(tcgetattr(s->program, &after), 0);
	cr_assert_eq(after.c_iflag, s->before.c_iflag, "c_iflag %x", after.c_iflag);
	cr_assert_eq(after.c_oflag, s->before.c_oflag, "c_oflag %x", after.c_oflag);
	cr_assert_eq(after.c_lflag, s->before.c_lflag, "c_lflag %x", after.c_lflag);
	cr_assert_not(s->vt.alternate, "the alternate screen is left on");
	cr_assert_not(s->vt.hidden, "the cursor is left hidden");
	cr_assert_not(s->vt.reverse, "reverse is left on");
	close(s->program);
	close(s->fd);
	return WIFEXITED(s->status) ? WEXITSTATUS(s->status) : -WTERMSIG(s->status);
}

void screen_quit(struct screen *s)
{
	screen_press(s, "q");
	int code = screen_await_exit(s);
	cr_assert_eq(code, 0, "top gave %d:\n%s", code, vt_text(&s->vt));
}
