/* SPDX-License-Identifier: MIT */
/*
 * http_parse.c - finds the parts of a request head; http_parse_fields.c has those of the fields.
 *
 * One pass over the bytes, one state for each kind of part:
 *
 *   START ─ METHOD ─SP─ TARGET ┬ PATH ──┬ ? ─ QUERY ┐
 *                              └ OTHER ─┴─────────SP┴ VERSION ─CRLF─┐
 *            ┌──────────────────────────────────────────────────────┘
 *            └ NAME ─ : ─ SPACE ─ VALUE ─CRLF─ NAME … ─CRLF─ DONE
 *
 * A part that is cut goes on where it stopped; the state and the offset say
 * all.  A refusal belongs to the byte that shows it: no byte behind it is
 * looked at first, so every way to cut the input gives the same status.  That
 * is why limits are compared before the byte that ended a scan is.
 *
 * Over a limit: a method of more than 32 bytes is none of ours, 501 (RFC 9112,
 * 3); a target that is too long, or still open where max_head ends, 414;
 * anything else where max_head ends, 431 (RFC 6585, 5).
 */
#include "proto/http_parse.h"

#include <assert.h>
#include <string.h>

#include "proto/http_chars.h"
#include "proto/http_head.h"
#include "proto/http_parse_parts.h"
#include "proto/http_skip.h"

enum { MAX_METHOD = 32 };

void http_head_init(struct http_head *h)
{
	memset(h, 0, offsetof(struct http_head, fields));
	h->length = -1;
}

/* ---- the request line ---- */

static bool scan_start(struct http_head *h, struct http_input *in)
{
	if (in->at == in->end)
		return false;
	if (*in->at != '\r')
		return http_begin_line(h, in, METHOD);
	switch (http_at_line_end(in)) {
	case 1:
		in->at += 2;
		return http_begin_line(h, in, METHOD);
	case 0:
		return false;
	default:
		return http_head_refuse(h, 400, "CR without LF");
	}
}

/* The method nearly all have is compared at once. */
static bool scan_method(struct http_head *h, struct http_input *in)
{
	if (h->line == http_offset(in) && in->end - in->at >= 4 && memcmp(in->at, "GET ", 4) == 0)
		in->at += 3;
	in->at = http_skip(in->at, in->end, HTTP_TOKEN);
	h->method = (struct http_slice){ h->line, http_offset(in) - h->line };
	if (h->method.len > MAX_METHOD)
		return http_head_refuse(h, 501, "method too long");
	if (in->at == in->end)
		return false;
	if (*in->at != ' ' || h->method.len == 0)
		return http_head_refuse(h, 400, "bad byte in the method");
	in->at++;
	h->target.at = http_offset(in);
	h->state = TARGET;
	return true;
}

static bool scan_target_start(struct http_head *h, struct http_input *in)
{
	if (in->at == in->end)
		return false;
	h->state = *in->at == '/' ? TARGET_PATH : TARGET_OTHER;
	return true;
}

/* Runs a second time for the query. */
static bool scan_target(struct http_head *h, struct http_input *in)
{
	static const uint8_t classes[] = { HTTP_PATH, HTTP_TARGET, HTTP_QUERY };

	in->at = http_skip_plain(in->at, in->end, '-', '9');
	in->at = http_skip(in->at, in->end, classes[h->state - TARGET_PATH]);
	h->target.len = http_offset(in) - h->target.at;
	if (h->target.len > in->max_target)
		return http_head_refuse(h, 414, "target too long");
	if (in->at == in->end)
		return false;
	if (*in->at == '?') {
		in->at++;
		h->query.at = http_offset(in);
		h->has_query = true;
		h->state = TARGET_QUERY;
		return true;
	}
	if (*in->at != ' ' || h->target.len == 0)
		return http_head_refuse(h, 400, "bad byte in the target");
	in->at++;
	h->state = VERSION;
	return true;
}

/* The version is looked at before the target is: HTTP/2 without TLS begins
 * with "PRI * HTTP/2.0", and 505 says more about that than 400. */
static bool end_request_line(struct http_head *h, struct http_input *in, const char *version)
{
	if (version[5] != '1')
		return http_head_refuse(h, 505, "not HTTP/1");
	h->minor = version[7] != '0';
	return http_target_read(h, in->data) && http_begin_line(h, in, NAME);
}

/* The version nearly all have is compared at once. */
static bool scan_version(struct http_head *h, struct http_input *in)
{
	static const char shape[] = "HTTP/0.0\r\n";   /* 0: any digit */
	const char *version = in->data + h->target.at + h->target.len + 1;

	if (in->end - version >= 10 && memcmp(version, "HTTP/1.1\r\n", 10) == 0) {
		in->at = version + 10;
		return end_request_line(h, in, version);
	}
	while (in->at < in->end) {
		char c = *in->at, want = shape[in->at - version];

		if (want == '0' ? !http_char_is(c, HTTP_DIGIT) : c != want)
			return http_head_refuse(h, 400, "bad HTTP version");
		in->at++;
		if (want == '\n')
			return end_request_line(h, in, version);
	}
	return false;
}

static bool scan_request_line(struct http_head *h, struct http_input *in)
{
	if (h->state == METHOD && !scan_method(h, in))
		return false;
	if (h->state == TARGET && !scan_target_start(h, in))
		return false;
	while (h->state < VERSION)
		if (!scan_target(h, in))
			return false;
	return scan_version(h, in);
}

/* ---- the head ---- */

static bool scan_line(struct http_head *h, struct http_input *in)
{
	switch ((enum state)h->state) {
	case START:
		return scan_start(h, in);
	case METHOD:
	case TARGET:
	case TARGET_PATH:
	case TARGET_OTHER:
	case TARGET_QUERY:
	case VERSION:
		return scan_request_line(h, in);
	case NAME:
	case SPACE:
	case VALUE:
		return http_scan_field(h, in);
	case DONE:
		break;
	}
	return false;
}

/* All of max_head was looked at, and the head goes on. */
static void refuse_size(struct http_head *h)
{
	if (h->state >= TARGET && h->state <= TARGET_QUERY)
		http_head_refuse(h, 414, "target too long");
	else
		http_head_refuse(h, 431, "head too long");
}

ssize_t http_head_parse(struct http_head *h, const char *data, size_t len,
	const struct http_limits *limits)
{
	struct http_input in = {
		.data = data,
		.at = data + h->line + h->seen,
		.end = data + (len < limits->max_head ? len : limits->max_head),
		.max_target = limits->max_target,
		.max_fields = limits->max_fields < HTTP_MAX_FIELDS ? limits->max_fields : HTTP_MAX_FIELDS,
	};

	if (h->status == 0 && h->state != DONE) {
		assert(in.at <= in.end);
		while (scan_line(h, &in))
			;
		h->seen = http_offset(&in) - h->line;
		if (h->status == 0 && h->state != DONE && in.end == data + limits->max_head)
			refuse_size(h);
	}
	if (h->status != 0)
		return -1;
	return h->state == DONE ? (ssize_t)h->line : 0;
}

bool http_head_is_begun(const struct http_head *h)
{
	return h->state > METHOD || (h->state == METHOD && h->seen > 0);
}
