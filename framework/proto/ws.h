/* SPDX-License-Identifier: MIT */
/*
 * ws.h - the WebSocket side of an HTTP service: RFC 6455 on the stream of a
 * connection that was an HTTP one.
 *
 *	UPGRADING --101 is queued, http_done()--> OPEN --we say close--> CLOSING
 *	                                            |                       | they say close,
 *	                                            | they say close,       | or are late
 *	                                            \ or break a rule --> ENDING --> stream closed
 *
 * A struct portico_socket is made by portico_websocket_accept() and belongs to its
 * struct http_conn, whose stream it takes over when the request is done.
 */
#ifndef PORTICO_PROTO_WS_H
#define PORTICO_PROTO_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/stream.h"
#include "proto/parcel.h"
#include "proto/ws_frame.h"

struct http_conn;
struct portico_service;

struct ws_bounds {
	size_t max_message;      /* bytes in a message of the client's */
	size_t high_water;
	size_t max_queue;
	double idle;             /* seconds without progress of what is queued; 0: no limit */
	double linger;           /* seconds for the peer to answer our close; 0: at once */
	double ping;             /* seconds of silence until a ping, and then to the end; 0: none */
};

/* Of one service in this worker. */
struct ws_site {
	struct stream_kind    kind;
	struct deadline_queue silence;       /* OPEN: they say nothing */
	struct deadline_queue answers;       /* CLOSING */
	struct ws_bounds      bounds;
};

void ws_site_init(struct ws_site *site, struct hub *hub, const struct ws_bounds *bounds);
void ws_site_fini(struct ws_site *site);         /* no socket is left */

/* Every socket, now; whoever can take it is told 1001 as a last word. */
void ws_site_abort(struct ws_site *site);

enum ws_state { WS_UPGRADING, WS_OPEN, WS_CLOSING, WS_ENDING };

/* What a plugin knows as a socket. */
struct portico_socket {
	struct http_conn       *conn;
	struct ws_site         *site;
	struct portico_service *handler;
	void                   *own;         /* the plugin's state of it */
	struct buf              message;     /* the pieces of the one under way */
	uint16_t                code;        /* what ws_close() is told; 0: not known yet */
	uint8_t                 state;       /* enum ws_state */
	bool                    pinged;      /* and nothing has come since */
	struct ws_reader        reader;
};

/* UPGRADING; NULL and ENOMEM. */
struct portico_socket *ws_create(struct http_conn *c, struct portico_service *handler);

/* The request is done: takes the stream over, calls ws_open(). */
void ws_begin(struct portico_socket *w);

void ws_end(struct portico_socket *w);           /* the stream is closed: ws_close(), destroy */
void ws_destroy(struct portico_socket *w);

/* Hands on each socket that its handler can continue elsewhere and of which nothing is in the
 * midst: 0, or -1 as soon as give() took none. */
int ws_site_hand_on(struct ws_site *site, parcel_give_fn *give, void *arg);

/* c is new and has a socket, of a handler with ws_import(), that goes on with fd, which becomes its own. */
void ws_continue(struct http_conn *c, int fd, uint32_t version, const void *data, size_t len);

/* Queues a frame; OPEN.  0, or -1 and errno as stream_write(), and then nothing is
 * queued. */
int ws_write(struct portico_socket *w, enum ws_opcode opcode, const void *data, size_t len);

/* Says close and waits for theirs; OPEN.  code and reason as ws_close_write() wants them. */
void ws_close(struct portico_socket *w, unsigned code, const char *reason);

#endif
