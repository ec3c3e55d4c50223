/* SPDX-License-Identifier: MIT */
/*
 * http_rig.c - what the tests of the HTTP/1.1 connection share.
 */
#include "http_rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "portico.h"

struct http_rig http = { .telling = true };
char large[512 * 1024];

struct state {
	bool     seen;
	unsigned mark;
	char     rest[100];
};

static char body[1024 * 1024];           /* what take_all() was given */
static size_t body_len;

/* ---- the handler ---- */

static void enter(struct portico_request *r)
{
	static const struct state zero;
	struct state *s = portico_request_state(r);

	rig_enter();
	if (s->seen)
		return;
	cr_assert_eq(memcmp(s, &zero, sizeof(zero)), 0, "state is not zeroed");
	memset(s, 0xee, sizeof(*s));
	s->seen = true;
	http.shown++;
}

static void tell(const char *what, struct portico_request *r)
{
	if (http.telling)
		rig_tell("%s%s", what, portico_request_path(r));
}

int rig_begin(struct portico_request *r)
{
	enter(r);
	tell("begin", r);
	int result = http.on_begin ? http.on_begin(r) : 0;
	rig_leave();
	return result;
}

ssize_t take_all(struct portico_request *r, const char *data, size_t len)
{
	(void)r;
	cr_assert_leq(len, sizeof(body) - body_len);
	memcpy(body + body_len, data, len);
	body_len += len;
	return (ssize_t)len;
}

ssize_t rig_body(struct portico_request *r, const void *data, size_t len)
{
	enter(r);
	tell("body", r);
	cr_assert_gt(len, 0);
	ssize_t result = http.on_body ? http.on_body(r, data, len) : take_all(r, data, len);
	rig_leave();
	return result;
}

static int rig_request(struct portico_request *r)
{
	enter(r);
	tell("request", r);
	int result = http.on_request ? http.on_request(r)
				: portico_reply_text(r, 200, portico_request_path(r));
	rig_leave();
	return result;
}

void rig_drained(struct portico_request *r)
{
	enter(r);
	if (http.on_drained)
		http.on_drained(r);
	rig_leave();
}

static void rig_done(struct portico_request *r)
{
	struct state *s = portico_request_state(r);

	rig_enter();
	tell("done", r);
	cr_assert(s->seen, "done, but never shown");
	s->seen = false;
	http.done++;
	if (http.held == r)
		http.held = NULL;
	if (http.on_done)
		http.on_done(r);
	rig_leave();
}

/* ---- what it may do ---- */

int later(struct portico_request *r)
{
	http.held = r;
	return PORTICO_LATER;
}

int fail(struct portico_request *r)
{
	(void)r;
	return -1;
}

ssize_t hold(struct portico_request *r, const char *data, size_t len)
{
	(void)data;
	(void)len;
	http.held = r;
	return 0;
}

int reply_pieces(struct portico_request *r)
{
	int result = portico_reply(r, 200, NULL, body, body_len);
	body_len = 0;
	return result;
}

void fill_large(void)
{
	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (char)('a' + i * 7 % 26);
}

int reply_large(struct portico_request *r)
{
	return portico_reply(r, 200, NULL, large, (size_t)atoi(portico_request_path(r) + 1));
}

/* ---- the rig ---- */

void connect_client(struct client *c)
{
	http_accept(&http.site, client_pair(c, SOCK_STREAM), &rig.peer);
}

void connect_tcp(struct client *c)
{
	http_accept(&http.site, client_tcp(c), &rig.peer);
}

void http_set_up(void)
{
	static const struct http_bounds bounds = {
		.head = { .max_target = 4096, .max_head = 16384, .max_fields = 100 },
		.max_body = 1024 * 1024,
		.high_water = 256 * 1024,
		.max_queue = 1024 * 1024,
		.linger = 5.,
		.ws_max_message = 1000,
	};

	rig_up();
	rig.handler.plugin.request_size = sizeof(struct state);
	rig.handler.plugin.http_request = rig_request;
	rig.handler.plugin.http_done = rig_done;
	http.route = (struct http_route){ .prefix = "/", .handler = &rig.handler };
	http_site_init(&http.site, &rig.hub, &bounds, &http.route, 1);
	connect_client(&http.client);
}

void http_tear_down(void)
{
	http_site_abort(&http.site);
	rig_turns(2);
	cr_assert_eq(http.done, http.shown, "%u requests were shown, %u done",
		http.shown, http.done);
	http_site_fini(&http.site);
	client_fini(&http.client);
	rig_down();
}

void says(const char *text)
{
	client_says(&http.client, text);
	rig_turns(3);
}

void hears(const char *text)
{
	client_hears(&http.client, text);
}

void connect_again(void)
{
	client_fini(&http.client);
	rig_turns(3);
	connect_client(&http.client);
}
