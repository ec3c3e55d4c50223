/* SPDX-License-Identifier: MIT */
/*
 * ini_expand.c - ${VAR} and ${VAR:default} in a value of an ini file.
 */
#include "config/ini_expand.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char NO_MEMORY[] = "out of memory";

/* A string that grows in an arena; what it leaves behind goes with the arena. */
struct growing {
	struct arena *mem;
	char *text;
	size_t len, room;
};

static bool append(struct growing *g, const char *s, size_t len)
{
	if (len >= g->room - g->len) {
		size_t room = (g->len + len + 1) * 2;
		char *text = arena_alloc(g->mem, room);
		if (text == NULL)
			return false;
		if (g->len > 0)
			memcpy(text, g->text, g->len);
		g->text = text;
		g->room = room;
	}
	memcpy(g->text + g->len, s, len);
	g->len += len;
	g->text[g->len] = '\0';
	return true;
}

static bool is_name(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	while (isalnum((unsigned char)*s) || *s == '_')
		s++;
	return *s == '\0';
}

static bool has_control(const char *s)
{
	for (; *s != '\0'; s++) {
		if (iscntrl((unsigned char)*s) && *s != '\t')
			return true;
	}
	return false;
}

static const char *explain(struct arena *mem, const char *before, const char *name,
	const char *after, const char **why)
{
	*why = arena_printf(mem, "%s%s%s", before, name, after);
	if (*why == NULL)
		*why = NO_MEMORY;
	return NULL;
}

/* What stands for NAME or NAME:DEFAULT; NULL with *why. */
static const char *variable(struct arena *mem, char *name, const char **why)
{
	char *fallback = strchr(name, ':');

	if (fallback != NULL)
		*fallback++ = '\0';
	if (!is_name(name))
		return explain(mem, "${", name,
			"} names no variable; write ${NAME}, or $$ for a dollar sign", why);
	const char *value = getenv(name);
	if (value == NULL && fallback == NULL)
		return explain(mem, "the environment variable ", name,
			" is not set; set it or give a default: ${NAME:default}", why);
	if (value == NULL)
		return fallback;
	if (has_control(value))
		return explain(mem, "the environment variable ", name,
			" holds a control character; take it out", why);
	return value;
}

/* at stands on "${"; gives the place after its "}", NULL with *why. */
static const char *expand_one(struct growing *g, const char *at, const char **why)
{
	const char *end = strchr(at, '}');

	if (end == NULL) {
		*why = "${ has no closing }; add it, or write $$ for a dollar sign";
		return NULL;
	}
	char *name = arena_copy(g->mem, at + 2, (size_t)(end - at) - 2);
	if (name == NULL)
		return NULL;
	const char *value = variable(g->mem, name, why);
	if (value == NULL || !append(g, value, strlen(value)))
		return NULL;
	return end + 1;
}

const char *ini_expand(struct arena *mem, const char *text, const char **why)
{
	struct growing g = {.mem = mem};

	*why = NO_MEMORY;
	if (!append(&g, "", 0))
		return NULL;
	while (*text != '\0') {
		size_t plain = strcspn(text, "$");
		bool ok = append(&g, text, plain);
		text += plain;
		if (ok && *text == '$' && text[1] == '{') {
			text = expand_one(&g, text, why);
			ok = text != NULL;
		} else if (ok && *text == '$') {
			ok = append(&g, text, 1);
			text += text[1] == '$' ? 2 : 1;
		}
		if (!ok)
			return NULL;
	}
	return g.text;
}
