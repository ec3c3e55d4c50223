/* SPDX-License-Identifier: MIT */
/*
 * guests.c - WebSocket clients of the chat, in one epoll loop.
 */
#include "guests.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 8192, JOINING = 4096 };

enum guest_state { SHAKING, JOINED, IN_STEP };

struct guest {
	int              fd;
	enum guest_state state;
	uint16_t         port;           /* its own */
	bool             doomed;         /* its end is expected */
	bool             left;           /* it lost a connection at least once */
	size_t           place;          /* in the book, IN_STEP */
	size_t           lost_at;        /* place when it lost its connection */
	unsigned         lines;          /* said */
	unsigned         confirmed;      /* of them, found in the book in the end */
	char            (*early)[BOOK_TEXT];     /* JOINED: heard, and not in the book yet */
	size_t           early_count;
	char             in[ROOM];
	size_t           in_len;
};

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(const char *what)
{
	fprintf(stderr, "chat-run: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* ---- coming ---- */

static void enter(struct guests *g, struct guest *k)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: chat\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)g->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) }, own;
	socklen_t len = sizeof(own);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = k };

	k->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (k->fd < 0 || connect(k->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		fail("connect");
	if (getsockname(k->fd, (struct sockaddr *)&own, &len) < 0
		|| epoll_ctl(g->epoll, EPOLL_CTL_ADD, k->fd, &event) < 0)
		fail("epoll");
	k->port = ntohs(own.sin_port);
	k->state = SHAKING;
	k->in_len = k->early_count = 0;
	k->doomed = false;
	/* A server that ends here is seen when it is read from. */
	(void)!send(k->fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
}

void guests_come(struct guests *g, size_t count, int port)
{
	*g = (struct guests){ .epoll = epoll_create1(EPOLL_CLOEXEC), .port = port, .count = count };
	g->all = need(calloc(count, sizeof(*g->all)));
	book_init(&g->book);
	for (size_t i = 0; i < count; i++) {
		g->all[i].early = need(calloc(JOINING, sizeof(*g->all[i].early)));
		enter(g, &g->all[i]);
		while (i == 0 && g->all[0].state != IN_STEP)     /* nobody hears what was before it */
			guests_turn(g, 0.01, 0.);
		if (i % 16 == 15)        /* so that nobody's buffer is full of arrivals */
			guests_turn(g, 0., 0.);
	}
}

void guests_leave(struct guests *g)
{
	for (size_t i = 0; i < g->count; i++) {
		close(g->all[i].fd);
		free(g->all[i].early);
	}
	free(g->all);
	book_fini(&g->book);
	close(g->epoll);
}

static void come_back(struct guests *g, struct guest *k, const char *why)
{
	g->ended++;
	if (k->doomed)
		g->expected++;
	else if (!g->why[0])
		snprintf(g->why, sizeof(g->why), "guest %zu, in state %d: %s", (size_t)(k - g->all), k->state, why);
	if (k->state == IN_STEP)
		k->lost_at = k->place;
	k->left = true;
	close(k->fd);
	enter(g, k);
}

/* ---- hearing ---- */

static void get_in_step(struct guests *g, struct guest *k)
{
	long known = book_find(&g->book, k->early[0]);

	if (known < 0)
		return;
	k->state = IN_STEP;
	k->place = (size_t)known;
	if (k->left && k->place > k->lost_at)
		g->away += k->place - k->lost_at;
	for (size_t i = 0; i < k->early_count; i++)
		book_hears(&g->book, &k->place, k->early[i], &g->found);
	k->early_count = 0;
}

static void hear(struct guests *g, struct guest *k, const char *text)
{
	if (k->state == IN_STEP) {
		book_hears(&g->book, &k->place, text, &g->found);
		return;
	}
	if (g->book.count == 0)          /* somebody has to be the first */
		book_hears(&g->book, &(size_t){ 0 }, text, &(struct book_findings){0});
	if (k->early_count == JOINING) {
		fprintf(stderr, "chat-run: a guest never got in step: it began with %s\n", k->early[0]);
		exit(1);
	}
	snprintf(k->early[k->early_count++], BOOK_TEXT, "%s", text);
}

static void pong(struct guest *k)
{
	(void)!send(k->fd, "\x8a\x80\0\0\0\0", 6, MSG_NOSIGNAL);
}

/* The frames that are whole; gives what it used.  Nothing here is as long as 126 bytes. */
static size_t take_frames(struct guests *g, struct guest *k)
{
	size_t used = 0;
	char text[BOOK_TEXT];

	while (k->in_len - used >= 2) {
		const unsigned char *f = (unsigned char *)k->in + used;
		size_t len = f[1];
		if (k->in_len - used < 2 + len)
			break;
		if (f[0] == 0x89)
			pong(k);
		snprintf(text, sizeof(text), "%.*s", (int)len, (const char *)f + 2);
		if (f[0] == 0x81)
			hear(g, k, text);
		used += 2 + len;
	}
	return used;
}

static size_t take_head(struct guest *k)
{
	const char *end = memmem(k->in, k->in_len, "\r\n\r\n", 4);

	if (!end)
		return 0;
	if (memcmp(k->in, "HTTP/1.1 101", 12) != 0) {
		fprintf(stderr, "chat-run: no upgrade: %.*s\n", 40, k->in);
		exit(1);
	}
	k->state = JOINED;
	return (size_t)(end - k->in) + 4;
}

static void take(struct guests *g, struct guest *k)
{
	size_t used = k->state == SHAKING ? take_head(k) : 0;

	k->in_len -= used;
	memmove(k->in, k->in + used, k->in_len);
	if (k->state == SHAKING)
		return;
	used = take_frames(g, k);
	k->in_len -= used;
	memmove(k->in, k->in + used, k->in_len);
}

static void listen_to(struct guests *g, struct guest *k)
{
	ssize_t n = recv(k->fd, k->in + k->in_len, sizeof(k->in) - k->in_len, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		come_back(g, k, n == 0 ? "end of file" : strerror(errno));
	} else if (n > 0) {
		k->in_len += (size_t)n;
		take(g, k);
	}
}

/* ---- saying ---- */

static void say(struct guests *g, struct guest *k)
{
	char frame[64] = "\x81";

	if (k->state != IN_STEP)
		return;
	int len = snprintf(frame + 6, sizeof(frame) - 6, "%zu:%u", (size_t)(k - g->all), k->lines);
	frame[1] = (char)(0x80 | len);
	if (send(k->fd, frame, 6 + (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) == 6 + len) {
		k->lines++;
		g->said++;
	}
}

void guests_turn(struct guests *g, double seconds, double lines_a_second)
{
	double began = now(), end = began + seconds;
	size_t said = 0;
	struct epoll_event events[256];

	do {
		int n = epoll_wait(g->epoll, events, 256, seconds > 0. ? 5 : 0);
		for (int i = 0; i < n; i++)
			listen_to(g, events[i].data.ptr);
		while ((double)said < (now() - began) * lines_a_second) {
			say(g, &g->all[(size_t)rand() % g->count]);
			said++;
		}
	} while (now() < end);
	for (size_t i = 0; i < g->count; i++)
		if (g->all[i].state == JOINED && g->all[i].early_count > 0)
			get_in_step(g, &g->all[i]);
}

/* ---- what was seen ---- */

bool guests_are_even(const struct guests *g)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->all[i].state != IN_STEP || g->all[i].place != g->book.count)
			return false;
	return true;
}

void guests_expect_end(struct guests *g, const uint16_t *ports, size_t count)
{
	for (size_t i = 0; i < g->count; i++)
		for (size_t k = 0; k < count; k++)
			if (g->all[i].port == ports[k])
				g->all[i].doomed = true;
}

bool guests_are_back(const struct guests *g)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->all[i].state != IN_STEP || g->all[i].doomed)
			return false;
	return true;
}

void guests_count_unheard(struct guests *g)
{
	for (size_t i = 0; i < g->book.count; i++) {
		const char *line = strstr(g->book.texts[i], ": ");
		size_t who;
		if (line && sscanf(line + 2, "%zu:", &who) == 1 && who < g->count)
			g->all[who].confirmed++;
	}
	for (size_t i = 0; i < g->count; i++)
		if (!g->all[i].left)
			g->unheard += g->all[i].lines - g->all[i].confirmed;
}
