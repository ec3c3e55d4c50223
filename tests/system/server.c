/* SPDX-License-Identifier: MIT */
/*
 * server.c - the real binary, run by a test.
 */
#include "server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

enum { LOG_ROOM = 4 << 20, LOG_SHOWN = 6000 };

struct server {
	pid_t          pid;
	int            pipe;     /* from its standard output and error */
	char          *log;
	size_t         len;
	bool           ended;
	bool           done;     /* was seen to its end: nothing to show */
	int            code;
	struct server *next;
};

static struct server *servers;

/* ---- birth ---- */

struct server *server_spawn(const struct spawn *how)
{
	const char *argv[] = { NULL, "run", "-c", path_of("portico.ini"), NULL };

	return server_spawn_with(how, argv);
}

struct server *server_spawn_with(const struct spawn *how, const char **argv)
{
	struct server *s = calloc(1, sizeof(*s));
	int ends[2];

	cr_assert_not_null(s);
	s->log = malloc(LOG_ROOM);
	cr_assert_not_null(s->log);
	s->log[0] = '\0';
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	s->pid = spawn_portico(how, ends[1], ends[1], argv);
	close(ends[1]);
	s->pipe = ends[0];
	s->next = servers;
	servers = s;
	return s;
}

struct server *server_start(const char *ini, ...)
{
	va_list args;

	va_start(args, ini);
	vwrite_file("portico.ini", ini, args);
	va_end(args);
	struct server *s = server_spawn(NULL);
	server_await_generation(s, 1);
	return s;
}

void server_reload(struct server *s, const char *ini, ...)
{
	va_list args;

	va_start(args, ini);
	vwrite_file("portico.ini", ini, args);
	va_end(args);
	server_signal(s, SIGHUP);
}

pid_t server_pid(const struct server *s)
{
	return s->pid;
}

void server_signal(struct server *s, int number)
{
	cr_assert_eq(kill(s->pid, number), 0);
}

/* ---- the log ---- */

static bool read_log(struct server *s)
{
	bool more = false;
	ssize_t n;

	while (s->len < LOG_ROOM - 1
		&& (n = read(s->pipe, s->log + s->len, LOG_ROOM - 1 - s->len)) > 0) {
		s->len += (size_t)n;
		more = true;
	}
	s->log[s->len] = '\0';
	return more;
}

const char *server_log(struct server *s)
{
	read_log(s);
	return s->log;
}

bool server_says(struct server *s, const char *text)
{
	return strstr(server_log(s), text) != NULL;
}

size_t server_count(struct server *s, const char *text)
{
	size_t count = 0;

	for (const char *at = server_log(s); (at = strstr(at, text)); at += strlen(text))
		count++;
	return count;
}

void server_await_count(struct server *s, const char *text, size_t count)
{
	struct pollfd p = { .fd = s->pipe, .events = POLLIN };
	double end = seconds_now() + PATIENCE;

	while (server_count(s, text) < count) {
		if (seconds_now() > end)
			cr_assert_fail("the log never said: %s (%zu times)", text, count);
		poll(&p, 1, 100);
		if (!read_log(s) && p.revents & POLLHUP)
			cr_assert_fail("the server ended and never said: %s", text);
	}
}

void server_await(struct server *s, const char *text)
{
	server_await_count(s, text, 1);
}

void server_await_generation(struct server *s, unsigned number)
{
	char text[64];

	snprintf(text, sizeof(text), "generation %u serves", number);
	server_await(s, text);
}

/* ---- its end ---- */

static bool has_ended(void *arg)
{
	struct server *s = arg;
	int status;

	if (s->ended)
		return true;
	read_log(s);             /* or a full pipe would hold it up */
	if (waitpid(s->pid, &status, WNOHANG) != s->pid)
		return false;
	s->ended = true;
	s->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return true;
}

int server_await_exit(struct server *s, double seconds)
{
	if (!wait_until(has_ended, s, seconds))
		return -2;
	read_log(s);
	return s->code;
}

static bool group_is_gone(void *arg)
{
	const struct server *s = arg;
	return kill(-s->pid, 0) < 0 && errno == ESRCH;
}

void server_assert_gone(struct server *s)
{
	cr_assert(wait_until(group_is_gone, s, PATIENCE), "processes of the server are left");
	s->done = true;
}

void server_stop(struct server *s)
{
	server_signal(s, SIGTERM);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0, "the server ended with code %d", s->code);
	server_assert_gone(s);
}

static void show_log(struct server *s)
{
	read_log(s);
	const char *from = s->len > LOG_SHOWN ? s->log + s->len - LOG_SHOWN : s->log;
	fprintf(stderr, "---- log of the server ----\n%s---- end ----\n", from);
}

void servers_end(void)
{
	for (struct server *s = servers; s; s = s->next) {
		if (s->done)
			continue;
		show_log(s);
		kill(-s->pid, SIGKILL);
		if (!s->ended)
			waitpid(s->pid, NULL, 0);
	}
}

/* ---- its workers ---- */

/* Field 3 and 4 of /proc/PID/stat stand behind the last parenthesis: proc(5). */
static bool is_living_child(pid_t pid, pid_t parent)
{
	char path[64], state;
	int ppid;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	const char *rest = strrchr(read_file(path), ')');
	return rest && sscanf(rest, ") %c %d", &state, &ppid) == 2 && ppid == parent
		&& state != 'Z' && state != 'X';
}

static int by_pid(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

size_t server_workers(struct server *s, pid_t *out, size_t max)
{
	size_t count = 0;
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	cr_assert_not_null(proc);
	while (count < max && (entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);
		if (pid > 0 && is_living_child(pid, s->pid))
			out[count++] = pid;
	}
	closedir(proc);
	qsort(out, count, sizeof(*out), by_pid);
	return count;
}

struct expectation {
	struct server *server;
	size_t         count;
};

static bool has_workers(void *arg)
{
	struct expectation *e = arg;
	pid_t pids[64];

	return server_workers(e->server, pids, 64) == e->count;
}

void server_await_workers(struct server *s, size_t count)
{
	struct expectation e = { .server = s, .count = count };

	cr_assert(wait_until(has_workers, &e, PATIENCE), "there are never %zu workers", count);
}
