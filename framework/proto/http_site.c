/* SPDX-License-Identifier: MIT */
/*
 * http_site.c - all connections of one HTTP service: their beginning, the end
 * of the service, and who goes on elsewhere.
 */
#include "proto/http.h"

#include <assert.h>
#include <errno.h>

#include "base/log.h"
#include "proto/http_request.h"
#include "sys/counts.h"

enum { DECLINED_MOST = 64 };

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* One timer for all that is asked of a body, if a rate is. */
static void init_arriving(struct http_site *site, struct hub *hub, const struct http_bounds *b)
{
	site->arriving = (struct pace_rule){
		.rate = b->body_rate,
		.grace = b->rate_grace,
		.idle = b->idle,
		.total = b->body_time,
	};
	site->arriving.tick = pace_tick(&site->arriving);
	deadline_queue_init(&site->paces, hub->loop, site->arriving.tick, stream_expired);
}

void http_site_init(struct http_site *site, struct hub *hub, const struct http_bounds *bounds,
	const struct http_route *routes, size_t route_count)
{
	*site = (struct http_site){
		.bounds = *bounds,
		.routes = routes,
		.route_count = route_count,
		.ready.server = bounds->server,
	};
	http_memos_init(&site->memos);
	limits_init(&site->limits, bounds->max_connections, bounds->max_per_client);
	stream_kind_init(&site->kind, hub, &http_ops, bounds->idle, bounds->linger);
	stream_kind_pace(&site->kind, bounds->send_rate, bounds->rate_grace);
	site->kind.max_input = larger(bounds->head.max_head, HUB_READ_BLOCK);
	site->kind.high_water = bounds->high_water;
	site->kind.max_queue = bounds->max_queue;
	deadline_queue_init(&site->heads, hub->loop, bounds->head_time, stream_expired);
	deadline_queue_init(&site->bodies, hub->loop, bounds->body_time, stream_expired);
	init_arriving(site, hub, bounds);
	deadline_queue_init(&site->answers, hub->loop, 0., stream_expired);
	deadline_queue_init(&site->farewells, hub->loop, 0., stream_expired);
	ws_site_init(&site->sockets, hub, &(struct ws_bounds){
		.max_message = bounds->ws_max_message,
		.high_water = bounds->high_water,
		.max_queue = bounds->max_queue,
		.idle = bounds->idle,
		.linger = bounds->linger,
		.ping = bounds->ws_ping,
	});
}

void http_site_count(struct http_site *site, struct counts *counts, struct shortest_slot *seat)
{
	site->kind.counts = site->sockets.kind.counts = counts;
	site->kind.seat = site->sockets.kind.seat = seat;
}

void http_site_fini(struct http_site *site)
{
	assert(site->memos.count == 0);
	http_request_free_spares(site);
	spares_fini(&site->spares);
	deadline_queue_fini(&site->heads);
	deadline_queue_fini(&site->bodies);
	deadline_queue_fini(&site->paces);
	deadline_queue_fini(&site->answers);
	deadline_queue_fini(&site->farewells);
	ws_site_fini(&site->sockets);
	stream_kind_fini(&site->kind);
	limits_fini(&site->limits);
}

/* Its reply is sent and read as any other, so it is a connection for a moment longer: a few
 * at a time, the others of a flood hear nothing. */
static void decline(struct http_conn *c, struct http_site *site, int fd)
{
	static const char reply[] = "HTTP/1.1 503 Service Unavailable\r\n"
		"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 46\r\n"
		"Retry-After: 1\r\nConnection: close\r\n\r\n"
		"503 Service Unavailable: too many connections\n";

	site->kind.counts->errors[ERROR_REFUSED]++;
	if (site->declined == DECLINED_MOST) {
		spares_give(&site->spares, c);
		stream_decline(&site->kind, fd);
		return;
	}
	site->declined++;
	c->declined = true;
	c->site = site;
	stream_open(&c->conn.stream, &site->kind, fd);
	(void)stream_write(&c->conn.stream, reply, sizeof(reply) - 1);
	stream_close(&c->conn.stream, false);
}

