/* SPDX-License-Identifier: MIT */
/*
 * http_cases.h - what clients send, and what becomes of it.
 *
 * One table for everything that reads requests: the parser (tests/unit/
 * http_cases.c), the running server (tests/system/http_cases.c) and other
 * servers and parsers (tests/compare).  The limits are small, so that a case
 * can show one; no case but those about limits comes near them.
 *
 * A case is all that one client sends before it ends its side.  Its answers
 * are told one behind another with "; " between them: a status, or, of a
 * request that the handler was shown, the line of saw.h.  Nothing is answered
 * to what is not whole.
 */
#ifndef PORTICO_TESTS_HTTP_CASES_H
#define PORTICO_TESTS_HTTP_CASES_H

#include <stddef.h>

enum {
	CASE_MAX_TARGET = 100,
	CASE_MAX_HEAD = 512,
	CASE_MAX_FIELDS = 8,
	CASE_MAX_BODY = 100,
};

struct http_case {
	const char *name;
	const char *rfc;         /* the section that decides; of 9112 unless another is named */
	const char *bytes;
	size_t      len;         /* they may hold NUL */
	const char *answers;
};

#define HEAD(text) (text), sizeof(text) - 1
#define HOST "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n" HOST          /* fields may follow */
#define POST "POST / HTTP/1.1\r\n" HOST
#define CHUNKED_WITH(fields) POST fields "Transfer-Encoding: chunked\r\n\r\n"
#define CHUNKED CHUNKED_WITH("")
#define ZERO "\r\n0\r\n\r\n"                   /* the end of a head, and a body of no chunk */
#define NEXT "GET /next HTTP/1.1\r\n" HOST "\r\n"
#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10
#define X1000 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100

static const struct http_case http_cases[] = {
#include "cases/line.h"
#include "cases/target.h"
#include "cases/paths.h"
#include "cases/fields.h"
#include "cases/framing.h"
#include "cases/chunks.h"
#include "cases/sequence.h"
#include "cases/limits.h"
};

#undef HEAD
#undef HOST
#undef GET
#undef POST
#undef CHUNKED_WITH
#undef CHUNKED
#undef ZERO
#undef NEXT
#undef X10
#undef X100
#undef X1000

enum { HTTP_CASES = sizeof(http_cases) / sizeof(http_cases[0]) };

#endif
