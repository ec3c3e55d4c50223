/* SPDX-License-Identifier: MIT */
/*
 * http_parse.c - finds the parts of a request head.
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
#include "proto/http_skip.h"

enum { MAX_METHOD = 32 };

enum state {
	START,
	METHOD,
	TARGET,                  /* its first byte decides which: */
	TARGET_PATH,             /* begins with '/' */
	TARGET_OTHER,            /* any other form */
	TARGET_QUERY,
	VERSION,
	NAME,
	SPACE,
	VALUE,
	DONE,
};

struct input {
	const char *data;
	const char *at;          /* the next byte to look at */
	const char *end;         /* of what may be looked at: never over max_head */
	uint32_t max_target;
	uint32_t max_fields;
};

void http_head_init(struct http_head *h)
{
	memset(h, 0, offsetof(struct http_head, fields));
	h->length = -1;
}

static inline bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static inline uint32_t offset(const struct input *in)
{
	return (uint32_t)(in->at - in->data);
}

/* CRLF at in->at: 1 if it is there, 0 if its LF has not come, -1 if it is not one.
 * Called with at < end. */
static inline int at_line_end(const struct input *in)
{
	if (in->at[0] != '\r')
		return -1;
	if (in->end - in->at < 2)
		return 0;
	return in->at[1] == '\n' ? 1 : -1;
}

/* Every scan below gives true when its part is complete and the next one is
 * begun; false if more is needed or the request is refused. */

static inline bool begin_line(struct http_head *h, struct input *in, enum state state)
{
	h->line = offset(in);
	h->state = state;
	return true;
}

static bool scan_start(struct http_head *h, struct input *in)
{
	if (in->at == in->end)
		return false;
	if (*in->at != '\r')
		return begin_line(h, in, METHOD);
	switch (at_line_end(in)) {
	case 1:
		in->at += 2;
		return begin_line(h, in, METHOD);
	case 0:
		return false;
	default:
		return http_head_refuse(h, 400, "CR without LF");
	}
}

/* The method nearly all have is compared at once. */
static bool scan_method(struct http_head *h, struct input *in)
{
	if (h->line == offset(in) && in->end - in->at >= 4 && memcmp(in->at, "GET ", 4) == 0)
		in->at += 3;
	in->at = http_skip(in->at, in->end, HTTP_TOKEN);
	h->method = (struct http_slice){ h->line, offset(in) - h->line };
	if (h->method.len > MAX_METHOD)
		return http_head_refuse(h, 501, "method too long");
	if (in->at == in->end)
		return false;
	if (*in->at != ' ' || h->method.len == 0)
		return http_head_refuse(h, 400, "bad byte in the method");
	in->at++;
	h->target.at = offset(in);
	h->state = TARGET;
	return true;
}

static bool scan_target_start(struct http_head *h, struct input *in)
{
	if (in->at == in->end)
		return false;
	h->state = *in->at == '/' ? TARGET_PATH : TARGET_OTHER;
	return true;
}

