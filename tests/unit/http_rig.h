/* SPDX-License-Identifier: MIT */
/*
 * http_rig.h - what the tests of the HTTP/1.1 connection share: a site with
 * one route, a handler whose callbacks are the test's, and a client.
 *
 * In every test each request that a handler was shown starts with zeroed
 * state and is done exactly once; http_tear_down() looks.
 */
#ifndef PORTICO_UNIT_HTTP_RIG_H
#define PORTICO_UNIT_HTTP_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "proto/http.h"
#include "rig.h"

/* A suite whose tests have all that. */
#define HTTP_SUITE(name)                                                     \
	TestSuite(name, .init = http_set_up, .fini = http_tear_down, .timeout = 60)

/* Replies, without Date. */
#define TEXT(status, length, more, body)                                     \
	"HTTP/1.1 " status "\r\nContent-Type: text/plain; charset=utf-8\r\n" \
	"Content-Length: " length "\r\n" more "\r\n" body
#define ERROR(status, length, why)                                           \
	TEXT(status, length, "Connection: close\r\n", status ": " why "\n")
#define OK_A TEXT("200 OK", "2", "", "/a")
#define OK_B TEXT("200 OK", "2", "", "/b")
#define OK_C TEXT("200 OK", "2", "", "/c")

/* Requests; those with a body are without it. */
#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST(path, length) "POST " path " HTTP/1.1\r\nHost: x\r\nContent-Length: " length "\r\n\r\n"
#define CHUNKED(path) "POST " path " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
#define EXPECTS "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"

struct http_rig {
	struct http_site  site;
	struct http_route route;         /* "/", to rig.handler */
	struct client     client;        /* connected */

	/* What this test's handler does.  NULL: begins with 0, takes the whole
	 * body with take_all(), replies with the path. */
	int     (*on_begin)(struct portico_request *);
	ssize_t (*on_body)(struct portico_request *, const char *data, size_t len);
	int     (*on_request)(struct portico_request *);
	void    (*on_drained)(struct portico_request *);
	void    (*on_done)(struct portico_request *);

	bool      telling;               /* "begin/path", "body/path" ... for rig_told(): true */
	unsigned  shown, done;           /* requests */
	struct portico_request *held;    /* the last one left for later; NULL when it is done */
};

extern struct http_rig http;

void http_set_up(void);
void http_tear_down(void);               /* aborts what is open */

/* Callbacks for rig.handler.plugin, which has only http_request and http_done
 * until a test gives it more of them. */
int     rig_begin(struct portico_request *r);
ssize_t rig_body(struct portico_request *r, const void *data, size_t len);
void    rig_drained(struct portico_request *r);

/* For on_request and on_begin. */
int later(struct portico_request *r);            /* held, PORTICO_LATER */
int fail(struct portico_request *r);
int reply_pieces(struct portico_request *r);     /* with what take_all() has, and forgets it */
int reply_large(struct portico_request *r);      /* so much of large as its path says: "/100" */

/* For on_body. */
ssize_t take_all(struct portico_request *r, const char *data, size_t len);
ssize_t hold(struct portico_request *r, const char *data, size_t len);  /* held, takes 0 */

extern char large[512 * 1024];
void fill_large(void);                   /* so that a byte out of place shows */

void connect_client(struct client *c);   /* over a socket pair */
void connect_tcp(struct client *c);
void connect_again(void);                /* http.client, afresh */

/* http.client, in one write and a few turns; exactly what it heard. */
void says(const char *text);
void hears(const char *text);

#endif
