/* SPDX-License-Identifier: MIT */
/*
 * http_route.c - which handler a request is for: by its host, then by its path.
 *
 * *.example is every name that ends in .example, not example itself.  A port and the
 * dot of a name's root do not count: a.example.:8080 is a.example.
 */
#include "proto/http_route.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/http_chars.h"

/* ---- the order ---- */

/* 0 for any host; more the closer a pattern is, and most for a name. */
static size_t closeness(const struct http_route *r)
{
	if (!r->host)
		return 0;
	return r->host[0] == '*' ? strlen(r->host) : SIZE_MAX;
}

static int compare(size_t a, size_t b)
{
	return (a < b) - (a > b);
}

static int by_closeness(const void *a, const void *b)
{
	const struct http_route *x = a, *y = b;
	int order = compare(closeness(x), closeness(y));

	return order != 0 ? order : compare(strlen(x->prefix), strlen(y->prefix));
}

void http_route_sort(struct http_route *routes, size_t count)
{
	qsort(routes, count, sizeof(*routes), by_closeness);
}

/* ---- the host ---- */

/* RFC 9110, 7.2: uri-host [ ":" port ], where the colons of an IPv6 address are in brackets. */
static size_t name_length(const char *host, size_t len)
{
	const char *end = len > 0 && host[0] == '[' ? memchr(host, ']', len) : NULL;
	const char *from = end ? end : host;
	const char *colon = memchr(from, ':', len - (size_t)(from - host));

	if (colon)
		len = (size_t)(colon - host);
	return len > 1 && host[len - 1] == '.' ? len - 1 : len;
}

static bool same(const char *name, const char *small, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (http_char_fold(name[i]) != (unsigned char)small[i])
			return false;
	return true;
}

static bool is_host(const char *pattern, const char *name, size_t len)
{
	size_t wanted = strlen(pattern);

	if (pattern[0] != '*')
		return len == wanted && same(name, pattern, len);
	pattern++;
	wanted--;
	return len > wanted && same(name + len - wanted, pattern, wanted);
}

/* ---- the path ---- */

/* A prefix ends where a segment does: /api serves /api and /api/x, not /apix. */
static bool is_under(const char *path, const char *prefix)
{
	/* Both begin with '/'; what is behind it tells most apart. */
	if (prefix[1] != '\0' && prefix[1] != path[1])
		return false;
	size_t len = strlen(prefix);
	if (strncmp(path, prefix, len) != 0)
		return false;
	return prefix[len - 1] == '/' || path[len] == '/' || path[len] == '\0';
}

struct portico_service *http_route_find(const struct http_route *routes, size_t count,
	const char *host, size_t len, const char *path)
{
	/* Those with a host come first. */
	len = len > 0 && count > 0 && routes[0].host ? name_length(host, len) : 0;
	for (size_t i = 0; i < count; i++)
		if ((!routes[i].host || is_host(routes[i].host, host, len))
			&& is_under(path, routes[i].prefix))
			return routes[i].handler;
	return NULL;
}
