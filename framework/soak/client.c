/* SPDX-License-Identifier: MIT */
/*
 * client.c - one connection of the load, from connect to close.
 */
#include "soak/client.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "soak/connect.h"
#include "soak/engine.h"

static void set_state(struct client *c, enum client_state state)
{
	if (c->state == CLIENT_ASKING)
		c->soak->asking--;
	c->state = state;
	if (c->state == CLIENT_ASKING)
		c->soak->asking++;
}

static void allow(struct client *c, double seconds)
{
	/* To libev a repeat of 0 means never. */
	c->timer.repeat = seconds > 1e-6 ? seconds : 1e-6;
	ev_timer_again(c->soak->loop, &c->timer);
}

static void watch(struct client *c, int events)
{
	ev_io_stop(c->soak->loop, &c->io);
	ev_io_set(&c->io, c->io.fd, events);
	ev_io_start(c->soak->loop, &c->io);
}

/* ---- the end ---- */

void client_give_up(struct client *c)
{
	struct soak *s = c->soak;

	if (c->state == CLIENT_FREE)
		return;
	set_state(c, CLIENT_FREE);
	ev_timer_stop(s->loop, &c->timer);
	ev_io_stop(s->loop, &c->io);
	if (c->io.fd >= 0)
		close(c->io.fd);
	c->io.fd = -1;
	s->open--;
	c->next_free = s->free;
	s->free = c;
}

static void end_as(struct client *c, enum soak_count kind)
{
	c->tally->n[kind]++;
	client_give_up(c);
}

/* The server ended the connection: error, or 0 for its FIN. */
static void ended(struct client *c, int error)
{
	switch (c->state) {
	case CLIENT_ENDING:
		if (error)
			c->tally->n[SOAK_RESET_AFTER]++;
		client_give_up(c);
		return;
	case CLIENT_PAUSING:
		end_as(c, SOAK_CLOSED_IDLE);
		return;
	default:
		break;
	}
	if (error == ETIMEDOUT)
		end_as(c, SOAK_TIMED_OUT);
	else if (error == ECONNREFUSED || error == EHOSTUNREACH)
		end_as(c, SOAK_REFUSED);
	else if (connect_failed_here(error))
		end_as(c, SOAK_LOCAL);
	else if (c->answer.begun)
		end_as(c, SOAK_TRUNCATED);
	else
		end_as(c, c->answers > 0 ? SOAK_CUT : SOAK_RESET);
}

/* ---- asking ---- */

static bool is_last_request(const struct client *c)
{
	return c->answers + 1 >= c->target->requests;
}

/* Gives the request's length; prepares for its answer. */
static size_t write_request(struct client *c, char *out, size_t size)
{
	const struct soak_target *t = c->target;

	if (t->protocol == SOAK_HTTP) {
		answer_expect_http(&c->answer, t->body);
		return (size_t)snprintf(out, size, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n",
			t->path ? t->path : "/", t->host ? t->host : "localhost",
			is_last_request(c) ? "Connection: close\r\n" : "");
	}
	int len = snprintf(out, size, "soak %016llx %08x\n", (unsigned long long)c->number,
		c->answers);
	answer_expect_echo(&c->answer, out, (size_t)len);
	return (size_t)len;
}

static void ask(struct client *c)
{
	char text[SOAK_REQUEST];

	size_t len = write_request(c, text, sizeof(text));
	set_state(c, CLIENT_ASKING);
	c->tally->n[SOAK_REQUESTS]++;
	if (c->answers > 0)
		allow(c, c->soak->plan.timeout);
	ssize_t n = send(c->io.fd, text, len, MSG_NOSIGNAL);
	if (n < 0)
		ended(c, errno == EPIPE ? ECONNRESET : errno);
	else if ((size_t)n < len)
		end_as(c, SOAK_LOCAL);
}

/* An end that has come already but that the loop has not told yet: to ask now
 * would be our race, not the server's. */
static bool has_ended(const struct client *c)
{
	char byte;

	return recv(c->io.fd, &byte, 1, MSG_PEEK) >= 0 || errno != EAGAIN;
}

/* ---- answers ---- */

static double pause_length(struct client *c)
{
	struct soak *s = c->soak;
	const struct soak_target *t = c->target;

	s->dice = s->dice * 1664525u + 1013904223u;
	return t->pause_min + (t->pause_max - t->pause_min) * (double)(s->dice >> 8) / (1 << 24);
}

