/* SPDX-License-Identifier: MIT */
/*
 * http_access.h - what an HTTP service writes to its access log.
 *
 * A request has a line when its reply is whole, that is queued to its end, or when its
 * connection ended before; one whose head had not come in by then has none.
 */
#ifndef PORTICO_PROTO_HTTP_ACCESS_H
#define PORTICO_PROTO_HTTP_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/access_line.h"

struct portico_request;
struct scribe;

struct http_access {             /* of one service in this worker */
	struct scribe      *scribe;      /* borrowed; NULL: there is no log */
	bool                json;
	const char         *service;     /* borrowed */
	unsigned            worker;
	struct access_clock clock;
};

/* The line of r.  whole: its reply is. */
void http_access_tell(struct portico_request *r, bool whole);

/* r is about to be refused, and this is what there is of its head: its line will show that. */
void http_access_keep(struct portico_request *r, const char *data, size_t len);

#endif
