/* SPDX-License-Identifier: MIT */
/*
 * ws_move.c - WebSockets that go on in another worker, where the plugin says that it can
 * continue them.
 */
#include "proto/ws.h"

#include <errno.h>

#include "proto/handler.h"
#include "proto/http_request.h"

static bool is_at_rest(const struct portico_socket *w)
{
	return w->state == WS_OPEN && stream_is_at_rest(&w->conn->conn.stream)
		&& ws_reader_is_between(&w->reader) && buf_len(&w->message) == 0;
}

static bool may_go(struct portico_socket *w, struct portico_export *e)
{
	struct portico_service *h = w->handler;

	if (!h->plugin.ws_export || !is_at_rest(w))
		return false;
	handler_enter(h, PULSE_WS_EXPORT);
	int result = h->plugin.ws_export(w, e);
	handler_leave(h);
	return parcel_is_filled(h, "ws_export()", result, e) && is_at_rest(w);
}

static int hand_on(struct deadline_queue *q, parcel_give_fn *give, void *arg)
{
	char bytes[PARCEL_MOST];

	for (struct deadline *d = q->list.next, *next; d != &q->list; d = next) {
		struct http_conn *c = (struct http_conn *)stream_of(d);
		struct portico_export e = { .bytes = bytes };
		next = d->next;
		if (!may_go(c->socket, &e))
			continue;
		const struct parcel p = {
			.peer = &c->conn.peer,
			.handler = c->socket->handler,
			.is_socket = true,
			.data = bytes,
			.len = e.len,
		};
		if (parcel_send(&c->conn.stream, &p, give, arg) < 0)
			return -1;
	}
	return 0;
}

/* One whose output has just been sent may still be where that was due. */
int ws_site_hand_on(struct ws_site *site, parcel_give_fn *give, void *arg)
{
	if (hand_on(&site->silence, give, arg) < 0)
		return -1;
	return hand_on(&site->kind.idle, give, arg);
}

void ws_continue(struct http_conn *c, int fd, uint32_t version, const void *data, size_t len)
{
	struct portico_socket *w = c->socket;
	struct portico_service *h = w->handler;

	stream_open(&c->conn.stream, &w->site->kind, fd);
	stream_expect(&c->conn.stream, &w->site->silence);
	w->state = WS_OPEN;
	handler_enter(h, PULSE_WS_IMPORT);
	errno = 0;
	int result = h->plugin.ws_import(w, version, data, len);
	handler_leave(h);
	if (result == 0)
		return;
	handler_failed_to(h, "ws_import()", "refused a connection of the worker before: closed");
	if (w->state == WS_OPEN)
		ws_close(w, WS_INTERNAL_ERROR, "");
}
