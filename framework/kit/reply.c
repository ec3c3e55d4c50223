/* SPDX-License-Identifier: MIT */
/*
 * reply.c - requests as a test says them, and replies taken apart.
 *
 * It reads what portico may send (RFC 9112, 6.3): it is no judge of syntax, but what it
 * cannot read is a failure.
 */
#include "kit/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { KIT_REQUESTS = 64 };      /* whose methods are remembered, unanswered */

/* ---- requests ---- */

static bool has_content(const char *method)
{
	return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0
		|| strcmp(method, "PATCH") == 0;
}

static void remember(struct portico_test_client *c, const char *method)
{
	if (c->asked == KIT_REQUESTS) {
		kit_fail(c->test, "portico_test_request(): %d requests without a look at a reply",
			KIT_REQUESTS);
		return;
	}
	c->heads |= (uint64_t)(strcmp(method, "HEAD") == 0) << c->asked++;
}

static void forget_one(struct portico_test_client *c)
{
	c->heads >>= 1;
	c->asked -= c->asked > 0;
}

void portico_test_request(struct portico_test_client *c, const char *method,
	const char *target, const char *fields, const void *body, size_t len)
{
	struct buf b = {0};
	char length[64] = "";

	if (len > 0 || has_content(method))
		snprintf(length, sizeof(length), "Content-Length: %zu\r\n", len);
	const char *parts[] = { method, " ", target, " HTTP/1.1\r\nHost: test\r\n",
		fields ? fields : "", length, "\r\n" };
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		kit_append(&b, parts[i], strlen(parts[i]));
	kit_append(&b, body, len);
	remember(c, method);
	portico_test_send(c, buf_head(&b), buf_len(&b));
	buf_fini(&b);
}

/* ---- replies ---- */

/* The value of a field in head, as it stands there; *len of it.  NULL without one. */
static const char *find_field(const char *head, const char *name, size_t *len)
{
	size_t name_len = strlen(name);

	for (const char *line = strstr(head, "\r\n"); line; line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, name_len) != 0 || line[name_len] != ':')
			continue;
		const char *value = line + name_len + 1;
		value += strspn(value, " \t");
		*len = strcspn(value, "\r\n");
		return value;
	}
	return NULL;
}

/* Moves the chunks at data to body: how long they were, -1 if they are not whole. */
static ssize_t join_chunks(struct buf *body, const char *data, size_t len)
{
	size_t at = 0;

	for (;;) {
		const char *line = memmem(data + at, len - at, "\r\n", 2);
		if (!line)
			return -1;
		size_t size = strtoull(data + at, NULL, 16);
		at = (size_t)(line - data) + 2;
		if (len - at < 2 || size > len - at - 2)
			return -1;
		kit_append(body, data + at, size);
		at += size + 2;
		if (size == 0)
			return (ssize_t)at;
	}
}

/* What is behind head, as far as it is the body: how long it is there, -1 if it is not whole. */
static ssize_t take_body(struct portico_test_client *c, bool none, const char *data, size_t len)
{
	const char *head = buf_head(&c->head);
	size_t value_len;
	const char *value;

	buf_fini(&c->body);
	if (none)
		return 0;
	if ((value = find_field(head, "Transfer-Encoding", &value_len)))
		return join_chunks(&c->body, data, len);
	size_t length = len;
	if ((value = find_field(head, "Content-Length", &value_len)))
		length = strtoull(value, NULL, 10);
	else if (portico_test_state(c) != PORTICO_TEST_ENDED)
		return -1;       /* it ends with the connection */
	if (length > len)
		return -1;
	kit_append(&c->body, data, length);
	return (ssize_t)length;
}

static int status_of(struct portico_test_client *c)
{
	int status;

	if (sscanf(buf_head(&c->head), "HTTP/1.%*1[01] %3d", &status) == 1)
		return status;
	kit_fail(c->test, "what came is no HTTP reply: '%.60s'", buf_head(&c->head));
	return 0;
}

/* The head to c->head, with a NUL: its length with the empty line, 0 if it is not whole. */
static size_t take_head(struct portico_test_client *c)
{
	size_t len = buf_len(&c->in);
	const char *start = len > 0 ? buf_head(&c->in) : "";
	const char *end = memmem(start, len, "\r\n\r\n", 4);

	if (!end)
		return 0;
	kit_forget_fields(c);
	buf_fini(&c->head);
	kit_append(&c->head, start, (size_t)(end - start) + 2);
	(void)kit_text(&c->head);
	return (size_t)(end - start) + 4;
}

struct portico_test_reply *portico_test_reply(struct portico_test_client *c)
{
	size_t head = take_head(c);

	if (head == 0)
		return NULL;
	int status = status_of(c);
	if (status >= 100 && status < 200 && status != 101) {
		buf_take(&c->in, head);
		return portico_test_reply(c);
	}
	bool none = (c->heads & 1) || status == 101 || status == 204 || status == 304;
	ssize_t body = take_body(c, none, buf_head(&c->in) + head, buf_len(&c->in) - head);
	if (body < 0)
		return NULL;
	forget_one(c);
	buf_take(&c->in, head + (size_t)body);
	c->reply = (struct portico_test_reply){
		.status = status,
		.head = buf_head(&c->head),
		.body = kit_text(&c->body),
		.len = buf_len(&c->body),
	};
	return &c->reply;
}

void kit_forget_fields(struct portico_test_client *c)
{
	while (c->fields) {
		struct kit_item *i = c->fields;
		c->fields = i->next;
		free(i);
	}
}

/* The reply is its client's member. */
static struct portico_test_client *client_of(struct portico_test_reply *r)
{
	return (struct portico_test_client *)((char *)r - offsetof(struct portico_test_client, reply));
}

const char *portico_test_field(struct portico_test_reply *r, const char *name)
{
	struct portico_test_client *c = client_of(r);
	size_t len;
	const char *value = find_field(r->head, name, &len);

	if (!value)
		return NULL;
	struct kit_item *i = kit_make(0, 0, value, len);
	i->next = c->fields;
	c->fields = i;
	return i->bytes;
}

/* ---- both ---- */

static struct portico_test_reply *ask(struct portico_test *t, const char *method,
	const char *target, const void *body, size_t len)
{
	static struct portico_test_client nobody;        /* its reply has status 0 */
	struct portico_test_client *c = portico_test_connect(t, NULL);
	struct portico_test_reply *r = NULL;

	if (c) {
		portico_test_request(c, method, target, NULL, body, len);
		r = portico_test_reply(c);
	}
	if (r)
		return r;
	if (c)
		kit_fail(t, "%s %s: no whole reply came: %s", method, target,
			portico_test_state(c) == PORTICO_TEST_OPEN ? "the handler is not done"
								   : "the connection is over");
	nobody.reply = (struct portico_test_reply){ .head = "", .body = "" };
	return &nobody.reply;
}

struct portico_test_reply *portico_test_get(struct portico_test *t, const char *target)
{
	return ask(t, "GET", target, NULL, 0);
}

struct portico_test_reply *portico_test_post(struct portico_test *t, const char *target,
	const void *body, size_t len)
{
	return ask(t, "POST", target, body, len);
}
