/* SPDX-License-Identifier: MIT */
/*
 * ask.c - the command line's side of the control socket.
 *
 * A master that is stopped or hangs still has a socket, whose queue takes connections and requests.
 * Who only asks gives up after ASK_SECONDS.  Who wants a change waits for its outcome, for what
 * was sent cannot be taken back; but if the master has not even read it, that is told, once.
 */
#include "master/ask.h"

#include <errno.h>
#include <linux/sockios.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
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
#include "sys/proc.h"

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
 * EX_NOPERM, ASK_NOT_RUNNING or ASK_SILENT.  seconds: how long it may take; 0: no limit. */
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
		&& connect(fd, (struct sockaddr *)&name, len) == 0;
	if (reached && is_ours(fd))
		return fd;
	/* EAGAIN: who was there before us is not accepted. */
	*code = reached || errno == EACCES || errno == EPERM ? EX_NOPERM
		: errno == EAGAIN ? ASK_SILENT : ASK_NOT_RUNNING;
	if (fd >= 0)
		close(fd);
	return -1;
}

static pid_t pid_of(int fd)
{
	struct ucred who = {0};
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 ? who.pid : 0;
}

/* fd: of the connection, which tells whom to look at; or -1. */
static void tell_silence(const char *file, int fd, const char *what)
{
	int pid = fd < 0 ? 0 : (int)pid_of(fd);

	fprintf(stderr, "portico: the server with %s %s within %d s: ", file, what, ASK_SECONDS);
	if (pid == 0)
		fprintf(stderr, "its master is stopped, which kill -CONT ends, or hangs: kill -9 it and start it again\n");
	else if (proc_is_stopped(pid))
		fprintf(stderr, "pid %d is stopped; kill -CONT %d lets it go on\n", pid, pid);
	else
		fprintf(stderr, "pid %d hangs, its log may say on what; its workers serve on; kill -9 %d and start it "
			"again\n", pid, pid);
}

static void tell_unreached(const char *file, int code)
{
	if (code == ASK_SILENT)
		tell_silence(file, -1, "has not answered");
	else if (code == EX_NOINPUT)
		fprintf(stderr, "portico: %s: %s; name the configuration with -c\n", file, strerror(errno));
	else if (code == EX_NOPERM)
		fprintf(stderr, "portico: the server with %s belongs to another user\n", file);
	else
		fprintf(stderr, "portico: no server runs with %s under this user; portico run %s%s "
			"starts one\n", file, config_is_plugin(file) ? "" : "-c ", file);
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

/* Whether something can be read, or the end, before until, by clock_seconds(). */
static bool is_heard(int fd, double until)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	double left;
	int got = 0;

	while (got == 0 && (left = until - clock_seconds()) > 0.) {
		got = poll(&p, 1, left < 60. ? (int)(left * 1e3) + 1 : 60000);
		if (got < 0 && errno == EINTR)           /* we were stopped */
			got = 0;
	}
	return got != 0;
}

/* *late: it was not whole by then; who says a byte now and then would hold us for ever. */
static json_t *read_answer(int fd, double until, bool *late)
{
	struct buf answer = {0};
	ssize_t n = 0;

	while (buf_reserve(&answer, 4096) == 0 && !(*late = !is_heard(fd, until))
		&& (n = read(fd, buf_tail(&answer), buf_room(&answer))) > 0)
		buf_added(&answer, (size_t)n);
	json_t *json = buf_len(&answer) > 0
		? json_loadb(buf_head(&answer), buf_len(&answer), 0, NULL) : NULL;
	buf_fini(&answer);
	return json;
}

/* The exit code without an answer. */
static int tell_no_answer(int code)
{
	if (code != EX_OK)
		return code;
	fprintf(stderr, "portico: the server ended before it answered\n");
	return 1;
}

/* ---- a question ---- */

json_t *ask(const char *file, json_t *request, int seconds, int *code)
{
	bool late = false;
	int fd = reach_quietly(file, seconds, code);

	if (fd < 0) {
		tell_unreached(file, *code);
		json_decref(request);
		return NULL;
	}
	json_t *answer = send_line(fd, request) < 0 ? NULL
		: read_answer(fd, seconds ? clock_seconds() + seconds : INFINITY, &late);
	*code = late && !answer ? ASK_SILENT : EX_OK;
	if (*code == ASK_SILENT)
		tell_silence(file, fd, "has not answered");
	close(fd);
	return answer;
}

/* ---- a wish, whose outcome is waited for ---- */

static int reach_patiently(const char *file, int *code)
{
	int fd = reach_quietly(file, ASK_SECONDS, code);

	if (fd < 0 && *code == ASK_SILENT) {
		tell_silence(file, -1, "has not read this request");
		fd = reach_quietly(file, 0, code);
	}
	if (fd < 0)
		tell_unreached(file, *code);
	return fd;
}

static bool is_unread(int fd)
{
	int unread = 0;

	return ioctl(fd, SIOCOUTQ, &unread) == 0 && unread > 0;
}

static json_t *await_outcome(const char *file, int fd, json_t *request)
{
	bool late;

	if (send_line(fd, request) < 0)
		return NULL;
	if (!is_heard(fd, clock_seconds() + ASK_SECONDS) && is_unread(fd))
		tell_silence(file, fd, "has not read this request");
	return read_answer(fd, INFINITY, &late);
}

int ask_and_tell(const char *file, json_t *request)
{
	int code, fd = reach_patiently(file, &code);

	if (fd < 0) {
		json_decref(request);
		return code;
	}
	json_t *answer = await_outcome(file, fd, request);
	close(fd);
	if (!answer)
		return tell_no_answer(EX_OK);
	bool good = json_is_true(json_object_get(answer, "good"));
	const char *said = json_string_value(json_object_get(answer, "said"));
	fprintf(good ? stdout : stderr, "%s\n", said ? said : "no answer that can be read");
	json_decref(answer);
	return good ? EX_OK : 1;
}

/* ---- health ---- */

static const char silent[] = "it does not answer";

/* What reach_quietly() gave, in words. */
static const char *unreached(int code)
{
	return code == EX_NOINPUT ? strerror(errno) : code == EX_NOPERM ? "it belongs to another user"
		: code == ASK_SILENT ? silent : "no server runs";
}

int ask_ready(const char *file, char *why, size_t size)
{
	int code, fd = reach_quietly(file, ASK_READY_SECONDS, &code);

	if (fd < 0) {
		snprintf(why, size, "%s", unreached(code));
		return -1;
	}
	bool late;
	double until = clock_seconds() + ASK_READY_SECONDS;
	json_t *answer = send_line(fd, json_pack("{s:s}", "do", "health")) == 0
		? read_answer(fd, until, &late) : NULL;
	close(fd);
	const json_t *good = json_object_get(answer, "good");
	const char *said = json_string_value(json_object_get(answer, "said"));
	int result = good ? json_is_true(good) : -1;
	snprintf(why, size, "%s", said ? said : silent);
	json_decref(answer);
	return result;
}

/* ---- stop ---- */

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

int ask_stop(const char *file)
{
	int code, fd = reach_patiently(file, &code);

	if (fd < 0)
		return code;
	pid_t pid = pid_of(fd);
	json_decref(await_outcome(file, fd, json_pack("{s:s}", "do", "stop")));
	close(fd);
	await_end(pid);
	printf("stopped\n");
	return EX_OK;
}

/* ---- status ---- */

int ask_status(const char *file, bool as_json)
{
	int code;
	json_t *status = ask(file, json_pack("{s:s}", "do", "status"), ASK_SECONDS, &code);

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