/* Runs a second time for the query. */
static bool scan_target(struct http_head *h, struct input *in)
{
	static const uint8_t classes[] = { HTTP_PATH, HTTP_TARGET, HTTP_QUERY };

	in->at = http_skip_plain(in->at, in->end, '-', '9');
	in->at = http_skip(in->at, in->end, classes[h->state - TARGET_PATH]);
	h->target.len = offset(in) - h->target.at;
	if (h->target.len > in->max_target)
		return http_head_refuse(h, 414, "target too long");
	if (in->at == in->end)
		return false;
	if (*in->at == '?') {
		in->at++;
		h->query.at = offset(in);
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
static bool end_request_line(struct http_head *h, struct input *in, const char *version)
{
	if (version[5] != '1')
		return http_head_refuse(h, 505, "not HTTP/1");
	h->minor = version[7] != '0';
	return http_target_read(h, in->data) && begin_line(h, in, NAME);
}

/* The version nearly all have is compared at once. */
static bool scan_version(struct http_head *h, struct input *in)
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

static bool end_head(struct http_head *h, struct input *in)
{
	switch (at_line_end(in)) {
	case 1:
		in->at += 2;
		return http_known_end(h) && begin_line(h, in, DONE);
	case 0:
		return false;
	default:
		return http_head_refuse(h, 400, "CR without LF");
	}
}

static bool scan_name(struct http_head *h, struct input *in, struct http_field *field)
{
	const char *begin = in->data + h->line;

	if (in->at == in->end)
		return false;
	if (h->field_count >= in->max_fields)
		return http_head_refuse(h, 431, "too many fields");
	in->at = http_skip_plain(in->at, in->end, '-', '-');
	in->at = http_skip(in->at, in->end, HTTP_TOKEN);
	if (in->at == in->end)
		return false;
	if (*in->at != ':' || in->at == begin)
		return http_head_refuse(h, 400, "bad byte in a field name");
	field->name = (struct http_slice){ h->line, (uint32_t)(in->at - begin) };
	in->at++;
	h->state = SPACE;
	return true;
}

static bool scan_space(struct http_head *h, struct input *in, struct http_field *field)
{
	while (in->at < in->end && is_space(*in->at))
		in->at++;
	if (in->at == in->end)
		return false;
	field->value.at = offset(in);
	h->state = VALUE;
	return true;
}

/* in->at is the CR behind the value. */
static bool end_field(struct http_head *h, struct input *in, struct http_field *field)
{
	const char *begin = in->data + field->value.at, *end = in->at;

	while (end > begin && is_space(end[-1]))
		end--;
	field->value.len = (uint32_t)(end - begin);
	h->field_count++;
	in->at += 2;
	return http_known_field(h, in->data, field) && begin_line(h, in, NAME);
}

static bool scan_value(struct http_head *h, struct input *in, struct http_field *field)
{
	in->at = http_skip_value(in->data, in->at, in->end);
	in->at = http_skip(in->at, in->end, HTTP_VALUE);
	if (in->at == in->end)
		return false;
	switch (at_line_end(in)) {
	case 1:
		return end_field(h, in, field);
	case 0:
		return false;
	default:
		return http_head_refuse(h, 400, "bad byte in a field value");
	}
}

/* Compared as one number. */
static inline bool is_pair(const char *at, const char *pair)
{
	return memcmp(at, pair, 2) == 0;
}

static inline bool is_ink(char c)
{
	return (unsigned char)c > ' ';
}

/* A field as nearly all are: whole, one space behind the colon, none behind the value.  Gives
 * what stands behind it; NULL if it is not such a one. */
static inline const char *usual_field(const char *name, const char *end, const char *data,
	struct http_field *field)
{
	const char *colon = http_skip_plain(name, end, '-', '-');
	if (colon < end && *colon != ':')
		colon = http_skip(colon, end, HTTP_TOKEN);
	if (end - colon < 5 || colon == name || !is_pair(colon, ": "))
		return NULL;
	const char *value = colon + 2;
	if (!is_ink(*value))
		return NULL;
	const char *cr = http_skip_value(data, value, end);
	if (cr < end && *cr != '\r')
		cr = http_skip(cr, end, HTTP_VALUE);
	if (end - cr < 2 || !is_pair(cr, "\r\n") || !is_ink(cr[-1]))
		return NULL;
	field->name = (struct http_slice){ (uint32_t)(name - data), (uint32_t)(colon - name) };
	field->value = (struct http_slice){ (uint32_t)(value - data), (uint32_t)(cr - value) };
	return cr + 2;
}

/* Takes all that are usual.  Of any other nothing is taken, and the scans above say what is
 * wrong with it.  They would find the same here, a part at a time, for four times as many
 * instructions.  False if one is refused. */
static bool take_usual_fields(struct http_head *h, struct input *in)
{
	const char *at = in->at, *next;
	struct http_field *field = &h->fields[h->field_count];
	const struct http_field *end = &h->fields[in->max_fields];
	bool fine = true;

	while (fine && field < end && (next = usual_field(at, in->end, in->data, field))) {
		if (http_known_looks(at, field->name.len))
			fine = http_known_field(h, in->data, field);
		at = next;
		field++;
	}
	h->field_count = (uint16_t)(field - h->fields);
	in->at = at;
	return begin_line(h, in, NAME) && fine;
}

/* field is one behind the last while the head may still end; scan_name() sees to it
 * that nothing is written there. */
static bool scan_field(struct http_head *h, struct input *in)
{
	if (h->state == NAME && h->line == offset(in) && !take_usual_fields(h, in))
		return false;
	struct http_field *field = &h->fields[h->field_count];
	if (h->state == NAME && in->at < in->end && *in->at == '\r' && h->line == offset(in))
		return end_head(h, in);
	if (h->state == NAME && !scan_name(h, in, field))
		return false;
	if (h->state == SPACE && !scan_space(h, in, field))
		return false;
	return scan_value(h, in, field);
}

static bool scan_request_line(struct http_head *h, struct input *in)
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

static bool scan_line(struct http_head *h, struct input *in)
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
		return scan_field(h, in);
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
	struct input in = {
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
		h->seen = offset(&in) - h->line;
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

const struct http_field *http_head_find(const struct http_head *h, const char *data,
	const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < h->field_count; i++) {
		const char *other = data + h->fields[i].name.at;
		size_t same = 0;

		if (h->fields[i].name.len != len)
			continue;
		while (same < len && http_char_fold(other[same]) == http_char_fold(name[same]))
			same++;
		if (same == len)
			return &h->fields[i];
	}
	return NULL;
}