static void no_memory(struct http_site *site, int fd)
{
	unsigned missed;

	if (seldom_may(&site->told, &missed))
		log_warn("no memory for a connection: closed");
	site->kind.counts->errors[ERROR_MEMORY]++;
	stream_decline(&site->kind, fd);
}

void http_accept(struct http_site *site, int fd, const struct addr *peer)
{
	struct http_conn *c = spares_take(&site->spares, sizeof(*c));
	if (!c) {
		no_memory(site, fd);
		return;
	}
	if (limits_enter(&site->limits, peer, &c->conn.client) < 0) {
		if (errno == EUSERS) {
			decline(c, site, fd);
			return;
		}
		spares_give(&site->spares, c);
		no_memory(site, fd);
		return;
	}
	c->site = site;
	c->conn.peer = *peer;
	if (site->rate)
		c->rated = rate_client(site->rate, peer);
	stream_open(&c->conn.stream, &site->kind, fd);
	if (site->draining)
		stream_expect(&c->conn.stream, http_expected(c));
}

static void expect_anew(struct deadline_queue *q)
{
	for (struct deadline *d = q->list.next; d != &q->list; d = d->next) {
		struct stream *s = stream_of(d);
		stream_expect(s, http_expected((struct http_conn *)s));
	}
}

void http_site_drain(struct http_site *site, double idle)
{
	site->draining = true;
	site->farewells.span = idle;
	expect_anew(&site->kind.idle);
	expect_anew(&site->kind.unread);
	expect_anew(&site->kind.shakes);
}

static int hand_on(struct deadline_queue *q, parcel_give_fn *give, void *arg)
{
	struct deadline *d = q->list.next, *next;

	for (; d != &q->list; d = next) {
		struct stream *s = stream_of(d);
		next = d->next;
		struct http_conn *c = (struct http_conn *)s;
		if (c->request || !stream_is_at_rest(s))
			continue;
		if (parcel_send(s, &(struct parcel){ .peer = &c->conn.peer }, give, arg) < 0)
			return -1;
	}
	return 0;
}

int http_site_hand_on(struct http_site *site, parcel_give_fn *give, void *arg)
{
	if (hand_on(&site->kind.idle, give, arg) < 0 || hand_on(&site->farewells, give, arg) < 0)
		return -1;
	return ws_site_hand_on(&site->sockets, give, arg);
}

/* For the reason in errno. */
static void no_room(struct http_site *site, int fd, struct http_conn *c)
{
	bool over_limit = errno == EUSERS;

	if (c)
		spares_give(&site->spares, c);
	if (!over_limit) {
		no_memory(site, fd);
		return;
	}
	site->kind.counts->errors[ERROR_REFUSED]++;
	stream_decline(&site->kind, fd);
}

void http_continue(struct http_site *site, int fd, const struct addr *peer,
	struct portico_service *handler, uint32_t version, const void *data, size_t len)
{
	struct http_conn *c = spares_take(&site->spares, sizeof(*c));

	if (c && limits_enter(&site->limits, peer, &c->conn.client) == 0) {
		c->site = site;
		c->conn.peer = *peer;
		c->socket = ws_create(c, handler);
		if (c->socket) {
			ws_continue(c, fd, version, data, len);
			return;
		}
		limits_leave(&site->limits, c->conn.client);
	}
	no_room(site, fd, c);
}

void http_site_abort(struct http_site *site)
{
	stream_kind_abort(&site->kind);
	stream_abort_all(&site->heads);
	stream_abort_all(&site->bodies);
	stream_abort_all(&site->paces);
	stream_abort_all(&site->answers);
	stream_abort_all(&site->farewells);
	ws_site_abort(&site->sockets);
}
