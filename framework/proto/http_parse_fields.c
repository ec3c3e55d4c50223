/* SPDX-License-Identifier: MIT */
/*
 * http_parse_fields.c - finds the fields of a request head, and its end.
 *
 * NAME, SPACE and VALUE of http_parse.c, a part at a time; and at once those that are as nearly
 * all are.  The rules of http_parse.c hold: a refusal belongs to the byte that shows it.
 */
#include "proto/http_parse_parts.h"

#include <string.h>

#include "proto/http_chars.h"
#include "proto/http_head.h"
#include "proto/http_skip.h"

static inline bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static bool end_head(struct http_head *h, struct http_input *in)
{
	switch (http_at_line_end(in)) {
	case 1:
		in->at += 2;
		return http_known_end(h) && http_begin_line(h, in, DONE);
	case 0:
		return false;
	default:
		return http_head_refuse(h, 400, "CR without LF");
	}
}

static bool scan_name(struct http_head *h, struct http_input *in, struct http_field *field)
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

static bool scan_space(struct http_head *h, struct http_input *in, struct http_field *field)
{
	while (in->at < in->end && is_space(*in->at))
		in->at++;
	if (in->at == in->end)
		return false;
	field->value.at = http_offset(in);
	h->state = VALUE;
	return true;
}

/* in->at is the CR behind the value. */
static bool end_field(struct http_head *h, struct http_input *in, struct http_field *field)
{
	const char *begin = in->data + field->value.at, *end = in->at;

	while (end > begin && is_space(end[-1]))
		end--;
	field->value.len = (uint32_t)(end - begin);
	h->field_count++;
	in->at += 2;
	return http_known_field(h, in->data, field) && http_begin_line(h, in, NAME);
}

static bool scan_value(struct http_head *h, struct http_input *in, struct http_field *field)
{
	in->at = http_skip_value(in->data, in->at, in->end);
	in->at = http_skip(in->at, in->end, HTTP_VALUE);
	if (in->at == in->end)
		return false;
	switch (http_at_line_end(in)) {
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
static bool take_usual_fields(struct http_head *h, struct http_input *in)
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
	return http_begin_line(h, in, NAME) && fine;
}

/* field is one behind the last while the head may still end; scan_name() sees to it
 * that nothing is written there. */
bool http_scan_field(struct http_head *h, struct http_input *in)
{
	if (h->state == NAME && h->line == http_offset(in) && !take_usual_fields(h, in))
		return false;
	struct http_field *field = &h->fields[h->field_count];
	if (h->state == NAME && in->at < in->end && *in->at == '\r' && h->line == http_offset(in))
		return end_head(h, in);
	if (h->state == NAME && !scan_name(h, in, field))
		return false;
	if (h->state == SPACE && !scan_space(h, in, field))
		return false;
	return scan_value(h, in, field);
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
