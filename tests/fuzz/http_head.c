/* SPDX-License-Identifier: MIT */
/*
 * http_head.c - fuzzes http_head_parse().
 *
 * The first byte of the input chooses where to cut, the rest is the head.
 * Holds: every way to cut gives the same result; every slice lies in the head;
 * no accepted head has a byte or a line end that only a lenient reader takes.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "must.h"
#include "proto/http_parse.h"

static const struct http_limits limits = { 200, 1000, 12 };

/* A copy of just so many bytes at another place each time, for ASan to guard. */
static ssize_t parse_copy(struct http_head *h, const char *data, size_t len)
{
	char *copy = malloc(len ? len : 1);
	ssize_t got;

	memcpy(copy, data, len);
	got = http_head_parse(h, copy, len, &limits);
	free(copy);
	return got;
}

static ssize_t parse_by(struct http_head *h, const char *data, size_t len, size_t first,
	size_t step)
{
	size_t n = first < len ? first : len;
	ssize_t got;

	memset(h, 0, sizeof(*h));
	http_head_init(h);
	for (;;) {
		got = parse_copy(h, data, n);
		if (got != 0 || n == len)
			return got;
		n = len - n < step ? len : n + step;
	}
}

/* Of a refused head nothing but the reason is promised. */
static void must_agree(const struct http_head *a, const struct http_head *b, ssize_t got)
{
	MUST(a->status == b->status && a->why == b->why);
	if (got < 0)
		return;
	MUST(a->line == b->line && a->seen == b->seen && a->state == b->state);
	if (got == 0)
		return;
	MUST(memcmp(a, b, offsetof(struct http_head, length)) == 0);
	MUST(a->length == b->length && a->form == b->form && a->minor == b->minor);
	MUST(a->has_query == b->has_query && a->chunked == b->chunked);
	MUST(a->keep_alive == b->keep_alive && a->expect_continue == b->expect_continue);
	MUST(a->field_count == b->field_count);
	MUST(memcmp(a->fields, b->fields, a->field_count * sizeof(a->fields[0])) == 0);
}

static void must_lie_in(struct http_slice slice, uint32_t begin, uint32_t end)
{
	MUST(slice.at >= begin && slice.at <= end && slice.len <= end - slice.at);
}

static bool is_inside(struct http_slice inner, struct http_slice outer)
{
	return inner.len == 0 || (inner.at >= outer.at &&
		inner.at + inner.len <= outer.at + outer.len);
}

static void must_be_strict(const char *data, size_t len)
{
	MUST(len >= 4 && memcmp(data + len - 4, "\r\n\r\n", 4) == 0);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		MUST(c >= 0x20 || c == '\t' || c == '\r' || c == '\n');
		MUST(c != '\r' || data[i + 1] == '\n');
		MUST(c != '\n' || data[i - 1] == '\r');
		MUST(c != '\n' || i + 1 == len || (data[i + 1] != ' ' && data[i + 1] != '\t'));
	}
}

/* The bytes in front of a port, if there is one. */
static size_t without_port(const char *text, size_t len)
{
	size_t at = len;

	while (at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9')
		at--;
	return at > 0 && text[at - 1] == ':' ? at - 1 : len;
}

/* Host is the target's, but for case and a port that may be said or not. */
static void must_be_one_host(const struct http_head *h, const char *data, struct http_slice host)
{
	const char *ours = data + h->host.at, *said = data + host.at;
	size_t len = without_port(ours, h->host.len), said_len = without_port(said, host.len);

	MUST(h->form == HTTP_ABSOLUTE || (h->host.at == host.at && h->host.len == host.len));
	MUST(len == said_len && strncasecmp(ours, said, len) == 0);
	if (h->host.len > len + 1 && host.len > len + 1)
		MUST(atoi(ours + len + 1) == atoi(said + len + 1));
}

static void must_hold_together(const struct http_head *h, const char *data, uint32_t len)
{
	const struct http_field *host = http_head_find(h, data, "HOST");

	must_lie_in(h->method, 0, len);
	must_lie_in(h->target, h->method.at + h->method.len + 1, len);
	MUST(h->method.len > 0 && h->method.len <= 32 && h->target.len > 0);
	MUST(h->target.len <= limits.max_target && h->field_count <= limits.max_fields);
	MUST(is_inside(h->path, h->target) && is_inside(h->query, h->target));
	MUST(h->form != HTTP_ORIGIN || (h->path.len > 0 && data[h->path.at] == '/'));
	MUST(h->minor <= 1 && h->length >= -1 && !(h->chunked && h->length >= 0));
	MUST(h->minor == 0 || host != NULL);
	MUST(host == NULL || host->value.len > 0);
	if (host != NULL)
		must_be_one_host(h, data, host->value);
	for (size_t i = 0; i < h->field_count; i++) {
		struct http_slice name = h->fields[i].name, value = h->fields[i].value;

		must_lie_in(name, h->target.at + h->target.len + 11, len);
		must_lie_in(value, name.at + name.len + 1, len);
		MUST(name.len > 0 && data[name.at + name.len] == ':');
		MUST(value.len == 0 || (data[value.at] > ' ' || data[value.at] < 0));
		MUST(value.len == 0 || (data[value.at + value.len - 1] != ' ' &&
			data[value.at + value.len - 1] != '\t'));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static struct http_head whole, cut;
	const char *data = (const char *)input + 1;
	size_t len = size - 1;
	ssize_t got;

	if (size == 0)
		return 0;
	got = parse_by(&whole, data, len, len, len);
	MUST(got >= -1 && got <= (ssize_t)len && got <= (ssize_t)limits.max_head);
	MUST((got < 0) == (whole.status != 0) && (got < 0) == (whole.why != NULL));
	MUST(got != 0 || len < limits.max_head);
	MUST(parse_by(&cut, data, len, input[0] % (len + 1), len) == got);
	must_agree(&whole, &cut, got);
	MUST(parse_by(&cut, data, len, 0, 1) == got);
	must_agree(&whole, &cut, got);
	MUST(parse_copy(&cut, data, len) == got);
	if (got > 0) {
		MUST(parse_by(&cut, data, (size_t)got, len, len) == got);
		must_be_strict(data, (size_t)got);
		must_hold_together(&whole, data, (uint32_t)got);
	}
	return 0;
}
