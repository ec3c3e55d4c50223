/* SPDX-License-Identifier: MIT */
/*
 * http_known.c - the fields that decide how a connection goes on.
 *
 * Host, Content-Length, Transfer-Encoding, Connection and Expect.  Where two
 * readers of one request could find two different ends of it, it is refused:
 *
 *   Content-Length twice, or as a list, or with a sign       400
 *   Content-Length beside Transfer-Encoding                  400
 *   Transfer-Encoding twice, or from HTTP/1.0                400
 *   Transfer-Encoding that begins with chunked but is more   400
 *   any other coding                                         501
 *
 * A Host that is not the authority of an absolute target is refused: a client
 * must send the same (RFC 9110, 7.2), and where a proxy routes by one and a handler
 * reads the other, they disagree about whose request it is.  Case and a default port
 * make no other (4.2.3).
 * An empty Host is refused too: http and https have no empty authority (RFC
 * 9110, 4.2.1; 9112, 3.3 leaves it to the server; nginx refuses it).
 * Expectations other than 100-continue are ignored, which RFC 9110, 10.1.1 allows.
 */
#include "proto/http_head.h"

#include "proto/http_chars.h"
#include "proto/http_skip.h"

enum {
	HAS_HOST   = 0x01,
	HAS_LENGTH = 0x02,
	HAS_CODING = 0x04,
	CLOSE      = 0x08,
	KEEP_ALIVE = 0x10,
};

static bool text_is(const char *text, size_t len, const char *small, size_t small_len)
{
	return len == small_len && http_chars_are(text, small, len);
}

#define IS(text, len, literal) text_is((text), (len), (literal), sizeof(literal) - 1)

static bool take_host(struct http_head *h, const char *data, struct http_slice value)
{
	if (h->flags & HAS_HOST)
		return http_head_refuse(h, 400, "Host is repeated");
	h->flags |= HAS_HOST;
	if (!http_authority_valid(data + value.at, value.len, false))
		return http_head_refuse(h, 400, "bad Host");
	if (h->form != HTTP_ABSOLUTE)
		h->host = value;
	else if (!http_target_has_host(h, data, value))
		return http_head_refuse(h, 400, "Host is not the target's");
	return true;
}

/* The number that the digits name; -1 if it is none or over INT64_MAX. */
static int64_t length_number(const char *text, size_t len)
{
	int64_t number = len > 0 ? 0 : -1;

	for (size_t i = 0; i < len; i++) {
		if (!http_char_is(text[i], HTTP_DIGIT) ||
			__builtin_mul_overflow(number, 10, &number) ||
			__builtin_add_overflow(number, text[i] - '0', &number))
			return -1;
	}
	return number;
}

static bool take_length(struct http_head *h, const char *data, struct http_slice value)
{
	if (h->flags & HAS_LENGTH)
		return http_head_refuse(h, 400, "Content-Length is repeated");
	if (h->flags & HAS_CODING)
		return http_head_refuse(h, 400, "Content-Length and Transfer-Encoding");
	h->flags |= HAS_LENGTH;
	h->length = length_number(data + value.at, value.len);
	if (h->length < 0)
		return http_head_refuse(h, 400, "bad Content-Length");
	return true;
}

static bool take_coding(struct http_head *h, const char *data, struct http_slice value)
{
	const char *text = data + value.at;
	size_t first = (size_t)(http_skip(text, text + value.len, HTTP_TOKEN) - text);

	if (h->flags & HAS_CODING)
		return http_head_refuse(h, 400, "Transfer-Encoding is repeated");
	if (h->flags & HAS_LENGTH)
		return http_head_refuse(h, 400, "Content-Length and Transfer-Encoding");
	if (h->minor == 0)
		return http_head_refuse(h, 400, "Transfer-Encoding in HTTP/1.0");
	h->flags |= HAS_CODING;
	h->chunked = IS(text, value.len, "chunked");
	if (h->chunked)
		return true;
	if (first == 0 || IS(text, first, "chunked"))
		return http_head_refuse(h, 400, "bad Transfer-Encoding");
	return http_head_refuse(h, 501, "unknown transfer coding");
}

static void note_option(struct http_head *h, const char *option, size_t len)
{
	if (IS(option, len, "close"))
		h->flags |= CLOSE;
	else if (IS(option, len, "keep-alive"))
		h->flags |= KEEP_ALIVE;
}

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

/* #token: empty elements are allowed (RFC 9110, 5.6.1.2). */
static bool take_connection(struct http_head *h, const char *data, struct http_slice value)
{
	const char *at = data + value.at, *end = at + value.len;

	while (at < end) {
		const char *option = at;

		at = http_skip(at, end, HTTP_TOKEN);
		note_option(h, option, (size_t)(at - option));
		at = skip_space(at, end);
		if (at < end && *at++ != ',')
			return http_head_refuse(h, 400, "bad Connection");
		at = skip_space(at, end);
	}
	return true;
}

/* Where a member of a list ends: at a comma that is in no quotes, or at end. */
static const char *member_end(const char *at, const char *end)
{
	bool quoted = false;

	for (; at < end && (quoted || *at != ','); at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (quoted && *at == '\\' && end - at > 1)
			at++;
	}
	return at;
}

static size_t without_space(const char *text, const char *end)
{
	while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (size_t)(end - text);
}

/* #expectation: RFC 9110, 10.1.1. */
static bool take_expect(struct http_head *h, const char *data, struct http_slice value)
{
	const char *at = data + value.at, *end = at + value.len;

	while (h->minor > 0 && at < end) {
		const char *member = skip_space(at, end);

		at = member_end(member, end);
		if (IS(member, without_space(member, at), "100-continue"))
			h->expect_continue = true;
		at += at < end;
	}
	return true;
}

/* http_known_looks() is for the same names. */
bool http_known_field(struct http_head *h, const char *data, const struct http_field *field)
{
	const char *name = data + field->name.at;

	switch (field->name.len) {
	case sizeof("host") - 1:
		return !IS(name, 4, "host") || take_host(h, data, field->value);
	case sizeof("expect") - 1:
		return !IS(name, 6, "expect") || take_expect(h, data, field->value);
	case sizeof("connection") - 1:
		return !IS(name, 10, "connection") || take_connection(h, data, field->value);
	case sizeof("content-length") - 1:
		return !IS(name, 14, "content-length") || take_length(h, data, field->value);
	case sizeof("transfer-encoding") - 1:
		return !IS(name, 17, "transfer-encoding") || take_coding(h, data, field->value);
	default:
		return true;
	}
}

bool http_known_end(struct http_head *h)
{
	if (h->minor > 0 && !(h->flags & HAS_HOST))
		return http_head_refuse(h, 400, "no Host");
	h->keep_alive = !(h->flags & CLOSE) && (h->minor > 0 || h->flags & KEEP_ALIVE);
	return true;
}