static void await_end(struct client *c)
{
	set_state(c, CLIENT_ENDING);
	allow(c, c->soak->plan.timeout);
	if (c->target->protocol == SOAK_TCP)
		(void)shutdown(c->io.fd, SHUT_WR);
}

static void add_latency(struct soak_tally *t, double seconds)
{
	latency_add(&t->latency, seconds > 0. ? (uint64_t)(seconds * 1e6) : 0, 1);
}

static void answered(struct client *c)
{
	if (c->answer.wrong) {
		end_as(c, SOAK_WRONG);
		return;
	}
	if (c->answers == 0)
		add_latency(c->tally, soak_now() - c->begun);
	c->tally->n[SOAK_ANSWERED]++;
	if (is_last_request(c) || c->answer.last) {
		await_end(c);
		return;
	}
	c->answers++;
	if (c->soak->stopping) {
		client_give_up(c);
		return;
	}
	set_state(c, CLIENT_PAUSING);
	allow(c, pause_length(c));
}

static void on_bytes(struct client *c, size_t len)
{
	if (c->state != CLIENT_ASKING) {
		end_as(c, SOAK_WRONG);   /* nobody asked for these */
		return;
	}
	answer_feed(&c->answer, c->soak->block, len);
	if (c->answer.phase == ANSWER_WHOLE)
		answered(c);
}

static void on_end(struct client *c)
{
	if (c->state == CLIENT_ASKING) {
		answer_end(&c->answer);
		if (c->answer.phase == ANSWER_WHOLE)
			answered(c);     /* leaves it ENDING, or FREE */
	}
	if (c->state != CLIENT_FREE)
		ended(c, 0);
}

static void read_all(struct client *c)
{
	while (c->state != CLIENT_FREE) {
		ssize_t n = recv(c->io.fd, c->soak->block, sizeof(c->soak->block), 0);
		if (n > 0) {
			on_bytes(c, (size_t)n);
			continue;
		}
		if (n == 0)
			on_end(c);
		else if (errno != EAGAIN && errno != EINTR)
			ended(c, errno);
		if (n == 0 || errno != EINTR)
			return;
	}
}

/* ---- events ---- */

static void connected(struct client *c)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(c->io.fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error) {
		ended(c, error);
		return;
	}
	watch(c, EV_READ);
	ask(c);
}

static void on_event(struct ev_loop *loop, ev_io *io, int events)
{
	struct client *c = io->data;

	(void)loop;
	(void)events;
	if (c->state == CLIENT_CONNECTING)
		connected(c);
	else
		read_all(c);
}

static void on_timer(struct ev_loop *loop, ev_timer *t, int events)
{
	struct client *c = t->data;

	(void)loop;
	(void)events;
	ev_timer_stop(c->soak->loop, &c->timer);
	if (c->state == CLIENT_ENDING)
		end_as(c, SOAK_LEFT_OPEN);
	else if (c->state != CLIENT_PAUSING)
		end_as(c, SOAK_TIMED_OUT);
	else if (c->soak->stopping)
		client_give_up(c);
	else if (has_ended(c))
		read_all(c);
	else
		ask(c);
}

/* ---- the beginning ---- */

void client_connect(struct client *c, const struct soak_target *target, uint64_t number,
	double due)
{
	const struct addr *to = &target->to;

	c->target = target;
	c->tally = &c->soak->report.targets[target - c->soak->plan.targets];
	c->number = number;
	c->answers = 0;
	c->answer = (struct answer){ 0 };
	c->begun = due;
	c->tally->n[SOAK_STARTED]++;
	set_state(c, CLIENT_CONNECTING);
	c->io.fd = connect_open(&c->soak->plan, to, number);
	if (c->io.fd < 0) {
		end_as(c, SOAK_LOCAL);
		return;
	}
	if (connect(c->io.fd, &to->sa, addr_len(to)) < 0 && errno != EINPROGRESS) {
		ended(c, errno);
		return;
	}
	allow(c, c->soak->plan.timeout);
	watch(c, EV_WRITE);
}

void client_init(struct client *c, struct soak *s)
{
	c->soak = s;
	ev_init(&c->timer, on_timer);
	ev_io_init(&c->io, on_event, -1, EV_READ);
	c->timer.data = c->io.data = c;
	c->next_free = s->free;
	s->free = c;
}
