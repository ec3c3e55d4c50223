/* SPDX-License-Identifier: MIT */
/*
 * ask.c - the command line's side of the control socket.
 */
#include "master/ask.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "config/config.h"
#include "master/control_name.h"
#include "master/facts.h"
#include "master/tell_status.h"

static socklen_t find_name(const char *file, struct sockaddr_un *name)
{
	struct arena mem;

	arena_init(&mem);
	socklen_t len = control_name(file, config_control_path(file, &mem), name);
	arena_fini(&mem);
	return len;
}

/* Anybody may take an abstract name; and another user's master would not hear us. */
static bool is_ours(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0
		&& (who.uid == geteuid() || geteuid() == 0);
}

/* The connection to the master of file; -1 with the exit code: EX_NOINPUT with errno,
 * EX_NOPERM or ASK_NOT_RUNNING.  seconds: how long each step may take; 0: no limit. */
static int reach_quietly(const char *file, int seconds, int *code)
{
	struct sockaddr_un name;
	struct timeval limit = { .tv_sec = seconds };
	socklen_t len = find_name(file, &name);

	*code = EX_NOINPUT;
	if (len == 0)
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool reached = fd >= 0
		&& setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0
		&& setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0
		&& connect(fd, (struct sockaddr *)&name, len) == 0;
	if (reached && is_ours(fd))
		return fd;
	*code = reached || errno == EACCES || errno == EPERM ? EX_NOPERM : ASK_NOT_RUNNING;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int reach(const char *file, int *code)
{
	int fd = reach_quietly(file, 0, code);

	if (fd >= 0)
		return fd;
	if (*code == EX_NOINPUT)
		fprintf(stderr, "portico: %s: %s; name the configuration with -c\n", file, strerror(errno));
	else if (*code == EX_NOPERM)
		fprintf(stderr, "portico: the server with %s belongs to another user\n", file);
	else
		fprintf(stderr, "portico: no server runs with %s under this user; portico run %s%s "
			"starts one\n", file, config_is_plugin(file) ? "" : "-c ", file);
	return -1;
}

static int send_line(int fd, json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT), *line = NULL;
	int len = text ? asprintf(&line, "%s\n", text) : -1;

	json_decref(request);
	free(text);
	if (len < 0)
		return -1;
	int result = send(fd, line, (size_t)len, MSG_NOSIGNAL) == len ? 0 : -1;
	free(line);
	return result;
}

/* until: by clock_seconds(); who says a byte now and then would hold us for ever. */
static json_t *read_answer(int fd, double until)
{
	struct buf answer = {0};
	ssize_t n = 0;

	while (clock_seconds() < until && buf_reserve(&answer, 4096) == 0
		&& (n = read(fd, buf_tail(&answer), buf_room(&answer))) > 0)
		buf_added(&answer, (size_t)n);
	json_t *json = buf_len(&answer) > 0
		? json_loadb(buf_head(&answer), buf_len(&answer), 0, NULL) : NULL;
	buf_fini(&answer);
	return json;
}

json_t *ask(const char *file, json_t *request, int *code)
{
	int fd = reach(file, code);

	if (fd < 0) {
		json_decref(request);
		return NULL;
	}
	*code = EX_OK;
	json_t *answer = send_line(fd, request) == 0 ? read_answer(fd, INFINITY) : NULL;
	close(fd);
	return answer;
}

/* The exit code without an answer. */
static int tell_no_answer(int code)
{
	if (code != EX_OK)
		return code;
	fprintf(stderr, "portico: the server ended before it answered\n");
	return 1;
}

int ask_and_tell(const char *file, json_t *request)
{
	int code;
	json_t *answer = ask(file, request, &code);

	if (!answer)
		return tell_no_answer(code);
	bool good = json_is_true(json_object_get(answer, "good"));
	const char *said = json_string_value(json_object_get(answer, "said"));
	fprintf(good ? stdout : stderr, "%s\n", said ? said : "no answer that can be read");
	json_decref(answer);
	return good ? EX_OK : 1;
}

/* What reach_quietly() gave, in words. */
static const char *unreached(int code)
{
	return code == EX_NOINPUT ? strerror(errno) : code == EX_NOPERM ? "it belongs to another user"
		: "no server runs";
}

int ask_ready(const char *file, char *why, size_t size)
{
	int code, fd = reach_quietly(file, ASK_READY_SECONDS, &code);

	if (fd < 0) {
		snprintf(why, size, "%s", unreached(code));
		return -1;
	}
	double until = clock_seconds() + ASK_READY_SECONDS;
	json_t *answer = send_line(fd, json_pack("{s:s}", "do", "health")) == 0
		? read_answer(fd, until) : NULL;
	close(fd);
	const json_t *good = json_object_get(answer, "good");
	const char *said = json_string_value(json_object_get(answer, "said"));
	int result = good ? json_is_true(good) : -1;
	snprintf(why, size, "%s", said ? said : "it does not answer");
	json_decref(answer);
	return result;
}

/* Its end of the connection is closed a moment before it is gone. */
static void await_end(pid_t pid)
{
	struct pollfd p = { .fd = pidfd_open(pid, 0), .events = POLLIN };

	if (p.fd < 0)
		return;
	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
	close(p.fd);
}

static pid_t pid_of(int fd)
{
	struct ucred who = {0};
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 ? who.pid : 0;
}

int ask_stop(const char *file)
{
	int code, fd = reach(file, &code);

	if (fd < 0)
		return code;
	pid_t pid = pid_of(fd);
	json_t *answer = send_line(fd, json_pack("{s:s}", "do", "stop")) == 0
		? read_answer(fd, INFINITY) : NULL;
	close(fd);
	json_decref(answer);
	await_end(pid);
	printf("stopped\n");
	return EX_OK;
}

/* ---- status ---- */

int ask_status(const char *file, bool as_json)
{
	int code;
	json_t *status = ask(file, json_pack("{s:s}", "do", "status"), &code);

	if (!status)
		return tell_no_answer(code);
	if (as_json) {
		json_dumpf(status, stdout, JSON_INDENT(2));
		printf("\n");
	} else {
		facts_prepare(status);
		tell_status(status, stdout);
	}
	json_decref(status);
	return EX_OK;
}
