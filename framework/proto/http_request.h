/* SPDX-License-Identifier: MIT */
/*
 * http_request.h - one HTTP request and its reply, inside the http files.
 *
 *	HEAD --head is in--> BODY --body is in--> ANSWER --reply is whole--> done
 *	                       \______ no body ____/
 *
 * A connection holds a request only from the first byte of its head until its
 * reply is queued; idle connections hold none.  Requests are used again.
 */
#ifndef PORTICO_PROTO_HTTP_REQUEST_H
#define PORTICO_PROTO_HTTP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "proto/conn.h"
#include "proto/http.h"
#include "proto/http_chunk.h"
#include "proto/http_parse.h"

struct http_conn {
	struct portico_conn     conn;
	struct http_site       *site;
	struct portico_request *request;     /* in hand; NULL between two */
	struct portico_socket  *socket;      /* once it was accepted as a WebSocket, ours */
	struct http_recall      recall;
	uint64_t                rated;       /* who it is, for rate_allows() */
	uint32_t                requests;    /* so far, with the one in hand */
	bool                    declined;    /* it hears why, and is in no limits */
};

enum http_phase { HTTP_HEAD, HTTP_BODY, HTTP_ANSWER };
enum http_verdict {              /* what a head asks for: */
	HTTP_FOUND,              /* what a handler has */
	HTTP_NO_PROXY,           /* CONNECT */
	HTTP_ANYTHING,           /* OPTIONS * */
	HTTP_NO_PATH,            /* what no handler has */
	HTTP_NO_METHOD,          /* what its handler does not do */
	HTTP_TOO_LONG,           /* more than the site takes */
	HTTP_RATED = 128,        /* a bit with any of them: but the site's rate is asked first */
};
enum http_reply { HTTP_NO_REPLY, HTTP_REPLY_BEGUN, HTTP_REPLY_ENDED };

struct portico_request {
	struct http_conn       *conn;
	struct portico_service *handler;     /* NULL until it is routed */
	void                   *state;
	struct arena            arena;       /* all that lives as long as the request */
	const struct http_head *head;        /* its own, or a memo's; NULL until a byte of it was read */
	const char             *text;        /* the head; names and values end with NUL */
	const char             *path;        /* normalised */
	struct buf              body;        /* collected */
	uint64_t                began;       /* when the loop woke to its first byte: clock_ns() */
	uint64_t                body_size;   /* bytes of body so far */
	uint64_t                body_sent;   /* likewise of the reply, as it was queued */
	const char             *line;        /* of a head that is refused; NULL: http_access_keep() */
	uint32_t                line_len;
	struct pace             pace;        /* of its body */
	struct http_chunk       chunk;
	struct buf              headers;     /* of the reply: whole lines */
	int64_t                 reply_left;  /* announced and not yet written */
	uint16_t                status;      /* of the reply, once it has begun */
	uint8_t                 phase;       /* enum http_phase */
	uint8_t                 verdict;     /* enum http_verdict, once the head is in; 0: go on */
	uint8_t                 reply;       /* enum http_reply */
	bool                    shown;       /* a callback saw it: http_done() is due */
	bool                    keep_alive;
	bool                    chunked;     /* the reply is */
	bool                    no_body;     /* the reply has none: HEAD, 204, 304 */
	bool                    typed;       /* the handler named a Content-Type */
	bool                    body_held;   /* http_body() left some: wait for resume */
	struct portico_request *next_spare;
	struct http_head        own;         /* head, unless that is a memo's */
};

extern const struct stream_ops http_ops;

/* What c is waiting for, and how long it may take. */
struct deadline_queue *http_expected(struct http_conn *c);

/* Goes one step on with r: data is the unused input.  Gives how much of it was used. */
size_t http_read(struct portico_request *r, char *data, size_t len);

/* What there is of r goes on too slowly: it is refused. */
void http_read_late(struct portico_request *r);

/* A fresh one for c, phase HEAD; NULL and ENOMEM. */
struct portico_request *http_request_open(struct http_conn *c);
void http_request_close(struct portico_request *r);  /* calls http_done() if it was shown */
void http_request_free_spares(struct http_site *site);

/* Its own head is in: keeps a copy of its len bytes and what it says.  -1 with
 * errno ENOMEM, or EINVAL if the path is none. */
int http_request_take_head(struct portico_request *r, const char *data, size_t len);

/* The part of that which is to be done with a memo's head too. */
void http_request_took_head(struct portico_request *r);

/* Whether more than the head is to come. */
bool http_request_has_body(const struct portico_request *r);

/* Whether len bytes more of the reply's body may come now: 0, or -1 as portico_reply_write().
 * They are queued: counts them, and has the handler told when they are sent. */
int  http_reply_may_write(const struct portico_request *r, uint64_t len);
void http_reply_wrote(struct portico_request *r, uint64_t len);

/* Whether it can stand behind the name of a header. */
bool http_is_value(const char *text, size_t len);

/* Answers for portico itself: status and one line of text. -1 if not possible. */
int http_reply_error(struct portico_request *r, int status, const char *why);

#endif
