/* SPDX-License-Identifier: MIT */
/*
 * http_access.c - what an HTTP service writes to its access log.
 */
#include "proto/http_access.h"

#include <string.h>

#include "proto/handler.h"
#include "proto/http_chars.h"
#include "proto/http_request.h"
#include "sys/scribe.h"

enum { LINE_KEPT = 2048, VERSION = sizeof("HTTP/1.1") - 1 };

_Static_assert((int)ACCESS_LINE <= (int)SCRIBE_LINE, "every line can be said");

static struct access_text slice(const struct portico_request *r, struct http_slice s)
{
	return (struct access_text){ r->text + s.at, s.len };
}

static bool is_named(const struct portico_request *r, const struct http_field *f, const char *small,
	size_t len)
{
	return f->name.len == len && http_chars_are(r->text + f->name.at, small, len);
}

#define IS_NAMED(r, f, small) is_named(r, f, small, sizeof(small) - 1)

/* The first field of either name. */
static void find_fields(const struct portico_request *r, struct access_entry *e)
{
	for (unsigned i = 0; i < r->head->field_count; i++) {
		const struct http_field *f = &r->head->fields[i];

		if (!e->agent.at && IS_NAMED(r, f, "user-agent"))
			e->agent = slice(r, f->value);
		else if (!e->referer.at && IS_NAMED(r, f, "referer"))
			e->referer = slice(r, f->value);
	}
}

/* The version stands behind the target and one space: RFC 9112, 3. */
static void take_head(const struct portico_request *r, struct access_entry *e)
{
	const struct http_head *h = r->head;

	e->method = slice(r, h->method);
	e->target = slice(r, h->target);
	e->protocol = (struct access_text){ e->target.at + e->target.len + 1, VERSION };
	if (h->host.len > 0)
		e->host = slice(r, h->host);
	find_fields(r, e);
}

void http_access_tell(struct portico_request *r, bool whole)
{
	struct http_site *site = r->conn->site;
	struct http_access *access = &site->access;
	char line[ACCESS_LINE];

	if (!r->text && r->reply == HTTP_NO_REPLY)
		return;                  /* nothing was asked yet */
	struct access_entry e = {
		.now = ev_now(site->kind.hub->loop),
		.peer = &r->conn->conn.peer,
		.line = { r->line, r->line_len },
		.service = access->service,
		.handler = r->handler ? r->handler->label : NULL,
		.worker = access->worker,
		.status = r->reply == HTTP_NO_REPLY ? 0 : r->status,
		.bytes = r->body_sent,
		.took = tick_since(&r->conn->site->kind.hub->tick, r->began),
		.whole = whole,
	};
	if (r->text)
		take_head(r, &e);
	size_t len = access->json ? access_line_json(&e, &access->clock, line)
				  : access_line_combined(&e, &access->clock, line);
	scribe_say(access->scribe, line, len);
}

void http_access_keep(struct portico_request *r, const char *data, size_t len)
{
	if (len >= 2 && data[0] == '\r' && data[1] == '\n') {
		data += 2;               /* the empty line that may come first */
		len -= 2;
	}
	size_t end = 0;
	while (end < len && end < LINE_KEPT && data[end] != '\r' && data[end] != '\n')
		end++;
	r->line = end > 0 ? arena_copy(&r->arena, data, end) : NULL;
	r->line_len = r->line ? (uint32_t)end : 0;
}
