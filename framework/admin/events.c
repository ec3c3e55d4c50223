/* SPDX-License-Identifier: MIT */
/*
 * events.c - /events: how the server is, told once a second.
 *
 * Nothing is queued for who does not read: it is passed over until it has read what it got,
 * and what happened meanwhile is in the chronicle.  Who reads nothing for PATIENCE is cut off.
 */
#include "admin/events.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/admin.h"
#include "base/clock.h"

#define EVERY    1.0
#define PATIENCE 5.0

static const char greeting[] = "retry: 1000\n\n";

/* ---- who listens ---- */

void events_forget(struct events *e, struct listener *l)
{
	struct listener **at = &e->first;

	if (!l->listens)
		return;
	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	l->listens = false;
	e->count--;
	if (e->first)
		return;
	ev_timer_stop(e->loop, &e->second);
	status_drop(e->asker, &e->wish);
}

static void cut_off(struct events *e, struct listener *l)
{
	struct portico_request *r = l->request;

	events_forget(e, l);
	portico_conn_abort(portico_request_conn(r));
}

static void say(struct events *e, struct listener *l, const char *text, size_t len)
{
	if (len > 0 && portico_reply_write(l->request, text, len) < 0)
		cut_off(e, l);
}

/* Whether it has read all that it got.  If not, and for too long, it listens no more. */
static bool has_read(struct events *e, struct listener *l)
{
	if (portico_conn_queued(portico_request_conn(l->request)) == 0) {
		l->behind = 0.;
		return true;
	}
	if (l->behind == 0.)
		l->behind = clock_seconds();
	else if (clock_seconds() - l->behind >= PATIENCE)
		cut_off(e, l);
	return false;
}

/* ---- what it is told ---- */

static void write_event(FILE *out, uint64_t id, const char *name, const json_t *data)
{
	fprintf(out, "id: %llu\nevent: %s\ndata: ", (unsigned long long)id, name);
	(void)json_dumpf(data, out, JSON_COMPACT | JSON_REAL_PRECISION(15));
	fputs("\n\n", out);
}

static uint64_t id_of(const json_t *event)
{
	json_int_t id = json_integer_value(json_object_get(event, "id"));
	return id > 0 ? (uint64_t)id : 0;
}

/* An id that is still to come was given by nobody we know: it has seen nothing. */
static void write_news(FILE *out, struct listener *l, const json_t *events, uint64_t now)
{
	const json_t *event;
	size_t i;

	if (l->seen > now)
		l->seen = 0;
	json_array_foreach(events, i, event)
		if (id_of(event) > l->seen) {
			l->seen = id_of(event);
			write_event(out, l->seen, "happened", event);
		}
}

struct telling {
	const json_t *events;
	uint64_t      now;
	const char   *status;    /* the event, the same for all */
	size_t        len;
};

static void tell(struct events *e, struct listener *l, const struct telling *t)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;          /* the next second is another try */
	write_news(out, l, t->events, t->now);
	fwrite(t->status, 1, t->len, out);
	bool good = !ferror(out);
	if (fclose(out) == 0 && good) {
		l->seen = l->seen > t->now ? l->seen : t->now;
		say(e, l, text, len);
	}
	free(text);
}

static void tell_all(struct events *e, const struct telling *t)
{
	for (struct listener *l = e->first, *next; l; l = next) {
		next = l->next;
		if (has_read(e, l))
			tell(e, l, t);
	}
}

/* Not before the last event, whose id is rounded up. */
static uint64_t now_of(const json_t *status, const json_t *events)
{
	uint64_t now = (uint64_t)(json_number_value(json_object_get(status, "now")) * 1e3);
	uint64_t last = id_of(json_array_get(events, json_array_size(events) - 1));

	return last > now ? last : now;
}

