/* SPDX-License-Identifier: MIT */
/*
 * answer.c - read an answer as it comes in, and know when it is whole.
 */
#include "soak/answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void answer_expect_http(struct answer *a, const char *body)
{
	*a = (struct answer){ .phase = ANSWER_STATUS, .length = -1, .body = body };
}

void answer_expect_echo(struct answer *a, const char *text, size_t len)
{
	*a = (struct answer){ .phase = ANSWER_ECHO, .left = len, .text_len = len };
	memcpy(a->text, text, len);
}

/* ---- the body ---- */

static void compare_body(struct answer *a, const char *data, size_t len)
{
	if (!a->body || a->wrong)
		return;
	if (strnlen(a->body + a->body_at, len) < len ||
	    memcmp(a->body + a->body_at, data, len) != 0)
		a->wrong = true;
	else
		a->body_at += len;
}

static void become_whole(struct answer *a)
{
	a->phase = ANSWER_WHOLE;
	if (a->status && a->status != 200)
		a->wrong = true;
	if (a->body && a->body[a->body_at] != '\0')
		a->wrong = true;
}

static size_t take_body(struct answer *a, const char *data, size_t len)
{
	if (a->phase != ANSWER_UNTIL_END && len > a->left)
		len = (size_t)a->left;
	compare_body(a, data, len);
	if (a->phase == ANSWER_UNTIL_END)
		return len;
	a->left -= len;
	if (a->left > 0)
		return len;
	if (a->phase == ANSWER_CHUNK)
		a->phase = ANSWER_CHUNK_END;
	else
		become_whole(a);
	return len;
}

static size_t take_echo(struct answer *a, const char *data, size_t len)
{
	if (len > a->left)
		len = (size_t)a->left;
	if (memcmp(a->text + a->text_len - a->left, data, len) != 0)
		a->wrong = true;
	a->left -= len;
	if (a->left == 0)
		a->phase = ANSWER_WHOLE;
	return len;
}

/* ---- the head, line by line ---- */

static const char *value_of(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncasecmp(line, name, len) != 0 || line[len] != ':')
		return NULL;
	return line + len + 1 + strspn(line + len + 1, " \t");
}

static void read_status(struct answer *a)
{
	a->phase = ANSWER_FIELDS;
	if (strncmp(a->text, "HTTP/1.", 7) != 0 || strlen(a->text) < 12) {
		a->wrong = true;
		a->last = true;
		a->phase = ANSWER_UNTIL_END;
		return;
	}
	a->last = a->text[7] == '0';
	a->status = atoi(a->text + 9);
}

static void end_head(struct answer *a)
{
	if (a->status < 200) {
		const char *body = a->body;
		answer_expect_http(a, body);
		a->begun = true;
	} else if (a->status == 204 || a->status == 304) {
		become_whole(a);
	} else if (a->chunked) {
		a->phase = ANSWER_CHUNK_SIZE;
	} else if (a->length < 0) {
		a->phase = ANSWER_UNTIL_END;
		a->last = true;
	} else {
		a->phase = ANSWER_BODY;
		a->left = (uint64_t)a->length;
		if (a->left == 0)
			become_whole(a);
	}
}

static void read_field(struct answer *a)
{
	const char *value;

	if (a->text[0] == '\0') {
		end_head(a);
		return;
	}
	if ((value = value_of(a->text, "Content-Length")))
		a->length = atoll(value);
	if ((value = value_of(a->text, "Transfer-Encoding")))
		a->chunked = strcasecmp(value, "chunked") == 0;
	if ((value = value_of(a->text, "Connection")) && strcasecmp(value, "close") == 0)
		a->last = true;
}

static void read_chunk_size(struct answer *a)
{
	a->left = strtoull(a->text, NULL, 16);
	a->phase = a->left > 0 ? ANSWER_CHUNK : ANSWER_TRAILERS;
}

static void read_line(struct answer *a)
{
	switch (a->phase) {
	case ANSWER_STATUS:
		read_status(a);
		break;
	case ANSWER_FIELDS:
		read_field(a);
		break;
	case ANSWER_CHUNK_SIZE:
		read_chunk_size(a);
		break;
	case ANSWER_CHUNK_END:
		a->phase = ANSWER_CHUNK_SIZE;
		break;
	default:                 /* trailers */
		if (a->text[0] == '\0')
			become_whole(a);
		break;
	}
}

/* What does not fit is left out: no line that is looked at is that long. */
static void keep_text(struct answer *a, const char *data, size_t len)
{
	size_t room = sizeof(a->text) - 1 - a->text_len;

	if (len > room)
		len = room;
	memcpy(a->text + a->text_len, data, len);
	a->text_len += len;
}

static size_t take_line(struct answer *a, const char *data, size_t len)
{
	const char *end = memchr(data, '\n', len);

	keep_text(a, data, end ? (size_t)(end - data) : len);
	if (!end)
		return len;
	if (a->text_len > 0 && a->text[a->text_len - 1] == '\r')
		a->text_len--;
	a->text[a->text_len] = '\0';
	a->text_len = 0;
	read_line(a);
	return (size_t)(end - data) + 1;
}

/* ---- the whole ---- */

static size_t take(struct answer *a, const char *data, size_t len)
{
	switch (a->phase) {
	case ANSWER_WHOLE:
		a->wrong = true;
		return len;
	case ANSWER_ECHO:
		return take_echo(a, data, len);
	case ANSWER_BODY:
	case ANSWER_CHUNK:
	case ANSWER_UNTIL_END:
		return take_body(a, data, len);
	default:
		return take_line(a, data, len);
	}
}

void answer_feed(struct answer *a, const char *data, size_t len)
{
	if (len > 0)
		a->begun = true;
	while (len > 0) {
		size_t used = take(a, data, len);
		data += used;
		len -= used;
	}
}

void answer_end(struct answer *a)
{
	if (a->phase == ANSWER_UNTIL_END)
		become_whole(a);
}
