/* SPDX-License-Identifier: MIT */
/*
 * http_allow.c - the methods that a plugin names, and the answers about them.
 */
#include "proto/http_allow.h"

#include <stdio.h>
#include <string.h>

#include "proto/handler.h"
#include "proto/http_request.h"

enum { ALLOW_ROOM = 1024 };

/* What a plugin that names no methods may know, as far as anybody can say. */
static const char usual[] = "GET POST PUT PATCH DELETE";

static bool word_is(const char *word, size_t len, const char *name)
{
	return strncmp(word, name, len) == 0 && name[len] == '\0';
}

/* Case counts: RFC 9110, 9.1. */
static bool names(const char *methods, const char *method)
{
	for (const char *at = methods; *at;) {
		size_t len = strcspn(at, " ");
		if (word_is(at, len, method))
			return true;
		at += len;
		at += *at == ' ';
	}
	return false;
}

bool http_allow_has(const char *methods, const char *method)
{
	if (!methods || names(methods, method))
		return true;
	return strcmp(method, "HEAD") == 0 && names(methods, "GET");
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

bool http_allow_is_sound(const char *methods)
{
	bool in_word = false;

	for (; *methods; methods++) {
		if (is_letter(*methods))
			in_word = true;
		else if (*methods == ' ' && in_word)
			in_word = false;
		else
			return false;
	}
	return in_word;
}

/* ---- Allow ---- */

struct allow {
	char   text[ALLOW_ROOM]; /* "GET, HEAD" */
	size_t len;
};

static bool is_told(const struct allow *a, const char *word, size_t len)
{
	for (const char *at = a->text; *at;) {
		size_t one = strcspn(at, ",");
		if (one == len && memcmp(at, word, len) == 0)
			return true;
		at += one;
		at += strspn(at, ", ");
	}
	return false;
}

static void tell_one(struct allow *a, const char *word, size_t len)
{
	if (is_told(a, word, len) || a->len + len + 3 > sizeof(a->text))
		return;
	a->len += (size_t)sprintf(a->text + a->len, "%s%.*s", a->len > 0 ? ", " : "", (int)len, word);
}

static void tell(struct allow *a, const char *methods)
{
	for (const char *at = methods; *at;) {
		size_t len = strcspn(at, " ");
		tell_one(a, at, len);
		if (word_is(at, len, "GET"))
			tell_one(a, "HEAD", 4);
		at += len;
		at += *at == ' ';
	}
}

static int reply_allow(struct portico_request *r, struct allow *a, int status, const char *body)
{
	tell_one(a, "OPTIONS", 7);
	if (portico_reply_header(r, "Allow", a->text) < 0)
		return -1;
	return body ? portico_reply_text(r, status, body)
		    : portico_reply(r, status, NULL, NULL, 0);
}

int http_allow_refuse(struct portico_request *r)
{
	struct allow a = {0};

	tell(&a, r->handler->plugin.methods);
	if (strcmp(portico_request_method(r), "OPTIONS") == 0)
		return reply_allow(r, &a, 204, NULL);
	return reply_allow(r, &a, 405, "405 Method Not Allowed: see Allow\n");
}

int http_allow_any(struct portico_request *r)
{
	const struct http_site *site = r->conn->site;
	struct allow a = {0};

	for (size_t i = 0; i < site->route_count; i++) {
		const char *methods = site->routes[i].handler->plugin.methods;
		tell(&a, methods ? methods : usual);
	}
	return reply_allow(r, &a, 204, NULL);
}
