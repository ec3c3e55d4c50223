/* SPDX-License-Identifier: MIT */
/*
 * kit.h - the pieces of portico/test.h: private to kit/.
 *
 * The kit stands above the service floor, in a worker's place: it makes the loop, the
 * hub and the page, creates the service from a real configuration, and hands it
 * one end of a socket pair where a worker hands it what it accepted.  All that it does is
 * done by kit_turn(): the loop once, and then every client once.
 *
 * Where memory ends the test ends: kit_need().
 */
#ifndef PORTICO_KIT_H
#define PORTICO_KIT_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "config/config.h"
#include "net/beat.h"
#include "net/hub.h"
#include "portico/test.h"
#include "proto/asks.h"
#include "proto/offload.h"
#include "proto/outgoing.h"
#include "service/service.h"
#include "sys/addr.h"
#include "sys/page.h"

struct kit_item {                        /* a datagram, or a WebSocket's message */
	struct portico_test_message  message;
	struct kit_item             *next;
	char                         bytes[];    /* message.data, with a NUL behind */
};

struct kit_items {                       /* first come, first taken */
	struct kit_item  *first;
	struct kit_item **last;          /* NULL: it is empty */
};

struct portico_test {
	struct ev_loop             *loop;
	struct hub                  hub;
	struct outgoing             outgoing;    /* to real servers: portico_test_wait() */
	struct beat                 beat;
	struct page                *page;
	struct service_home         home;
	struct config              *config;
	struct table               *table;       /* of table = SIZE; NULL: none */
	struct bus                 *bus;         /* of publish = SIZE; likewise */
	struct rates               *rates;       /* of rates; likewise */
	struct asks                 asks;
	struct offload              offload;     /* its threads are real: portico_test_wait() */
	struct service             *service;
	struct portico_test_client *clients;
	void                      (*failed)(const char *sentence);
	enum portico_test_protocol  protocol;
	const char                 *label;       /* as the log names the handler */
	int                         socket;      /* listens, or takes datagrams */
	struct addr                 address;     /* UDP: of it */
	unsigned                    connected;   /* clients so far */
	uint64_t                    moved;       /* what clients did; with page->steps what happened */
	uint64_t                    sent, heard; /* datagrams, by clients; see kit_settle() */
	bool                        drained;
	int                         log;         /* a file in memory */
	size_t                      looked;      /* bytes of it, for breaches */
	size_t                      told;        /* by portico_test_logs() */
	struct buf                  text;        /* what that gave */
	struct buf                  problems;    /* why it does not start, a sentence a line */
};

struct portico_test_client {
	struct portico_test        *test;
	struct portico_test_client *next;
	int                         fd;          /* -1: it has left */
	int                         server;      /* number of the other end; -1: it was closed */
	enum portico_test_ending    state;
	bool                        stopped;     /* reads nothing */
	bool                        finishing;   /* says no more behind out */
	bool                        finished;
	bool                        is_socket;   /* a WebSocket */
	bool                        closing;     /* it has said its close */
	struct buf                  out;         /* waits for the handler to read */
	struct buf                  in;          /* came and was not taken */
	struct buf                  given;       /* what portico_test_received() gave */
	struct kit_items            items;
	struct kit_item            *taken;       /* what was given of them */
	uint64_t                    heads;       /* bit by bit, the next request's first: it is a HEAD */
	unsigned                    asked;       /* requests that it tells of */
	struct portico_test_reply   reply;
	struct buf                  head, body;  /* reply's */
	struct kit_item            *fields;      /* that were asked for, of it */
};

/* clock.c: real time, and time that stands still. */
void kit_clock_stop(void);               /* at the same date each time */
void kit_clock_move(uint64_t nanoseconds);
void kit_clock_leap(uint64_t nanoseconds);       /* so many may pass while the loop waits; 0: none */
uint64_t kit_clock_now(void);            /* of the one that stands still */
void kit_clock_go(void);

/* test.c */
void kit_fail(const struct portico_test *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
struct portico_test *kit_current(void);  /* NULL: none exists */
void kit_need(bool memory);              /* it is there, or the process ends */
bool kit_turn(struct portico_test *t, int flags);        /* ev_run()'s; true: something happened */
void kit_settle(struct portico_test *t); /* turns until nothing does; tells of breaches */

/* setup.c: everything from the setup to start(); -1 with t->problems, and t is for
 * kit_dismantle() either way. */
int  kit_assemble(struct portico_test *t, const struct portico_test_setup *setup);
void kit_dismantle(struct portico_test *t);

/* log.c: the log of portico goes to a file of t's; kit_log_look() tells of breaches in it. */
int  kit_log_open(struct portico_test *t);
void kit_log_look(struct portico_test *t);
void kit_log_close(struct portico_test *t);

/* client.c */
void kit_client_turn(struct portico_test_client *c);
void kit_client_free(struct portico_test_client *c);
void kit_append(struct buf *b, const void *data, size_t len);
const char *kit_text(struct buf *b);     /* with a NUL behind that its length does not count */

/* items.c */
struct kit_item *kit_make(int kind, int code, const void *data, size_t len);
void kit_put(struct kit_items *items, int kind, int code, const void *data, size_t len);
struct kit_item *kit_take(struct kit_items *items);      /* NULL: there is none */

/* reply.c */
void kit_forget_fields(struct portico_test_client *c);

/* websocket.c: takes whole frames from c->in. */
void kit_socket_turn(struct portico_test_client *c);

/* What the streams call in place of sock_reset_on_close(), which a socket pair does not
 * show to the other end: the Makefile's --wrap. */
void __wrap_sock_reset_on_close(int fd);
void __real_sock_reset_on_close(int fd);

#endif
