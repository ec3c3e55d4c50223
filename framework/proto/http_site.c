/* SPDX-License-Identifier: MIT */
/*
 * http_site.c - all connections of one HTTP service: their beginning, the end
 * of the service, and who goes on elsewhere.
 */
#include "proto/http.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "proto/http_request.h"
#include "sys/counts.h"

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

void http_site_init(struct http_site *site, struct hub *hub, const struct http_bounds *bounds,
	const struct http_route *routes, size_t route_count)
{
	*site = (struct http_site){
		.bounds = *bounds,
		.routes = routes,
		.route_count = route_count,
	};
	stream_kind_init(&site->kind, hub, &http_ops, bounds->idle, bounds->linger);
	site->kind.max_input = larger(bounds->head.max_head, HUB_READ_BLOCK);
	site->kind.high_water = bounds->high_water;
	site->kind.max_queue = bounds->max_queue;
	deadline_queue_init(&site->heads, hub->loop, bounds->head_time, stream_expired);
	deadline_queue_init(&site->bodies, hub->loop, bounds->body_time, stream_expired);
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
	http_request_free_spares(site);
	deadline_queue_fini(&site->heads);
	deadline_queue_fini(&site->bodies);
	deadline_queue_fini(&site->answers);
	deadline_queue_fini(&site->farewells);
	ws_site_fini(&site->sockets);
	stream_kind_fini(&site->kind);
}

void http_accept(struct http_site *site, int fd, const struct addr *peer)
{
	struct http_conn *c = calloc(1, sizeof(*c));
	if (!c) {
		log_warn("no memory for a connection: closed");
		site->kind.counts->errors[ERROR_MEMORY]++;
		site->kind.counts->closed++;
		close(fd);
		return;
	}
	c->site = site;
	c->conn.peer = *peer;
	stream_open(&c->conn.stream, &site->kind, fd);
	if (site->draining)
		stream_expect(&c->conn.stream, http_expected(c));
}

void http_site_drain(struct http_site *site, double idle)
{
	struct deadline_queue *q = &site->kind.idle;

	site->draining = true;
	site->farewells.span = idle;
	for (struct deadline *d = q->list.next; d != &q->list; d = d->next) {
		struct stream *s = stream_of(d);
		stream_expect(s, http_expected((struct http_conn *)s));
	}
}

static int hand_on(struct deadline_queue *q, int (*give)(void *arg, int fd), void *arg)
{
	struct deadline *d = q->list.next, *next;

	for (; d != &q->list; d = next) {
		struct stream *s = stream_of(d);
		next = d->next;
		if (((struct http_conn *)s)->request || !stream_is_at_rest(s))
			continue;
		if (stream_hand_on(s, give, arg) < 0)
			return -1;
	}
	return 0;
}

int http_site_hand_on(struct http_site *site, int (*give)(void *arg, int fd), void *arg)
{
	if (hand_on(&site->kind.idle, give, arg) < 0)
		return -1;
	return hand_on(&site->farewells, give, arg);
}

void http_site_abort(struct http_site *site)
{
	stream_abort_all(&site->kind.idle);
	stream_abort_all(&site->kind.linger);
	stream_abort_all(&site->heads);
	stream_abort_all(&site->bodies);
	stream_abort_all(&site->answers);
	stream_abort_all(&site->farewells);
	ws_site_abort(&site->sockets);
}