static void tell_status(struct events *e, json_t *status)
{
	json_t *events = json_incref(json_object_get(status, "events"));
	struct telling t = { .events = events };
	char *text = NULL;
	FILE *out = open_memstream(&text, &t.len);

	t.now = now_of(status, events);
	json_object_del(status, "events");
	if (out) {
		write_event(out, t.now, "status", status);
		bool good = !ferror(out);
		if (fclose(out) == 0 && good) {
			t.status = text;
			tell_all(e, &t);
		}
		free(text);
	}
	json_decref(events);
}

/* Without an id: what it has seen stays what it has seen. */
static void tell_silence(struct events *e)
{
	static const char text[] = "event: silence\ndata: the master does not answer\n\n";

	for (struct listener *l = e->first, *next; l; l = next) {
		next = l->next;
		if (has_read(e, l))
			say(e, l, text, sizeof(text) - 1);
	}
}

static void on_told(struct status_wish *w, const struct status_told *text)
{
	struct events *e = (struct events *)((char *)w - offsetof(struct events, wish));
	json_t *status = text ? json_loadb(text->status, text->status_len, 0, NULL) : NULL;

	if (status)
		tell_status(e, status);
	else
		tell_silence(e);
	json_decref(status);
}

/* A master that hangs is asked once, not every second. */
static void on_second(struct ev_loop *loop, ev_timer *t, int events)
{
	struct events *e = t->data;

	(void)loop;
	(void)events;
	if (!e->wish.waiting)
		status_want(e->asker, &e->wish);
}

/* ---- coming and going ---- */

static uint64_t last_seen(struct portico_request *r)
{
	const char *last = portico_request_header(r, "Last-Event-ID");
	const char *query = portico_request_query(r);

	/* A page that had to begin anew has no field of its own to say it with. */
	if (!last && query && strncmp(query, "last=", 5) == 0)
		last = query + 5;
	return last && *last >= '0' && *last <= '9' ? strtoull(last, NULL, 10) : 0;
}

static int begin(struct portico_request *r)
{
	if (admin_headers(r) < 0 || portico_reply_header(r, "Content-Type", "text/event-stream") < 0
		/* A proxy that collects replies would show it when it is over: never. */
		|| portico_reply_header(r, "X-Accel-Buffering", "no") < 0
		|| portico_reply_begin(r, 200, PORTICO_CHUNKED) < 0)
		return -1;
	return portico_reply_write(r, greeting, sizeof(greeting) - 1) < 0 ? -1 : 0;
}

static void join(struct events *e, struct listener *l)
{
	l->listens = true;
	l->next = e->first;
	e->first = l;
	if (e->count++ == 0) {
		ev_timer_set(&e->second, 0., EVERY);
		ev_timer_start(e->loop, &e->second);
	} else if (!e->wish.waiting) {
		status_want(e->asker, &e->wish);         /* it shall not wait for its first */
	}
}

int events_page(struct events *e, struct portico_request *r, struct listener *l)
{
	bool only_head = strcmp(portico_request_method(r), "HEAD") == 0;

	if (e->count >= EVENTS_LISTENERS)
		return admin_reply_text(r, 503, "as many listen already as may\n");
	if (begin(r) < 0)
		return -1;
	if (only_head || e->ended)
		return portico_reply_end(r);
	l->request = r;
	l->seen = last_seen(r);
	join(e, l);
	return PORTICO_LATER;
}

void events_end(struct events *e)
{
	e->ended = true;
	while (e->first) {
		struct portico_request *r = e->first->request;
		events_forget(e, e->first);
		(void)portico_reply_end(r);
		portico_conn_close(portico_request_conn(r));
	}
}

void events_init(struct events *e, struct ev_loop *loop, struct status_asker *asker)
{
	*e = (struct events){ .loop = loop, .asker = asker };
	e->wish.told = on_told;
	ev_timer_init(&e->second, on_second, 0., EVERY);
	e->second.data = e;
}

void events_fini(struct events *e)
{
	if (e->loop)
		ev_timer_stop(e->loop, &e->second);
}
