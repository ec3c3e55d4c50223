/* SPDX-License-Identifier: MIT */
/*
 * conn_move.c - TCP connections that go on in another worker, where the plugin says that it can
 * continue them.
 */
#include "proto/conn.h"

#include "proto/handler.h"

static bool may_go(struct portico_conn *c, struct portico_export *e)
{
	struct portico_service *h = c->handler;

	if (!stream_is_at_rest(&c->stream))
		return false;
	handler_enter(h, PULSE_TCP_EXPORT);
	int result = h->plugin.tcp_export(c, e);
	handler_leave(h);
	/* It may have written, or closed it. */
	return parcel_is_filled(h, "tcp_export()", result, e) && stream_is_at_rest(&c->stream);
}

int conn_site_hand_on(struct conn_site *site, parcel_give_fn *give, void *arg)
{
	struct deadline_queue *q = &site->kind.idle;
	char bytes[PARCEL_MOST];

	if (!site->handler->plugin.tcp_export)
		return 0;
	for (struct deadline *d = q->list.next, *next; d != &q->list; d = next) {
		struct portico_conn *c = (struct portico_conn *)stream_of(d);
		struct portico_export e = { .bytes = bytes };
		next = d->next;
		if (!may_go(c, &e))
			continue;
		const struct parcel p = {
			.peer = &c->peer, .handler = c->handler, .data = bytes, .len = e.len,
		};
		if (parcel_send(&c->stream, &p, give, arg) < 0)
			return -1;
	}
	return 0;
}

void conn_continue(struct conn_site *site, int fd, const struct addr *peer, uint32_t version,
	const void *data, size_t len)
{
	struct portico_conn *c = conn_make(site, fd, peer);
	struct portico_service *h = site->handler;

	if (!c)
		return;
	handler_enter(h, PULSE_TCP_IMPORT);
	int result = h->plugin.tcp_import(c, version, data, len);
	handler_leave(h);
	if (result == 0)
		return;
	handler_failed_to(h, "tcp_import()", "refused a connection of the worker before: closed");
	stream_close(&c->stream, false);
}

bool portico_conn_handed_on(const struct portico_conn *c)
{
	return c->stream.given;
}
