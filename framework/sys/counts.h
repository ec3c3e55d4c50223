/* SPDX-License-Identifier: MIT */
/*
 * counts.h - what a service did in one worker, in numbers that only grow.
 *
 * The worker adds with plain stores, its master reads while it does: each number
 * is one aligned 64-bit word.  What is open now is a difference of them,
 * counts_active().
 */
#ifndef PORTICO_SYS_COUNTS_H
#define PORTICO_SYS_COUNTS_H

#include <stdint.h>

#include "base/latency.h"

enum count_error {
	ERROR_ACCEPT,            /* no descriptor for a connection that waits */
	ERROR_MEMORY,
	ERROR_PROTOCOL,          /* the client broke the protocol's rules: refused */
	ERROR_TIMEOUT,           /* what it owed did not come in time, or it did not read */
	ERROR_RESET,             /* its connection failed */
	ERROR_HANDLER,           /* a callback gave -1 or broke its contract */
	ERROR_UNSENT,            /* datagrams that the kernel did not take */
	ERROR_REFUSED,           /* a connection over max_connections or max_per_client, or not from proxy_from */
	ERROR_UNLOGGED,          /* lines that an access log lost; added to by a thread, too */
	COUNT_ERRORS,
};

enum { COUNT_CLASSES = 5 };      /* 1xx ... 5xx */
enum count_scope { COUNT_CLIENT, COUNT_SERVICE, COUNT_SCOPES };

struct counts {
	uint64_t accepted;       /* connections, from the queue of a socket */
	uint64_t taken;          /* from a sibling that leaves */
	uint64_t given;          /* to a sibling, when this worker left */
	uint64_t closed;
	uint64_t lost;           /* open when their worker died: by its master */
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t requests[COUNT_CLASSES];
	uint64_t datagrams_in;
	uint64_t datagrams_out;
	uint64_t errors[COUNT_ERRORS];
	uint64_t limited[COUNT_SCOPES];  /* over the rate of their client, of the service */
	/* Of an answer: http from the turn that saw the request to its reply, tcp
	 * and udp to the end of the callback. */
	struct latency latency;
};

/* A copy of what another process may be adding to. */
void counts_read(struct counts *out, const struct counts *shared);
void counts_merge(struct counts *to, const struct counts *more);

/* What has come since before, which is older. */
void counts_since(struct counts *c, const struct counts *before);

uint64_t counts_active(const struct counts *c);
uint64_t counts_requests(const struct counts *c);        /* of all classes */
const char *count_error_name(unsigned kind);             /* "accept", ... */
const char *count_scope_name(unsigned scope);            /* "client", ... */

#endif
