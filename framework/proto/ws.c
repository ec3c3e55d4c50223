/* SPDX-License-Identifier: MIT */
/*
 * ws.c - the WebSocket connection: reads frames off a stream, answers pings and closes
 * by itself, and hands whole messages to the handler.
 *
 * A message that lies whole in the input is shown where it lies; one that comes in
 * pieces is collected, and its storage goes as soon as it was shown.  Who reads no
 * pong is not read from: the stream stops reading over high_water.
 */
#include "proto/ws.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "proto/handler.h"
#include "proto/http_request.h"
#include "sys/counts.h"

/* Payloads up to this size are copied behind their head. */
enum { JOINED_PAYLOAD = 8192 };

static struct portico_socket *socket_of(struct stream *s)
{
	return ((struct http_conn *)s)->socket;
}

static struct stream *stream_of_socket(const struct portico_socket *w)
{
	return &w->conn->conn.stream;
}

/* ---- output ---- */

int ws_write(struct portico_socket *w, enum ws_opcode opcode, const void *data, size_t len)
{
	struct stream *s = stream_of_socket(w);
	bool joined = len <= JOINED_PAYLOAD;
	size_t most = s->kind->max_queue;

	/* Before the head is queued: after it nothing else could be said. */
	if (len > most || stream_queued(s) + WS_OWN_HEAD_MOST > most - len) {
		errno = stream_is_open(s) ? ENOBUFS : EPIPE;
		return -1;
	}
	char *at = stream_reserve(s, WS_OWN_HEAD_MOST + (joined ? len : 0));
	if (!at)
		return -1;
	size_t head = ws_head_write(at, opcode, len);
	if (joined && len > 0)
		memcpy(at + head, data, len);
	stream_wrote(s, head + (joined ? len : 0));
	if (joined || stream_write(s, data, len) == 0)
		return 0;
	int error = errno;
	stream_abort(s);         /* the head is out and its payload cannot follow */
	errno = error;
	return -1;
}

static int say_close(struct portico_socket *w, unsigned code, const char *reason)
{
	char payload[WS_CONTROL_MOST];

	if (ws_write(w, WS_CLOSE, payload, ws_close_write(payload, code, reason)) == 0)
		return 0;
	stream_abort(stream_of_socket(w));
	return -1;
}

/* Nothing more is said or heard. */
static void end(struct portico_socket *w, bool hasty)
{
	w->state = WS_ENDING;
	buf_fini(&w->message);
	stream_close(stream_of_socket(w), hasty);
}

void ws_close(struct portico_socket *w, unsigned code, const char *reason)
{
	struct stream *s = stream_of_socket(w);

	assert(w->state == WS_OPEN);
	w->state = WS_CLOSING;
	buf_fini(&w->message);
	stream_resume(s);        /* what it would not read holds their close */
	if (say_close(w, code, reason) < 0)
		return;
	if (w->site->answers.span <= 0.)
		end(w, false);
	else
		stream_expect(s, &w->site->answers);
}

/* RFC 6455, 7.1.7: says why, and does not wait for an answer. */
static void fail(struct portico_socket *w, enum ws_code code, const char *why)
{
	if (w->state == WS_OPEN)
		(void)say_close(w, code, why);
	w->code = (uint16_t)code;
	end(w, false);
}

/* ---- input ---- */

static void broke_rule(struct portico_socket *w)
{
	w->site->kind.counts->errors[ERROR_PROTOCOL]++;
	fail(w, w->reader.code, w->reader.why);
}

static bool collect(struct portico_socket *w, const struct ws_found *f)
{
	if (buf_append(&w->message, f->data, f->len) == 0)
		return true;
	w->site->kind.counts->errors[ERROR_MEMORY]++;
	fail(w, WS_INTERNAL_ERROR, "no memory");
	return false;
}

static void handler_failed(struct portico_socket *w, const char *callback)
{
	handler_gave_up(w->handler, callback);
	if (w->state == WS_OPEN)
		ws_close(w, WS_INTERNAL_ERROR, "");
}

