/* SPDX-License-Identifier: MIT */
/*
 * rig.c - what the tests of protocols share.
 */
#include "rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "kit/kit.h"
#include "sys/page.h"

struct rig rig;

void rig_up(void)
{
	int fd;

	memset(&rig, 0, sizeof(rig));
	kit_clock_stop();
	signal(SIGPIPE, SIG_IGN);        /* as a worker does */
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC)); /* handlers misbehave here on purpose */
	rig.loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	cr_assert_eq(hub_init(&rig.hub, rig.loop), 0);
	rig.handler.service = "test";
	rig.handler.label = "test";
	rig.handler.plugin.name = "test";
	rig.handler.loop = rig.loop;
	rig.handler.page = page_create(1, &fd);
	cr_assert_not_null(rig.handler.page);
	rig.handler.counts = &rig.handler.page->services[0].counts;
	close(fd);
	rig.peer.in = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(4711),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

void rig_down(void)
{
	cr_assert_eq(rig.hub.streams, 0, "a stream is left");
	cr_assert_eq(rig.handler.page->doing, PULSE_NO_CALL);
	handler_stop(&rig.handler);
	hub_fini(&rig.hub);
	page_destroy(rig.handler.page, 1);
	ev_loop_destroy(rig.loop);
	kit_clock_go();
}

void rig_enter(void)
{
	cr_assert_eq(rig.depth++, 0, "callbacks nest");
}

void rig_leave(void)
{
	rig.depth--;
}

void rig_tell(const char *format, ...)
{
	size_t at = strlen(rig.story);
	va_list args;

	va_start(args, format);
	if (at > 0 && at + 1 < sizeof(rig.story))
		rig.story[at++] = ' ';
	vsnprintf(rig.story + at, sizeof(rig.story) - at, format, args);
	va_end(args);
}

void rig_told(const char *story)
{
	cr_assert_str_eq(rig.story, story, "told '%s', wanted '%s'", rig.story, story);
	rig.story[0] = '\0';
}

/* A timer of no time is due in the next turn: a little always passes. */
#define A_LITTLE 1000    /* ns */

void rig_turn(void)
{
	kit_clock_move(A_LITTLE);
	ev_run(rig.loop, EVRUN_NOWAIT);
}

void rig_turns(int n)
{
	while (n-- > 0)
		rig_turn();
}

static void on_passed(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	*(bool *)w->data = true;
}

#define AT_MOST 3600.    /* seconds, without a timer */

static void wait_up_to(double seconds)
{
	kit_clock_move(A_LITTLE);
	kit_clock_leap((uint64_t)(seconds * 1e9));
	ev_run(rig.loop, EVRUN_ONCE);
	kit_clock_leap(0);
}

void rig_wait(void)
{
	wait_up_to(AT_MOST);
}

void rig_pass(double seconds)
{
	bool passed = false;
	ev_timer timer;

	ev_now_update(rig.loop);
	ev_timer_init(&timer, on_passed, seconds, 0.);
	timer.data = &passed;
	ev_timer_start(rig.loop, &timer);
	while (!passed)
		wait_up_to(seconds);
}

void rig_block(double seconds)
{
	kit_clock_move((uint64_t)(seconds * 1e9));
}

void rig_until(const bool *so)
{
	while (!*so)
		ev_run(rig.loop, EVRUN_ONCE);
}

void rig_sleeps(void)
{
	rig_turns(2);
	unsigned before = ev_iteration(rig.loop);
	rig_pass(0.02);
	cr_assert_lt(ev_iteration(rig.loop) - before, 10, "the loop spins");
}

/* ---- clients ---- */

static void start(struct client *c, int fd)
{
	*c = (struct client){ .fd = fd, .got = calloc(1, 1) };
}

int client_pair(struct client *c, int type)
{
	int ends[2];

	cr_assert_eq(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	start(c, ends[1]);
	return ends[0];
}

int client_tcp(struct client *c)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	cr_assert_eq(listen(listener, 1), 0);
	cr_assert_eq(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	cr_assert_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	int server = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	cr_assert_geq(server, 0);
	close(listener);
	start(c, fd);
	return server;
}

void client_fini(struct client *c)
{
	if (!c->got)
		return;
	if (c->fd >= 0)
		close(c->fd);
	free(c->got);
	*c = (struct client){ .fd = -1 };
}

void client_sends(struct client *c, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = send(c->fd, at, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return;  /* the server has closed: what it said is still to be read */
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
		if (len > 0) {
			rig_turn();
			client_reads(c);
		}
	}
}

void client_says(struct client *c, const char *text)
{
	cr_assert_eq(send(c->fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

void client_ends(struct client *c)
{
	cr_assert_eq(shutdown(c->fd, SHUT_WR), 0);
}

void client_dies(struct client *c)
{
	struct linger now = { .l_onoff = 1 };

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(c->fd);
	c->fd = -1;
}

void client_reads(struct client *c)
{
	static char block[256 * 1024];
	ssize_t n;

	while ((n = recv(c->fd, block, sizeof(block), 0)) > 0) {
		c->got = realloc(c->got, c->got_len + (size_t)n + 1);
		memcpy(c->got + c->got_len, block, (size_t)n);
		c->got_len += (size_t)n;
		c->got[c->got_len] = '\0';
	}
	if (n == 0)
		c->ended = true;
	else if (errno == ECONNRESET)
		c->reset = true;
	else
		cr_assert_eq(errno, EAGAIN);
}

void client_forgets(struct client *c)
{
	c->got_len = 0;
	c->got[0] = '\0';
}

static void leave_out_dates(struct client *c)
{
	char *date;

	while ((date = strstr(c->got, "\r\nDate: "))) {
		char *end = strstr(date + 2, "\r\n");
		cr_assert_not_null(end);
		memmove(date, end, strlen(end) + 1);
	}
}

void client_hears(struct client *c, const char *text)
{
	client_reads(c);
	leave_out_dates(c);
	cr_assert_str_eq(c->got, text, "heard '%s'\nwanted '%s'", c->got, text);
	client_forgets(c);
}

void client_hears_nothing(struct client *c)
{
	client_reads(c);
	cr_assert_eq(c->got_len, 0, "heard '%s'", c->got);
	cr_assert_not(c->ended || c->reset, "the connection ended");
}

void client_sees_the_end(struct client *c)
{
	client_reads(c);
	cr_assert_eq(c->got_len, 0, "heard '%s'", c->got);
	cr_assert(c->ended, "the connection goes on");
	cr_assert_not(c->reset, "the connection was reset");
}

void client_is_cut(struct client *c)
{
	client_reads(c);
	cr_assert(c->ended || c->reset, "the connection goes on");
}
