/* SPDX-License-Identifier: MIT */
/*
 * http_route.h - which handler a request is for: by its host, then by its path.
 *
 * Pure: the routes are somebody else's array.
 */
#ifndef PORTICO_PROTO_HTTP_ROUTE_H
#define PORTICO_PROTO_HTTP_ROUTE_H

#include <stddef.h>

struct portico_service;

struct http_route {
	const char             *prefix;  /* "/", "/api", borrowed */
	struct portico_service *handler;
	const char             *host;    /* "a.example", "*.example" in small letters; NULL: any */
};

/* Into the order that http_route_find() wants: a host by its whole name, by the longest
 * pattern, any host; and within that the longest prefix first. */
void http_route_sort(struct http_route *routes, size_t count);

/* The handler of the first route that fits; NULL without one.  host is what stands in the
 * field, with its port if there is one, len bytes; 0 if the request names none.  path
 * is normalised. */
struct portico_service *http_route_find(const struct http_route *routes, size_t count,
	const char *host, size_t len, const char *path);

#endif
