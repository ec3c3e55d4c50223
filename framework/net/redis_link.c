/* SPDX-License-Identifier: MIT */
/*
 * redis_link.c - one connection to a Redis, which comes back by itself.
 */
#include "net/redis_link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/redis_reply.h"
#include "net/redis_wire.h"

#define FIRST_DELAY 0.1                  /* seconds until the first attempt after it was lost */
#define LAST_DELAY  2.0

/* ---- the log ---- */

static void say_away(struct redis_link *l, const char *why)
{
	unsigned missed;

	if (l->told || !seldom_may(&l->seldom, &missed))
		return;
	l->told = true;
	log_warn("redis %s, %s: %s; trying until it is back", l->server->name, l->purpose, why);
}

static void say_back(struct redis_link *l)
{
	if (l->told)
		log_info("redis %s, %s: it is back", l->server->name, l->purpose);
	l->told = false;
}

/* ---- losing it ---- */

/* Workers that lost it together do not come back together. */
static double next_delay(const struct redis_link *l)
{
	double most = FIRST_DELAY * (1U << (l->failures < 8 ? l->failures : 8));
	double part = 0.5 + 0.5 * (double)(clock_ns() % 1024) / 1024.;

	return part * (most < LAST_DELAY ? most : LAST_DELAY);
}

static void set_timer(struct redis_link *l, double seconds)
{
	ev_timer_stop(l->loop, &l->timer);
	if (seconds <= 0.)
		return;
	ev_now_update(l->loop);
	ev_timer_set(&l->timer, seconds, 0.);
	ev_timer_start(l->loop, &l->timer);
}

static void watch(struct redis_link *l, int events)
{
	if (ev_is_active(&l->io) && l->io.events == events)
		return;
	ev_io_stop(l->loop, &l->io);
	ev_io_modify(&l->io, events);
	ev_io_start(l->loop, &l->io);
}

static void hang_up(struct redis_link *l)
{
	ev_io_stop(l->loop, &l->io);
	ev_clear_pending(l->loop, &l->flush);
	if (l->io.fd >= 0)
		close(l->io.fd);
	l->io.fd = -1;
	if (l->reader)
		redisReaderFree(l->reader);
	l->reader = NULL;
	buf_fini(&l->out);
}

void redis_link_fail(struct redis_link *l, int error, const char *why)
{
	hang_up(l);
	l->state = REDIS_AWAY;
	set_timer(l, next_delay(l));
	l->failures++;
	say_away(l, why);
	l->owner->lost(l->arg, error);
}

static void fail(struct redis_link *l, int error)
{
	redis_link_fail(l, error, strerror(error));
}

/* ---- sending ---- */

static void flush(struct redis_link *l)
{
	while (buf_len(&l->out) > 0) {
		ssize_t n = send(l->io.fd, buf_head(&l->out), buf_len(&l->out), MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			watch(l, EV_READ | EV_WRITE);
			return;
		}
		if (n < 0 && errno != EINTR) {
			fail(l, errno);
			return;
		}
		if (n > 0)
			buf_take(&l->out, (size_t)n);
	}
	watch(l, EV_READ);
}

/* All of a turn leaves together.  Fed, not started: what is given while the loop gets ready to wait
 * would lie until it woke. */
static void flush_soon(struct redis_link *l)
{
	ev_feed_event(l->loop, &l->flush, EV_CUSTOM);
}

static void on_flush(struct ev_loop *loop, ev_prepare *w, int events)
{
	struct redis_link *l = w->data;

	(void)loop;
	(void)events;
	if (l->state == REDIS_UP && !l->held)
		flush(l);
}

bool redis_link_is_hopeful(const struct redis_link *l)
{
	return l->failures == 0 && l->state != REDIS_UP
		&& (l->state != REDIS_AWAY || ev_is_active(&l->timer));
}

int redis_link_give(struct redis_link *l, const struct redis_word *words, int count)
{
	if (l->state != REDIS_UP && !redis_link_is_hopeful(l)) {
		errno = ENOTCONN;
		return -1;
	}
	if (redis_wire_append(&l->out, words, count) < 0)
		return -1;
	flush_soon(l);
	return 0;
}

void redis_link_hold(struct redis_link *l, bool hold)
{
	l->held = hold;
	if (!hold && buf_len(&l->out) > 0)
		flush_soon(l);
}

/* ---- greeting ---- */

static int add_greetings(struct redis_link *l, struct buf *out)
{
	const struct redis_server *s = l->server;
	struct redis_word auth[3] = { { "AUTH", 4 } }, ping = { "PING", 4 };
	int count = 1;

	if (s->user)
		auth[count++] = (struct redis_word){ s->user, strlen(s->user) };
	if (s->password)
		auth[count++] = (struct redis_word){ s->password, strlen(s->password) };
	l->greetings = count > 1 ? 2 : 1;
	if (count > 1 && redis_wire_append(out, auth, count) < 0)
		return -1;
	return redis_wire_append(out, &ping, 1);
}

