/* SPDX-License-Identifier: MIT */
/*
 * schema.c - option tables: the same for portico's own sections and for plugins.
 *
 * Finds the option for a key, in tables of any age; schema_value.c does the rest.
 */
#include "config/schema.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config/schema_value.h"

enum { WORDS_MOST = 64 }; /* options listed to one who mistyped */

static bool option_at(const struct schema *s, size_t i, struct portico_option *out)
{
	size_t len = s->stride < sizeof(*out) ? s->stride : sizeof(*out);

	*out = (struct portico_option){0};
	memcpy(out, (const char *)s->options + i * s->stride, len);
	return out->name != NULL;
}

bool schema_option(const struct schema *s, size_t i, struct portico_option *out)
{
	if (s->options == NULL || s->stride == 0)
		return false;
	for (size_t at = 0; at <= i; at++) {
		if (!option_at(s, at, out))
			return false;
	}
	return true;
}

static bool find(const struct schema *s, const char *key, struct portico_option *out)
{
	if (s->options == NULL || s->stride == 0)
		return false;
	for (size_t i = 0; option_at(s, i, out); i++) {
		if (strcmp(out->name, key) == 0)
			return true;
	}
	return false;
}

bool schema_has(const struct schema *s, const char *key)
{
	struct portico_option unused;

	return find(s, key, &unused);
}

const char *schema_nearest(const struct schema *s, const char *key)
{
	const char *names[WORDS_MOST + 1] = {NULL};
	struct portico_option option;

	for (size_t i = 0; i < WORDS_MOST && schema_option(s, i, &option); i++)
		names[i] = option.name;
	return text_nearest(key, names);
}

/* "a, b, c", cut where room ends. */
static void list_names(const struct schema *s, char *out, size_t room)
{
	struct portico_option option;
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; len < room && schema_option(s, i, &option); i++)
		len += (size_t)snprintf(
			out + len, room - len, "%s%s", i > 0 ? ", " : "", option.name);
}

static int unknown_key(const struct schema *s, struct arena *mem, const char *key,
	const char *section, const char **why)
{
	char names[1024];
	const char *near = schema_nearest(s, key);

	if (near != NULL)
		return schema_explain(mem, why, "%s is not an option of [%s]; did you mean %s?",
			key, section, near);
	list_names(s, names, sizeof(names));
	if (names[0] == '\0')
		return schema_explain(mem, why,
			"%s is not an option of [%s]; delete it, it has none", key, section);
	return schema_explain(
		mem, why, "%s is not an option of [%s]; it knows %s", key, section, names);
}

int schema_set(const struct schema *s, void *base, struct arena *mem, const char *key,
	const char *value, const char *section, const char **why)
{
	struct portico_option option;

	if (!find(s, key, &option))
		return unknown_key(s, mem, key, section, why);
	return schema_set_field(&option, base, mem, value, why);
}

int schema_defaults(const struct schema *s, void *base, struct arena *mem, const char **why)
{
	struct portico_option option;

	for (size_t i = 0; schema_option(s, i, &option); i++) {
		if (option.type < PORTICO_STRING || option.type > PORTICO_ENUM)
			return schema_bad_table(&option, mem, why);
		if (option.type == PORTICO_STRING && option.range != NULL)
			return schema_bad_table(&option, mem, why);
		if (option.fallback == NULL)
			continue;
		if (schema_set_field(&option, base, mem, option.fallback, why) < 0)
			return *why == schema_no_memory ? -1 : schema_bad_table(&option, mem, why);
	}
	return 0;
}
