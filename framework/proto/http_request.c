/* SPDX-License-Identifier: MIT */
/*
 * http_request.c - the request side of an HTTP exchange.
 *
 * The head is copied once into the request's arena, so that everything a
 * handler is shown lives as long as the request, wherever the stream moves
 * its input meanwhile.
 */
#include "proto/http_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/handler.h"
#include "proto/http_path.h"

enum {
	HTTP_SPARES = 64,
	HTTP_HEADERS_KEPT = 4096,        /* bytes of storage that a spare request keeps */
};

static struct portico_request *take_spare(struct http_site *site)
{
	struct portico_request *r = site->spare;

	if (r) {
		site->spare = r->next_spare;
		site->spare_count--;
		return r;
	}
	r = malloc(sizeof(*r));
	if (!r)
		return NULL;
	arena_init(&r->arena);
	r->body = r->headers = (struct buf){0};
	return r;
}

static void destroy(struct portico_request *r)
{
	arena_fini(&r->arena);
	buf_fini(&r->body);
	buf_fini(&r->headers);
	free(r);
}

struct portico_request *http_request_open(struct http_conn *c)
{
	struct portico_request *r = take_spare(c->site);
	if (!r)
		return NULL;
	c->requests++;
	r->conn = c;
	r->handler = NULL;
	r->state = NULL;
	r->head = NULL;
	r->text = NULL;
	r->path = NULL;
	r->began = 0;
	r->body_size = r->body_sent = 0;
	r->line = NULL;
	r->line_len = 0;
	r->pace = (struct pace){0};
	r->phase = HTTP_HEAD;
	r->reply = HTTP_NO_REPLY;
	r->reply_left = 0;
	r->shown = r->keep_alive = r->chunked = r->no_body = r->body_held = r->typed = false;
	return r;
}

void http_request_close(struct portico_request *r)
{
	struct http_site *site = r->conn->site;

	if (r->shown && r->handler->plugin.http_done) {
		handler_enter(r->handler, PULSE_HTTP_DONE);
		r->handler->plugin.http_done(r);
		handler_leave(r->handler);
	}
	r->conn->conn.handler = NULL;
	if (site->spare_count == HTTP_SPARES) {
		destroy(r);
		return;
	}
	arena_reset(&r->arena);
	buf_fini(&r->body);
	if (r->headers.size > HTTP_HEADERS_KEPT)
		buf_fini(&r->headers);
	r->headers.start = r->headers.end = 0;
	r->next_spare = site->spare;
	site->spare = r;
	site->spare_count++;
}

void http_request_free_spares(struct http_site *site)
{
	while (site->spare) {
		struct portico_request *r = site->spare;
		site->spare = r->next_spare;
		destroy(r);
	}
	site->spare_count = 0;
}

/* In the copy every name, value, method and target is followed by a byte
 * that means nothing any more: a colon, a space or a CR. */
static void end_with_nul(char *text, struct http_slice s)
{
	text[s.at + s.len] = '\0';
}

static void end_strings(char *text, const struct http_head *h)
{
	end_with_nul(text, h->method);
	end_with_nul(text, h->target);
	for (unsigned i = 0; i < h->field_count; i++) {
		end_with_nul(text, h->fields[i].name);
		end_with_nul(text, h->fields[i].value);
	}
}

/* It has one spelling only, and the NUL behind the target will be behind it too. */
static bool is_plain(const struct http_head *h, const char *path)
{
	size_t len = h->path.len;

	return !h->has_query && !memchr(path, '%', len)
		&& (!memchr(path, '.', len) || !memmem(path, len, "/.", 2));
}

static int take_path(struct portico_request *r)
{
	struct http_slice path = r->head->path;

	if (path.len == 0) {
		/* http://host without a path means its root: RFC 9112, 3.2.2. */
		r->path = r->head->form == HTTP_ASTERISK ? "*" : "/";
		return 0;
	}
	if (is_plain(r->head, r->text + path.at)) {
		r->path = r->text + path.at;
		return 0;
	}
	char *out = arena_alloc(&r->arena, (size_t)path.len + 1);
	if (!out)
		return -1;
	if (http_path_normalise(out, r->text + path.at, path.len) < 0) {
		errno = EINVAL;
		return -1;
	}
	r->path = out;
	return 0;
}

int http_request_take_head(struct portico_request *r, const char *data, size_t len)
{
	char *text = arena_copy(&r->arena, data, len);
	if (!text)
		return -1;
	r->text = text;
	r->no_body = r->head->method.len == 4 && memcmp(data + r->head->method.at, "HEAD", 4) == 0;
	if (take_path(r) < 0)
		return -1;
	end_strings(text, r->head);
	http_request_took_head(r);
	return 0;
}

void http_request_took_head(struct portico_request *r)
{
	r->keep_alive = r->head->keep_alive;
	if (r->head->chunked)
		http_chunk_init(&r->chunk);
}

bool http_request_has_body(const struct portico_request *r)
{
	return r->head->chunked || r->head->length > 0;
}

/* ---- what a plugin may ask ---- */

struct portico_service *portico_request_service(struct portico_request *r)
{
	return r->handler;
}

struct portico_conn *portico_request_conn(struct portico_request *r)
{
	return &r->conn->conn;
}

void *portico_request_state(struct portico_request *r)
{
	return r->state;
}

void *portico_request_alloc(struct portico_request *r, size_t len)
{
	return arena_zalloc(&r->arena, len);
}

const char *portico_request_method(const struct portico_request *r)
{
	return r->text + r->head->method.at;
}

const char *portico_request_target(const struct portico_request *r)
{
	return r->text + r->head->target.at;
}

const char *portico_request_path(const struct portico_request *r)
{
	return r->path;
}

const char *portico_request_query(const struct portico_request *r)
{
	return r->head->has_query ? r->text + r->head->query.at : NULL;
}

const char *portico_request_header(const struct portico_request *r, const char *name)
{
	const struct http_field *field = http_head_find(r->head, r->text, name);
	return field ? r->text + field->value.at : NULL;
}

int64_t portico_request_length(const struct portico_request *r)
{
	if (r->head->chunked)
		return -1;
	return r->head->length > 0 ? r->head->length : 0;
}

const void *portico_request_body(const struct portico_request *r, size_t *len)
{
	if (len)
		*len = buf_len(&r->body);
	return buf_len(&r->body) > 0 ? buf_head(&r->body) : "";
}

void portico_request_resume(struct portico_request *r)
{
	if (!r->body_held)
		return;
	r->body_held = false;
	stream_retry(&r->conn->conn.stream);
}
