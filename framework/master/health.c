/* SPDX-License-Identifier: MIT */
/*
 * health.c - portico health: is the server ready, for people, for BIRD and for HAProxy.
 *
 *	DOWN --three looks: ready--> READY --two looks: not--> DRAINING or DOWN
 *
 * A process of its own, so that it sees a master that hangs or has died, too.  What it ends with is
 * "do not send clients here": BIRD's protocol is disabled when it goes.  It tells BIRD at
 * each look, not only at a change: a BIRD that was started anew hears it, too.
 */
#include "master/health.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "master/ask.h"
#include "master/bird.h"
#include "sys/addr.h"

#define BIRD_SOCKET "/run/bird/bird.ctl"

enum { RISE = 3, FALL = 2, WHY = 512 };

enum health_state { HEALTH_DOWN, HEALTH_DRAINING, HEALTH_READY };

/* What HAProxy is told: "ready" takes back a "drain", "up" a "down". */
static const char *const agent_words[] = {
	[HEALTH_DOWN] = "down\n",
	[HEALTH_DRAINING] = "drain\n",
	[HEALTH_READY] = "ready up\n",
};

struct watcher {
	const struct health *h;
	char                 protocol[128];
	const char          *bird_socket;
	int                  agent;          /* listens; -1: nobody asks */
	int                  signals;
	enum health_state    state;
	enum health_state    seen;           /* at the last look */
	unsigned             looks;          /* that saw the same */
	char                 why[WHY];       /* it is not ready */
	bool                 bird_fails;     /* was told */
};

static enum health_state look(const char *file, char why[WHY])
{
	int answer = ask_ready(file, why, WHY);

	return answer > 0 ? HEALTH_READY : answer == 0 ? HEALTH_DRAINING : HEALTH_DOWN;
}

static int tell_once(const char *file)
{
	char why[WHY] = "";
	enum health_state state = look(file, why);

	if (state == HEALTH_READY)
		printf("ready\n");
	else
		printf("%s: %s\n", state == HEALTH_DRAINING ? "not ready" : "down", why);
	return state == HEALTH_READY ? EX_OK : 1;
}

/* ---- the watcher ---- */

static void tell_bird(struct watcher *w)
{
	char why[WHY];

	if (!w->h->bird)
		return;
	bool fails = bird_enable(w->bird_socket, w->protocol, w->state == HEALTH_READY, why, sizeof(why)) < 0;
	if (fails && !w->bird_fails)
		log_error("BIRD does not hear it: %s", why);
	else if (!fails && w->bird_fails)
		log_info("BIRD hears it again");
	w->bird_fails = fails;
}

static void change(struct watcher *w, enum health_state state)
{
	if (state == HEALTH_READY)
		log_info("ready: new clients may come");
	else if (w->state == HEALTH_READY)
		log_warn("no new clients: %s", w->why);
	w->state = state;
}

/* Between not ready and down, where no clients are sent, there is nothing to wait for. */
static void look_again(struct watcher *w)
{
	enum health_state seen = look(w->h->file, w->why);

	w->looks = (seen == HEALTH_READY) == (w->seen == HEALTH_READY) ? w->looks + 1 : 1;
	w->seen = seen;
	if (seen != w->state && w->looks >= (seen == HEALTH_READY ? RISE : FALL))
		change(w, seen);
	tell_bird(w);
}

static void answer_agent(struct watcher *w)
{
	int fd = accept4(w->agent, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	const char *word = agent_words[w->state];
	if (send(fd, word, strlen(word), MSG_NOSIGNAL) < 0)
		log_debug("the agent's answer: %s", strerror(errno));
	close(fd);
}

static bool told_to_end(const struct watcher *w)
{
	struct signalfd_siginfo info;

	return read(w->signals, &info, sizeof(info)) == (ssize_t)sizeof(info);
}

/* Answers who asks until it is time to look again; false: it was told to end. */
static bool wait_until(struct watcher *w, double then)
{
	struct pollfd fds[] = { { .fd = w->signals, .events = POLLIN }, { .fd = w->agent, .events = POLLIN } };
	double left;

	while ((left = then - clock_seconds()) > 0.) {
		if (poll(fds, 2, (int)(left * 1000.) + 1) < 0 && errno != EINTR)
			return false;
		if (told_to_end(w))
			return false;
		if (fds[1].revents)
			answer_agent(w);
	}
	return true;
}

static void watch(struct watcher *w)
{
	double next = clock_seconds();

	do {
		look_again(w);
		next += w->h->every;
		if (next < clock_seconds())
			next = clock_seconds() + w->h->every;
	} while (wait_until(w, next));
	log_info("ending: new clients are not to come here");
	w->state = HEALTH_DOWN;
	tell_bird(w);
}

/* ---- its beginning ---- */

static int split_bird(struct watcher *w, const char *text)
{
	size_t len = strcspn(text, "@");

	w->bird_socket = text[len] ? text + len + 1 : BIRD_SOCKET;
	if (len > 0 && len < sizeof(w->protocol) && strcspn(text, " \t\n;\"'") >= len && *w->bird_socket) {
		memcpy(w->protocol, text, len);
		return 0;
	}
	fprintf(stderr, "portico: --bird %s: the name of a protocol is expected, anycast or anycast@%s\n", text,
		BIRD_SOCKET);
	return -1;
}

static int listen_at(const struct addr *a)
{
	int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) == 0
		&& bind(fd, &a->sa, addr_len(a)) == 0 && listen(fd, 64) == 0)
		return fd;
	int error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return -1;
}

static int open_agent(const char *text, int *code)
{
	struct addr a;
	const char *why = NULL;

	*code = EX_USAGE;
	if (addr_parse(text, &a, 1, &why) != 1) {
		fprintf(stderr, "portico: --agent %s: %s\n", text, why ? why : "one address is expected");
		return -1;
	}
	int fd = listen_at(&a);
	*code = EX_UNAVAILABLE;
	if (fd < 0)
		fprintf(stderr, "portico: --agent %s: %s\n", text, strerror(errno));
	return fd;
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	return sigprocmask(SIG_BLOCK, &set, NULL) == 0 ? signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC) : -1;
}

int health(const struct health *h)
{
	struct watcher w = { .h = h, .agent = -1, .signals = -1 };
	int code = EX_USAGE;

	if (!h->bird && !h->agent)
		return tell_once(h->file);
	log_as("health");
	if (h->bird && split_bird(&w, h->bird) < 0)
		return EX_USAGE;
	if (h->agent && (w.agent = open_agent(h->agent, &code)) < 0)
		return code;
	if ((w.signals = open_signals()) < 0) {
		fprintf(stderr, "portico: signals: %s\n", strerror(errno));
		return EX_OSERR;
	}
	watch(&w);
	close(w.signals);
	if (w.agent >= 0)
		close(w.agent);
	return EX_OK;
}