/* So few bytes a fresh connection takes at once, or it is a bad one. */
static void greet(struct redis_link *l)
{
	struct buf words = { 0 };

	l->state = REDIS_GREETING;
	l->reader = redis_reader();
	int error = !l->reader || add_greetings(l, &words) < 0 ? ENOMEM : 0;
	if (!error && send(l->io.fd, buf_head(&words), buf_len(&words), MSG_NOSIGNAL) != (ssize_t)buf_len(&words))
		error = errno;
	buf_fini(&words);
	if (error)
		fail(l, error);
	else
		watch(l, EV_READ);
}

static void be_up(struct redis_link *l)
{
	l->state = REDIS_UP;
	l->failures = 0;
	set_timer(l, 0.);
	say_back(l);
	if (buf_len(&l->out) > 0)
		flush_soon(l);
	l->owner->up(l->arg);
}

/* False: the connection is lost. */
static bool hear_greeting(struct redis_link *l, const struct redisReply *reply)
{
	bool last = l->greetings == 1;
	char why[256];

	if (redis_reply_is(reply, REDIS_REPLY_STATUS, last ? "PONG" : "OK")) {
		l->greetings--;
		if (last)
			be_up(l);
		return l->state != REDIS_AWAY;   /* its owner may have had no memory for what comes first */
	}
	snprintf(why, sizeof(why), "it answers %s%s%s", last ? "PING" : "AUTH", " with ",
		reply->type == REDIS_REPLY_ERROR || reply->type == REDIS_REPLY_STATUS ? reply->str : "nonsense");
	int error = redis_reply_error(reply);
	redis_link_fail(l, error ? error : EPROTO, why);
	return false;
}

/* ---- hearing ---- */

static bool hear(struct redis_link *l, const struct redisReply *reply)
{
	if (l->state == REDIS_GREETING)
		return hear_greeting(l, reply);
	if (l->owner->heard(l->arg, reply) == 0)
		return true;
	redis_link_fail(l, EPROTO, reply->type == REDIS_REPLY_ERROR ? reply->str : "it answers with nonsense");
	return false;
}

static int hear_all(struct redis_link *l)
{
	struct redisReply *reply;
	int got;

	while ((got = redis_reader_take(l->reader, &reply)) > 0) {
		bool goes_on = hear(l, reply);
		freeReplyObject(reply);
		if (!goes_on)
			return -1;
	}
	if (got < 0)
		redis_link_fail(l, EPROTO, "it answers with nonsense");
	return got;
}

int redis_link_read(struct redis_link *l)
{
	char block[16 * 1024];
	ssize_t n = recv(l->io.fd, block, sizeof(block), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		fail(l, errno);
	else if (n == 0)
		redis_link_fail(l, ECONNRESET, "it has closed the connection");
	else if (redisReaderFeed(l->reader, block, (size_t)n) != REDIS_OK)
		fail(l, ENOMEM);
	else if (hear_all(l) == 0)
		return (int)n;
	return -1;
}

/* ---- connecting ---- */

static void on_connected(struct redis_link *l)
{
	socklen_t len = sizeof(int);
	int error = 0;

	getsockopt(l->io.fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error)
		fail(l, error);
	else
		greet(l);
}

static void on_io(struct ev_loop *loop, ev_io *w, int events)
{
	struct redis_link *l = w->data;

	(void)loop;
	if (l->state == REDIS_CONNECTING)
		on_connected(l);
	else if (events & EV_READ && redis_link_read(l) < 0)
		return;
	else if (events & EV_WRITE && l->state == REDIS_UP)
		flush(l);
}

static void attempt(struct redis_link *l)
{
	int fd = redis_wire_dial(l->server);

	if (fd < 0) {
		fail(l, errno);
		return;
	}
	l->state = REDIS_CONNECTING;
	ev_io_set(&l->io, fd, EV_WRITE);
	ev_io_start(l->loop, &l->io);
	set_timer(l, l->server->timeout);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct redis_link *l = w->data;

	(void)loop;
	(void)events;
	if (l->state == REDIS_AWAY)
		attempt(l);
	else
		fail(l, ETIMEDOUT);
}

/* ---- the whole ---- */

void redis_link_init(struct redis_link *l, const struct redis_server *server, struct ev_loop *loop,
	const struct redis_link_owner *owner, void *arg, const char *purpose)
{
	*l = (struct redis_link){
		.server = server, .owner = owner, .arg = arg, .purpose = purpose, .loop = loop,
	};
	ev_io_init(&l->io, on_io, -1, EV_WRITE);
	ev_timer_init(&l->timer, on_timer, 0., 0.);
	ev_prepare_init(&l->flush, on_flush);
	ev_set_priority(&l->flush, EV_MINPRI);
	l->io.data = l->timer.data = l->flush.data = l;
}

/* In the next turn: whoever asks hears of a failure from the loop. */
void redis_link_begin(struct redis_link *l)
{
	if (l->state != REDIS_AWAY || ev_is_active(&l->timer))
		return;
	ev_timer_start(l->loop, &l->timer);
}

void redis_link_fini(struct redis_link *l)
{
	if (l->state == REDIS_UP && buf_len(&l->out) > 0)
		(void)!send(l->io.fd, buf_head(&l->out), buf_len(&l->out), MSG_NOSIGNAL);
	ev_timer_stop(l->loop, &l->timer);
	hang_up(l);
	l->state = REDIS_AWAY;
}
