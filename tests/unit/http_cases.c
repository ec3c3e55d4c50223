/* SPDX-License-Identifier: MIT */
/*
 * http_cases.c - every case of the table against the parser, whole and cut at
 * every byte: head, path and chunks, put together as proto/http.c does.
 */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cases/http_cases.h"
#include "cases/saw.h"
#include "proto/http_chunk.h"
#include "proto/http_parse.h"
#include "proto/http_path.h"

static const struct http_limits limits = { CASE_MAX_TARGET, CASE_MAX_HEAD, CASE_MAX_FIELDS };

/* One connection. */
struct reader {
	enum { IN_HEAD, IN_BODY, CLOSED } phase;
	size_t at;               /* bytes of the case that are done with */
	struct http_head head;
	struct http_chunk chunk;
	struct saw saw;          /* of the request that is being read */
	char body[CASE_MAX_BODY];
	size_t body_len;
	struct saw answers;
};

static void begin_request(struct reader *r)
{
	http_head_init(&r->head);
	http_chunk_init(&r->chunk);
	r->saw.len = r->body_len = 0;
	r->phase = IN_HEAD;
}

static void answer(struct reader *r, const char *what)
{
	saw_part(&r->answers, r->answers.len ? "; " : "", "", 0, what);
	if (r->head.keep_alive)
		begin_request(r);
	else
		r->phase = CLOSED;
}

static void refuse(struct reader *r, int status)
{
	char text[8];

	snprintf(text, sizeof(text), "%d", status);
	r->head.keep_alive = false;
	answer(r, text);
}

static void see(struct reader *r, const char *before, const char *data, struct http_slice slice)
{
	saw_part(&r->saw, before, data + slice.at, slice.len, "");
}

static void see_field(struct reader *r, const char *before, const char *data, const char *name)
{
	const struct http_field *field = http_head_find(&r->head, data, name);

	if (field)
		see(r, before, data, field->value);
}

static void answer_request(struct reader *r)
{
	if (r->body_len > 0)
		saw_part(&r->saw, " [", r->body, r->body_len, "]");
	answer(r, r->saw.text);
}

/* A whole head whose path is path_len bytes at path. */
static void take_head(struct reader *r, const char *data, const char *path, size_t path_len)
{
	see(r, "", data, r->head.method);
	saw_part(&r->saw, " ", path, path_len, "");
	if (r->head.has_query)
		see(r, " ?", data, r->head.query);
	see_field(r, " @", data, "Host");
	see_field(r, " x=", data, "X");
	if (r->head.form == HTTP_AUTHORITY)
		refuse(r, 501);
	else if (r->head.form == HTTP_ASTERISK)
		answer(r, "204");
	else if (r->head.length > CASE_MAX_BODY)
		refuse(r, 413);
	else if (r->head.chunked || r->head.length > 0)
		r->phase = IN_BODY;
	else
		answer_request(r);
}

static void read_head(struct reader *r, const char *data, size_t len)
{
	char path[CASE_MAX_TARGET + 1] = "/";
	ssize_t got = http_head_parse(&r->head, data, len, &limits), path_len = 1;

	if (got < 0)
		refuse(r, r->head.status);
	if (got <= 0)
		return;
	r->at += (size_t)got;
	if (r->head.path.len > 0)
		path_len = http_path_normalise(path, data + r->head.path.at, r->head.path.len);
	if (path_len < 0)
		refuse(r, 400);
	else
		take_head(r, data, path, (size_t)path_len);
}

static bool collect(struct reader *r, const char *data, size_t len)
{
	if (len > sizeof(r->body) - r->body_len) {
		refuse(r, 413);
		return false;
	}
	memcpy(r->body + r->body_len, data, len);
	r->body_len += len;
	return true;
}

static void read_fixed(struct reader *r, const char *data, size_t len)
{
	size_t left = (size_t)r->head.length - r->body_len;

	if (len > left)
		len = left;
	r->at += len;
	if (collect(r, data, len) && len == left)
		answer_request(r);
}

static void read_chunked(struct reader *r, const char *data, size_t len)
{
	const char *piece;
	size_t used, piece_len;
	enum http_chunk_event event = http_chunk_next(&r->chunk, data, len, &used, &piece, &piece_len);

	r->at += used;
	if (event == HTTP_CHUNK_DATA)
		collect(r, piece, piece_len);
	else if (event == HTTP_CHUNK_BAD)
		refuse(r, 400);
	else if (event == HTTP_CHUNK_END)
		answer_request(r);
}

/* Gives it the bytes that came up to end and were not used, in memory that
 * ends where they do: ASan would tell. */
static void step(struct reader *r, const char *bytes, size_t end)
{
	size_t len = end - r->at;
	char *copy = malloc(len);

	memcpy(copy, bytes + r->at, len);
	if (r->phase == IN_HEAD)
		read_head(r, copy, len);
	else if (r->head.chunked)
		read_chunked(r, copy, len);
	else
		read_fixed(r, copy, len);
	free(copy);
}

static void read_until(struct reader *r, const char *bytes, size_t end)
{
	size_t before, answers;

	do {
		before = r->at;
		answers = r->answers.len;
		if (r->at < end && r->phase != CLOSED)
			step(r, bytes, end);
	} while (r->phase != CLOSED && (r->at > before || r->answers.len > answers));
}

/* first bytes at once, then by as many. */
static void check_cut(const struct http_case *c, size_t first, size_t by)
{
	static struct reader r;

	memset(&r, 0, sizeof(r));
	begin_request(&r);
	for (size_t end = first; end < c->len; end += by)
		read_until(&r, c->bytes, end);
	read_until(&r, c->bytes, c->len);
	cr_expect_str_eq(r.answers.text, c->answers, "%s, cut at %zu by %zu: \"%s\", not \"%s\"",
		c->name, first, by, r.answers.text, c->answers);
}

Test(http_cases, every_case_is_answered_as_it_must_be)
{
	cr_assert_geq(HTTP_CASES, 500);
	for (size_t i = 0; i < HTTP_CASES; i++)
		check_cut(&http_cases[i], http_cases[i].len, 1);
}

/* A long case is one of a long line: all its bytes are alike. */
Test(http_cases, however_it_is_cut)
{
	for (size_t i = 0; i < HTTP_CASES; i++) {
		const struct http_case *c = &http_cases[i];
		size_t stride = c->len / 600 + 1;

		for (size_t first = 1; first < c->len; first += stride)
			check_cut(c, first, c->len);
		check_cut(c, 1, 1);
		check_cut(c, 2, 3);
	}
}

Test(http_cases, no_two_have_one_name)
{
	for (size_t i = 0; i < HTTP_CASES; i++)
		for (size_t j = 0; j < i; j++)
			cr_expect_str_neq(http_cases[i].name, http_cases[j].name);
}
