/* SPDX-License-Identifier: MIT */
/*
 * access_line.h - a line of an access log: what a request was, as text.
 *
 * Pure.  What is the client's is written by access_text.h, each field within bounds of its own.
 */
#ifndef PORTICO_PROTO_ACCESS_LINE_H
#define PORTICO_PROTO_ACCESS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/access_text.h"
#include "sys/addr.h"

enum { ACCESS_LINE = 4096 };     /* a line at most, with its newline */

struct access_entry {
	double             now;      /* seconds since 1970 */
	const struct addr *peer;
	struct access_text method, target, protocol;     /* of a head that was read */
	struct access_text line;     /* of one that was not: its first line, as far as it came */
	struct access_text host, referer, agent;
	const char        *service;
	const char        *handler;  /* NULL: none */
	unsigned           worker;
	unsigned           status;   /* 0: there was no reply */
	uint64_t           bytes;    /* of the reply's body */
	uint64_t           took;     /* nanoseconds */
	bool               whole;    /* the reply is */
};

/* The time, made once a second.  Zeroed before the first line. */
struct access_clock {
	int64_t second;
	char    common[32];          /* "22/Nov/2026:18:45:24 +0000" */
	char    iso[24];             /* "2026-11-22T18:45:24" */
};

/* out has ACCESS_LINE bytes; gives how many are the line, which ends with a newline and no NUL. */
size_t access_line_combined(const struct access_entry *e, struct access_clock *c, char *out);
size_t access_line_json(const struct access_entry *e, struct access_clock *c, char *out);

#endif