static void call_message(struct portico_socket *w, const struct ws_found *f)
{
	struct portico_service *h = w->handler;

	handler_enter(h, PULSE_WS_MESSAGE);
	errno = 0;
	int result = h->plugin.ws_message(w, f->is_text ? PORTICO_TEXT : PORTICO_BINARY,
		f->data, f->len);
	handler_leave(h);
	latency_add(&h->counts->latency, hub_turn_us(w->site->kind.hub), 1);
	if (result < 0)
		handler_failed(w, "ws_message()");
}

static void deliver(struct portico_socket *w, struct ws_found *f)
{
	struct buf whole = {0};

	if (buf_len(&w->message) > 0) {
		if (!collect(w, f))
			return;
		whole = w->message;      /* the callback may end the socket */
		w->message = (struct buf){0};
		f->data = buf_head(&whole);
		f->len = buf_len(&whole);
	}
	call_message(w, f);
	buf_fini(&whole);
}

static void heard_close(struct portico_socket *w, const struct ws_found *f)
{
	unsigned code = ws_close_code(f->data, f->len);

	w->code = (uint16_t)code;
	if (w->state == WS_OPEN && say_close(w, code, "") < 0)
		return;
	end(w, true);
}

static void heard_control(struct portico_socket *w, const struct ws_found *f)
{
	if (w->reader.opcode == WS_CLOSE)
		heard_close(w, f);
	else if (w->reader.opcode == WS_PING && w->state == WS_OPEN)
		(void)ws_write(w, WS_PONG, f->data, f->len);     /* no room: its queue is full anyway */
}

/* Gives how much of the input it used. */
static size_t step(struct portico_socket *w, char *data, size_t len)
{
	struct ws_found f;

	switch (ws_reader_next(&w->reader, data, len, &f)) {
	case WS_PIECE:
		if (w->state == WS_OPEN)
			collect(w, &f);
		break;
	case WS_MESSAGE:
		if (w->state == WS_OPEN)
			deliver(w, &f);
		break;
	case WS_CONTROL:
		heard_control(w, &f);
		break;
	case WS_BROKEN:
		broke_rule(w);
		break;
	case WS_MORE:
		break;
	}
	return f.used;
}

/* They live.  CLOSING has one deadline for all they still say. */
static void heard(struct portico_socket *w)
{
	w->pinged = false;
	if (w->state == WS_OPEN)
		stream_renew(stream_of_socket(w));
}

static bool takes_long(uint64_t *began)
{
	uint64_t now = clock_ns();

	if (*began == 0)
		*began = now;
	return now - *began > HUB_TURN;
}

/* Thousands of messages may come at once, and a handler may take its time for each: others have their turn
 * in between. */
static size_t on_data(struct stream *s, char *data, size_t len)
{
	struct portico_socket *w = socket_of(s);
	uint64_t began = 0;
	size_t used = 0;

	if (len > 0)
		heard(w);
	while (used < len && stream_is_open(s) && !s->paused) {
		used += step(w, data + used, len - used);
		if (used == len || !takes_long(&began))
			continue;
		stream_retry(s);
		break;
	}
	if (s->eof_told && !s->retry)
		end(w, true);
	return stream_is_open(s) ? used : len;
}

/* What has come before it is heard first. */
static void on_eof(struct stream *s)
{
	if (!s->retry || s->paused)
		end(socket_of(s), true);
}

static void on_drained(struct stream *s)
{
	struct portico_socket *w = socket_of(s);

	if (w->state != WS_OPEN || !w->handler->plugin.ws_drained)
		return;
	handler_enter(w->handler, PULSE_WS_DRAINED);
	w->handler->plugin.ws_drained(w);
	handler_leave(w->handler);
}

static void cut(struct stream *s)
{
	s->kind->counts->errors[ERROR_TIMEOUT]++;
	stream_abort(s);
}

