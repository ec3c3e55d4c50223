/* SPDX-License-Identifier: MIT */
/*
 * top_ask.c - a question to the master that the screen does not wait for.
 */
#include "master/top_ask.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "master/ask.h"

/* The child.  What ask() says on standard error is the reason why there is no answer. */
static void __attribute__((noreturn))
ask_for(int out, pid_t parent, const char *file, json_t *request)
{
	sigset_t none;
	int code;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	dup2(out, STDERR_FILENO);
	json_t *answer = ask(file, request, 0, &code);
	if (answer)
		(void)json_dumpfd(answer, out, JSON_COMPACT);
	_exit(0);
}

int top_ask_begin(struct top_ask *a, const char *file, json_t *request)
{
	int ends[2];
	pid_t parent = getpid();

	*a = (struct top_ask){ .since = clock_seconds() };
	if (pipe2(ends, O_CLOEXEC) < 0)
		goto failed;
	a->fd = ends[0];
	a->pid = fork();
	if (a->pid == 0)
		ask_for(ends[1], parent, file, request);
	close(ends[1]);
	if (a->pid < 0) {
		close(ends[0]);
		a->pid = 0;
		goto failed;
	}
	fcntl(a->fd, F_SETFL, O_NONBLOCK);
	json_decref(request);
	return 0;

failed:
	json_decref(request);
	return -1;
}

/* "portico: WHY\n" without what stands around it. */
static void take_reason(struct top_ask *a, char *why, size_t room)
{
	static const char name[] = "portico: ";
	const char *text = buf_len(&a->heard) > 0 ? buf_head(&a->heard) : "";
	size_t len = buf_len(&a->heard);

	if (len >= strlen(name) && strncmp(text, name, strlen(name)) == 0) {
		text += strlen(name);
		len -= strlen(name);
	}
	while (len > 0 && text[len - 1] == '\n')
		len--;
	if (len > 0)
		snprintf(why, room, "%.*s", (int)len, text);
	else
		snprintf(why, room, "the server ended before it answered");
}

static bool read_all(struct top_ask *a)
{
	ssize_t n;

	do {
		if (buf_reserve(&a->heard, 65536) < 0)
			return true;
		n = read(a->fd, buf_tail(&a->heard), buf_room(&a->heard));
		if (n > 0)
			buf_added(&a->heard, (size_t)n);
	} while (n > 0);
	return n == 0 || errno != EAGAIN;
}

bool top_ask_hear(struct top_ask *a, json_t **answer, char *why, size_t room)
{
	if (a->pid == 0 || !read_all(a))
		return false;
	*answer = buf_len(&a->heard) > 0
		? json_loadb(buf_head(&a->heard), buf_len(&a->heard), 0, NULL) : NULL;
	if (!*answer)
		take_reason(a, why, room);
	top_ask_end(a);
	return true;
}

void top_ask_end(struct top_ask *a)
{
	if (a->pid == 0)
		return;
	kill(a->pid, SIGKILL);
	while (waitpid(a->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(a->fd);
	buf_fini(&a->heard);
	a->pid = 0;
}
