/* SPDX-License-Identifier: MIT */
/*
 * talk.c - clients that stay and talk.
 */
#include "talk.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "ws_client.h"

enum { AHEAD = 6, ROOM = 512, TURNS = 10 };

struct talker {
	int      fd;                     /* -1: it has ended */
	bool     websocket;
	uint64_t said, heard;
	pid_t    by;                     /* who answered last */
	char     out[128];               /* what of the line under way was not sent */
	size_t   out_len;
	char     in[ROOM];
	size_t   in_len;
};

static void ended(struct talk *t, struct talker *k, const char *why)
{
	if (t->ended++ == 0 && !t->why[0])
		snprintf(t->why, sizeof(t->why), "%s after %llu lines: %s",
			k->websocket ? "WebSocket" : "TCP", (unsigned long long)k->heard, why);
	close(k->fd);
	k->fd = -1;
}

/* ---- saying ---- */

/* Masked with zeros. */
static size_t make_line(const struct talker *k, char *out, size_t room)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)k->said);

	if (!k->websocket)
		return (size_t)snprintf(out, room, "%s\n", text);
	memcpy(out, "\x81\x80\0\0\0\0", 6);
	out[1] = (char)(0x80 | len);
	memcpy(out + 6, text, (size_t)len);
	return 6 + (size_t)len;
}

static void say(struct talk *t, struct talker *k)
{
	if (k->out_len == 0 && k->said < k->heard + AHEAD)
		k->out_len = make_line(k, k->out, sizeof(k->out)), k->said++;
	if (k->out_len == 0)
		return;
	size_t cut = rand() % 16 == 0 ? 1 + (size_t)rand() % k->out_len : k->out_len;
	ssize_t n = send(k->fd, k->out, cut, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && errno != EAGAIN) {
		ended(t, k, strerror(errno));
	} else if (n > 0) {
		k->out_len -= (size_t)n;
		memmove(k->out, k->out + n, k->out_len);
	}
}

/* ---- hearing ---- */

static void check(struct talk *t, struct talker *k, const char *line)
{
	unsigned long long what = 0, count = 0;
	int pid = 0;

	if (sscanf(line, "%llu %llu %d", &what, &count, &pid) != 3 || what != k->heard || count != k->heard) {
		if (t->wrong++ == 0 && !t->why[0])
			snprintf(t->why, sizeof(t->why), "heard \"%.60s\" in place of line %llu", line,
				(unsigned long long)k->heard);
	}
	k->heard++;
	k->by = pid;
	t->lines++;
}

/* The next whole line is in [*at, *at + *len); gives what it takes of the input, 0: none is there. */
static size_t find_line(const struct talker *k, const char *in, size_t len, const char **at, size_t *line)
{
	const char *end = k->websocket ? NULL : memchr(in, '\n', len);

	if (k->websocket) {
		*at = in + 2;
		*line = len >= 2 ? (unsigned char)in[1] : 0;
		return len >= 2 && len >= 2 + *line ? 2 + *line : 0;
	}
	*at = in;
	*line = end ? (size_t)(end - in) : 0;
	return end ? *line + 1 : 0;
}

static void take_lines(struct talk *t, struct talker *k)
{
	size_t used = 0, n, len;
	const char *at;
	char line[128];

	while ((n = find_line(k, k->in + used, k->in_len - used, &at, &len)) > 0) {
		bool is_text = !k->websocket || (unsigned char)k->in[used] == 0x81;
		snprintf(line, sizeof(line), "%.*s", is_text ? (int)len : 0, at);
		check(t, k, line);
		used += n;
	}
	k->in_len -= used;
	memmove(k->in, k->in + used, k->in_len);
}

static void hear(struct talk *t, struct talker *k)
{
	ssize_t n = recv(k->fd, k->in + k->in_len, sizeof(k->in) - k->in_len, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		ended(t, k, n == 0 ? "end of file" : strerror(errno));
	} else if (n > 0) {
		k->in_len += (size_t)n;
		take_lines(t, k);
	}
}

/* ---- all of them ---- */

void talk_begin(struct talk *t, size_t count, int port, bool websocket)
{
	t->talkers = realloc(t->talkers, (t->count + count) * sizeof(*t->talkers));
	for (size_t i = 0; i < count; i++)
		t->talkers[t->count++] = (struct talker){
			.fd = websocket ? ws_connect(port, "/") : client_connect(port),
			.websocket = websocket,
		};
}

void talk_turn(struct talk *t)
{
	poll(NULL, 0, 1);                /* the server has work, too */
	for (size_t i = 0; i < t->count; i++) {
		if (t->talkers[i].fd >= 0)
			hear(t, &t->talkers[i]);
		if (t->talkers[i].fd >= 0)
			say(t, &t->talkers[i]);
	}
}

void talk_until(struct talk *t, bool (*so)(void *arg), void *arg, const char *what)
{
	double end = seconds_now() + PATIENCE;

	while (!so(arg)) {               /* asking costs more than a turn */
		cr_assert_lt(seconds_now(), end, "never: %s; %s", what, t->why);
		for (int i = 0; i < TURNS; i++)
			talk_turn(t);
	}
}

struct saying {
	struct server *server;
	const char    *text;
	size_t         count;
};

static bool is_said(void *arg)
{
	const struct saying *s = arg;

	return server_count(s->server, s->text) >= s->count;
}

void talk_until_said(struct talk *t, struct server *s, const char *text, size_t count)
{
	talk_until(t, is_said, &(struct saying){ s, text, count }, text);
}

static bool all_is_answered(const struct talk *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->talkers[i].fd >= 0
			&& (t->talkers[i].out_len > 0 || t->talkers[i].heard < t->talkers[i].said))
			return false;
	return true;
}

void talk_finish(struct talk *t)
{
	double end = seconds_now() + PATIENCE;

	while (!all_is_answered(t) && seconds_now() < end) {
		poll(NULL, 0, 1);
		for (size_t i = 0; i < t->count; i++) {
			struct talker *k = &t->talkers[i];
			if (k->fd >= 0)
				hear(t, k);
			if (k->fd >= 0 && k->out_len > 0)
				say(t, k);
		}
	}
	cr_assert(all_is_answered(t), "lines have no answer; %s", t->why);
}

size_t talk_answered_by(const struct talk *t, const pid_t *pids, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < t->count; i++)
		for (size_t k = 0; k < count; k++)
			n += t->talkers[i].by == pids[k];
	return n;
}

void talk_is_whole(const struct talk *t)
{
	cr_assert_eq(t->ended + t->wrong, 0, "%zu ended, %zu answers were wrong: %s", t->ended, t->wrong,
		t->why);
}

void talk_end(struct talk *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->talkers[i].fd >= 0)
			close(t->talkers[i].fd);
	free(t->talkers);
	*t = (struct talk){0};
}
