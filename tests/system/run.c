/* SPDX-License-Identifier: MIT */
/*
 * run.c - start the binary as an operator would, and see one run to its end.
 */
#include "server.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

enum { ARGUMENTS = 8 };

/* ---- birth ---- */

static void limit_files(unsigned files)
{
	struct rlimit limit = { .rlim_cur = files, .rlim_max = files };

	if (files && setrlimit(RLIMIT_NOFILE, &limit) < 0)
		_exit(120);
}

/* They become 3 and so on, and what else was open is closed. */
static void give(const struct spawn *how)
{
	unsigned count = how ? how->given_count : 0;
	char text[16];

	for (unsigned i = 0; i < count; i++)
		if (dup2(how->given[i], 3 + (int)i) < 0)
			_exit(124);
	close_range(3 + count, ~0U, 0);
	if (count == 0)
		return;
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("LISTEN_PID", text, 1);
	snprintf(text, sizeof(text), "%u", count);
	setenv("LISTEN_FDS", text, 1);
}

/* In the child.  Crashes are part of the tests: no core files, and no
 * sanitizer that takes the signal for itself. */
static void become_portico(const struct spawn *how, int out, int err, char *const *argv)
{
	struct rlimit none = { 0 };
	int null = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	setrlimit(RLIMIT_CORE, &none);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(121);
	setenv("ASAN_OPTIONS", "handle_segv=0:handle_abort=0", 1);
	setenv("UBSAN_OPTIONS", "handle_segv=0:handle_abort=0:print_stacktrace=1", 1);
	if (how && how->uid && (setgid(how->uid) < 0 || setuid(how->uid) < 0))
		_exit(122);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	give(how);
	limit_files(how ? how->files : 0);
	execv(argv[0], argv);
	_exit(123);
}

/* Another user may not be able to reach where it was built. */
static const char *reachable_binary(const struct spawn *how)
{
	if (!how || !how->uid)
		return portico_binary();
	copy_file(portico_binary(), "portico");
	return path_of("portico");
}

pid_t spawn_portico(const struct spawn *how, int out, int err, const char **argv)
{
	argv[0] = reachable_binary(how);
	pid_t pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0)
		become_portico(how, out, err, (char *const *)argv);
	setpgid(pid, pid);
	return pid;
}

/* ---- one run to its end ---- */

struct run {
	pid_t pid;
	int   status;
};

static bool run_has_ended(void *arg)
{
	struct run *r = arg;
	return waitpid(r->pid, &r->status, WNOHANG) == r->pid;
}

static int output_file(const char *name)
{
	int fd = open(path_of(name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	cr_assert_geq(fd, 0);
	return fd;
}

static void take_output(int fd, const char *name, char *text, size_t room)
{
	close(fd);
	snprintf(text, room, "%s", read_file(path_of(name)));
}

void portico_ends(struct outcome *o, const struct spawn *how, const char *argument, ...)
{
	const char *argv[ARGUMENTS] = { NULL, argument };
	struct run run = { 0 };
	double begin = seconds_now();
	va_list args;

	va_start(args, argument);
	for (size_t i = 2; argument && i < ARGUMENTS - 1 && (argv[i] = va_arg(args, char *)); i++)
		;
	va_end(args);
	int out = output_file("out"), err = output_file("err");
	run.pid = spawn_portico(how, out, err, argv);
	bool ended = wait_until(run_has_ended, &run, PATIENCE);
	kill(-run.pid, SIGKILL);
	take_output(out, "out", o->out, sizeof(o->out));
	take_output(err, "err", o->err, sizeof(o->err));
	o->seconds = seconds_now() - begin;
	o->code = WIFEXITED(run.status) ? WEXITSTATUS(run.status) : -1;
	if (!ended)
		cr_assert_fail("portico %s did not end: %s", argument ? argument : "", o->err);
}
