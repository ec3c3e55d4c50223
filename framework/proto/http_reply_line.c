/* SPDX-License-Identifier: MIT */
/*
 * http_reply_line.c - the header lines that a handler gives.
 *
 * Names and values are checked, and none may be one that portico writes itself: a
 * handler cannot break the framing.
 */
#include <errno.h>
#include <string.h>

#include "proto/handler.h"
#include "proto/http_request.h"
#include "proto/http_skip.h"

/* Of a line that is written out: so sixteen bytes can be looked at, however short the name is, for it
 * ends at a colon, and however short the value is, for something is in front of it. */
static bool is_line(const char *line, const char *colon, const char *end)
{
	const char *plain = http_skip_plain(line, end, '-', '-');
	const char *value = http_skip_value(line, colon + 2, end);

	return line < colon && http_skip(plain, colon, HTTP_TOKEN) == colon
		&& http_skip(value, end, HTTP_VALUE) == end;
}

bool http_is_value(const char *s, size_t len)
{
	const char *end = s + len;

	return http_skip(http_skip_value(s, s, end), end, HTTP_VALUE) == end;
}

/* name is a token. */
static bool is_ours(const char *name, size_t len)
{
	switch (len) {
	case 4:  return http_chars_are(name, "date", len);
	case 6:  return http_chars_are(name, "server", len);
	case 7:  return http_chars_are(name, "upgrade", len);
	case 10: return http_chars_are(name, "connection", len)
			|| http_chars_are(name, "keep-alive", len);
	case 14: return http_chars_are(name, "content-length", len);
	case 17: return http_chars_are(name, "transfer-encoding", len);
	default: return false;
	}
}

static bool is_type(const char *name, size_t len)
{
	return len == 12 && http_chars_are(name, "content-type", len);
}

int portico_reply_header(struct portico_request *r, const char *name, const char *value)
{
	size_t name_len = strlen(name), value_len = strlen(value), need = name_len + value_len + 4;

	if (r->reply != HTTP_NO_REPLY) {
		errno = EALREADY;
		return -1;
	}
	if (buf_reserve(&r->headers, need) < 0)
		return -1;
	char *line = buf_tail(&r->headers), *colon = http_put(line, name, name_len);
	char *end = http_put(HTTP_PUT(colon, ": "), value, value_len);
	if (!is_line(line, colon, end) || is_ours(name, name_len)) {
		errno = EINVAL;
		return -1;
	}
	HTTP_PUT(end, "\r\n");
	buf_added(&r->headers, need);
	r->typed = r->typed || is_type(name, name_len);
	return 0;
}