static void on_late(struct stream *s)
{
	struct portico_socket *w = socket_of(s);

	if (stream_queued(s) > 0) {
		cut(s);
	} else if (w->state == WS_CLOSING) {
		s->kind->counts->errors[ERROR_TIMEOUT]++;
		end(w, true);
	} else if (s->paused) {
		stream_renew(s);         /* their pong could not be seen */
	} else if (w->pinged || ws_write(w, WS_PING, "", 0) < 0) {
		cut(s);
	} else {
		w->pinged = true;
		stream_renew(s);
	}
}

/* ---- beginning and end ---- */

/* State follows the socket, aligned for any type. */
static size_t state_offset(void)
{
	size_t align = _Alignof(max_align_t);
	return (sizeof(struct portico_socket) + align - 1) / align * align;
}

struct portico_socket *ws_create(struct http_conn *c, struct portico_service *handler)
{
	struct portico_socket *w = calloc(1, state_offset() + handler->plugin.socket_size);
	if (!w)
		return NULL;
	w->conn = c;
	w->site = &c->site->sockets;
	w->handler = handler;
	w->own = (char *)w + state_offset();
	ws_reader_init(&w->reader, w->site->bounds.max_message);
	return w;
}

static void call_open(struct portico_socket *w)
{
	struct portico_service *h = w->handler;

	if (!h->plugin.ws_open)
		return;
	handler_enter(h, PULSE_WS_OPEN);
	errno = 0;
	int result = h->plugin.ws_open(w);
	handler_leave(h);
	if (result < 0)
		handler_failed(w, "ws_open()");
}

void ws_begin(struct portico_socket *w)
{
	struct stream *s = stream_of_socket(w);

	stream_become(s, &w->site->kind);
	stream_expect(s, &w->site->silence);
	w->state = WS_OPEN;
	call_open(w);
	if (s->eof)
		end(w, true);    /* it was told to HTTP already */
}

void ws_destroy(struct portico_socket *w)
{
	buf_fini(&w->message);
	free(w);
}

void ws_end(struct portico_socket *w)
{
	struct portico_service *h = w->handler;

	w->state = WS_ENDING;
	if (h->plugin.ws_close) {
		handler_enter(h, PULSE_WS_CLOSE);
		h->plugin.ws_close(w, stream_of_socket(w)->given ? 0 : w->code ? w->code : WS_ABNORMAL);
		handler_leave(h);
	}
	ws_destroy(w);
}

/* ---- all of a service ---- */

/* The end of its stream is that of the connection. */
static void on_closed(struct stream *s)
{
	http_ops.closed(s);
}

static const struct stream_ops ws_ops = {
	.data = on_data,
	.eof = on_eof,
	.drained = on_drained,
	.late = on_late,
	.closed = on_closed,
};

void ws_site_init(struct ws_site *site, struct hub *hub, const struct ws_bounds *bounds)
{
	site->bounds = *bounds;
	stream_kind_init(&site->kind, hub, &ws_ops, bounds->idle, bounds->linger);
	site->kind.max_input = HUB_READ_BLOCK;
	site->kind.high_water = bounds->high_water;
	site->kind.max_queue = bounds->max_queue;
	deadline_queue_init(&site->silence, hub->loop, bounds->ping, stream_expired);
	deadline_queue_init(&site->answers, hub->loop, bounds->linger, stream_expired);
}

void ws_site_fini(struct ws_site *site)
{
	deadline_queue_fini(&site->silence);
	deadline_queue_fini(&site->answers);
	stream_kind_fini(&site->kind);
}

/* Nobody waits for an answer, and who has output unread gets no more of it. */
static void say_goodbye(struct deadline_queue *q)
{
	for (struct deadline *d = q->list.next; d != &q->list; d = d->next) {
		struct portico_socket *w = socket_of(stream_of(d));

		if (w->state != WS_OPEN || stream_queued(stream_of(d)) > 0) {
			stream_abort(stream_of(d));
		} else if (say_close(w, WS_GOING_AWAY, "") == 0) {
			w->code = WS_GOING_AWAY;
			end(w, true);
		}
	}
}

void ws_site_abort(struct ws_site *site)
{
	say_goodbye(&site->silence);
	stream_abort_all(&site->answers);
	stream_abort_all(&site->kind.idle);
	stream_abort_all(&site->kind.linger);
}
