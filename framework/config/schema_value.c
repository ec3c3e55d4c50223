/* SPDX-License-Identifier: MIT */
/*
 * schema_value.c - one value: read by its type, held against its range, stored.
 *
 * Everything that is said about a refused value is said here.  Options come from
 * plugins, too: nothing in them is believed but their strings.
 */
#include "config/schema_value.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { RANGE_TEXT = 128 }; /* "LOW..HIGH", or all words of an enum */

/* One value of any type but string and enum. */
union number {
	int64_t i;
	size_t z;
	double d;
	bool b;
};

const char schema_no_memory[] = "out of memory";

int schema_explain(struct arena *mem, const char **why, const char *fmt, ...)
{
	char sentence[2048];
	va_list args;

	va_start(args, fmt);
	int len = vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	if (len >= (int)sizeof(sentence))
		memcpy(sentence + sizeof(sentence) - 4, "...", 4);
	*why = len >= 0 ? arena_copy(mem, sentence, strlen(sentence)) : NULL;
	if (*why == NULL)
		*why = schema_no_memory;
	return -1;
}

static int read_number(enum portico_type type, const char *text, union number *n)
{
	switch (type) {
	case PORTICO_INT:
		return text_int(text, &n->i);
	case PORTICO_SIZE:
		return text_size(text, &n->z);
	case PORTICO_SECONDS:
		return text_seconds(text, &n->d);
	case PORTICO_BOOL:
		return text_bool(text, &n->b);
	default:
		errno = EINVAL;
		return -1;
	}
}

static bool is_below(enum portico_type type, const union number *a, const union number *b)
{
	switch (type) {
	case PORTICO_INT:
		return a->i < b->i;
	case PORTICO_SIZE:
		return a->z < b->z;
	case PORTICO_SECONDS:
		return a->d < b->d;
	default:
		return false;
	}
}

/* Cuts "LOW..HIGH" in two; either may be empty.  False if it is not of that form. */
static bool cut_range(const char *range, char text[RANGE_TEXT], char **low, char **high)
{
	if (strlen(range) >= RANGE_TEXT)
		return false;
	strcpy(text, range);
	char *dots = strstr(text, "..");
	if (dots == NULL)
		return false;
	*dots = '\0';
	*low = text;
	*high = dots + 2;
	return true;
}

/* 1 if n lies in the range, 0 if not, -1 if the range makes no sense. */
static int in_range(const struct portico_option *o, const union number *n)
{
	char text[RANGE_TEXT];
	char *low, *high;
	union number bound;

	if (o->range == NULL)
		return 1;
	if (o->type == PORTICO_BOOL || !cut_range(o->range, text, &low, &high))
		return -1;
	if (*low != '\0') {
		if (read_number(o->type, low, &bound) < 0)
			return -1;
		if (is_below(o->type, n, &bound))
			return 0;
	}
	if (*high != '\0') {
		if (read_number(o->type, high, &bound) < 0)
			return -1;
		if (is_below(o->type, &bound, n))
			return 0;
	}
	return 1;
}

int schema_bad_table(const struct portico_option *o, struct arena *mem, const char **why)
{
	return schema_explain(mem, why,
		"option %s: its table has a wrong type, range or default; correct it in the code",
		o->name);
}

static int bad_form(
	const struct portico_option *o, struct arena *mem, const char *value, const char **why)
{
	const char *form = "not yes or no; write one of them";

	if (o->type == PORTICO_INT)
		form = "not a whole number; write digits only";
	else if (o->type == PORTICO_SIZE)
		form = "not a size; write 512, 64k, 1m or 2g";
	else if (o->type == PORTICO_SECONDS)
		form = "not a time; write 250ms, 30s, 5m or 1h";
	return schema_explain(mem, why, "%s = %s: %s", o->name, value, form);
}

static int bad_range(
	const struct portico_option *o, struct arena *mem, const char *value, const char **why)
{
	char text[RANGE_TEXT];
	char *low, *high;

	if (o->range == NULL || !cut_range(o->range, text, &low, &high))
		return schema_explain(
			mem, why, "%s = %s: too large; write a smaller one", o->name, value);
	if (*high == '\0')
		return schema_explain(
			mem, why, "%s = %s: out of range; write %s or more", o->name, value, low);
	if (*low == '\0')
		return schema_explain(
			mem, why, "%s = %s: out of range; write up to %s", o->name, value, high);
	return schema_explain(
		mem, why, "%s = %s: out of range; write %s to %s", o->name, value, low, high);
}

static int set_number(const struct portico_option *o, void *field, struct arena *mem,
	const char *value, const char **why)
{
	union number n;

	if (read_number(o->type, value, &n) < 0)
		return errno == ERANGE ? bad_range(o, mem, value, why)
				       : bad_form(o, mem, value, why);
	switch (in_range(o, &n)) {
	case 0:
		return bad_range(o, mem, value, why);
	case 1:
		break;
	default:
		return schema_bad_table(o, mem, why);
	}
	size_t len = sizeof(n.d);
	if (o->type == PORTICO_SIZE)
		len = sizeof(n.z);
	else if (o->type == PORTICO_BOOL)
		len = sizeof(n.b);
	memcpy(field, &n, len);
	return 0;
}

/* Cuts "a|b|c" into words, which then ends with NULL. */
static void cut_words(char *text, const char *words[RANGE_TEXT])
{
	size_t count = 0;
	char *rest = text;

	for (char *word; (word = strsep(&rest, "|")) != NULL;)
		words[count++] = word;
	words[count] = NULL;
}

static int bad_word(const struct portico_option *o, struct arena *mem, const char *value,
	const char *const *words, const char **why)
{
	char list[2 * RANGE_TEXT + 8] = "";
	size_t len = 0;
	const char *near = text_nearest(value, words);

	if (near != NULL)
		return schema_explain(
			mem, why, "%s = %s: not known; did you mean %s?", o->name, value, near);
	for (size_t i = 0; words[i] != NULL; i++) {
		const char *glue = i == 0 ? "" : words[i + 1] != NULL ? ", " : " or ";
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", glue, words[i]);
	}
	return schema_explain(mem, why, "%s = %s: not known; write %s", o->name, value, list);
}

static int set_enum(const struct portico_option *o, void *field, struct arena *mem,
	const char *value, const char **why)
{
	char text[RANGE_TEXT];
	const char *words[RANGE_TEXT];

	if (o->range == NULL || strlen(o->range) >= sizeof(text) - 1)
		return schema_bad_table(o, mem, why);
	strcpy(text, o->range);
	cut_words(text, words);
	for (int i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], value) == 0) {
			memcpy(field, &i, sizeof(i));
			return 0;
		}
	}
	return bad_word(o, mem, value, words, why);
}

static int set_string(void *field, struct arena *mem, const char *value, const char **why)
{
	const char *copy = arena_copy(mem, value, strlen(value));

	if (copy == NULL) {
		*why = schema_no_memory;
		return -1;
	}
	memcpy(field, &copy, sizeof(copy));
	return 0;
}

int schema_set_field(const struct portico_option *o, void *base, struct arena *mem,
	const char *value, const char **why)
{
	void *field = (char *)base + o->offset;

	switch (o->type) {
	case PORTICO_STRING:
		return set_string(field, mem, value, why);
	case PORTICO_ENUM:
		return set_enum(o, field, mem, value, why);
	case PORTICO_INT:
	case PORTICO_SIZE:
	case PORTICO_BOOL:
	case PORTICO_SECONDS:
		return set_number(o, field, mem, value, why);
	}
	return schema_bad_table(o, mem, why);
}
