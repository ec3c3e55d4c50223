/* SPDX-License-Identifier: MIT */
/*
 * outgoing_rig.h - what the tests of outgoing connections share: a server that is a bare socket, and an
 * upstream whose callbacks tell the rig and then do what the test wants.
 */
#ifndef PORTICO_UNIT_OUTGOING_RIG_H
#define PORTICO_UNIT_OUTGOING_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "portico.h"
#include "proto/outgoing.h"
#include "rig.h"

#define OUTGOING_SUITE(name)                                                 \
	TestSuite(name, .init = outgoing_set_up, .fini = outgoing_tear_down, .timeout = 60)

struct outgoing_rig {
	struct outgoing       all;
	struct portico_target target;    /* of rig_upstream(): 127.0.0.1, the listener's port */
	char                  address[32];
	int                   listener;
	struct client         server;    /* the server's end of the connection accepted last */
	struct portico_conn  *conn;      /* opened last; NULL when closed */
	bool                  opened, closed;    /* one was, since the last wait */
	int                   error;     /* of the last closed() */

	/* What the callbacks do; NULL: nothing, and on_data uses all. */
	int                 (*on_open)(struct portico_conn *);
	ssize_t             (*on_data)(struct portico_conn *, const char *data, size_t len);
	void                (*on_eof)(struct portico_conn *);
	void                (*on_close)(struct portico_conn *);
};

extern struct outgoing_rig out;

void outgoing_set_up(void);
void outgoing_tear_down(void);           /* every connection that began was closed */

/* By out.target. */
struct portico_upstream *upstream(void);
struct portico_conn *begin_connect(struct portico_upstream *up, unsigned flags);
void await_open(void);
int  await_close(void);                  /* gives the error */
void server_accepts(void);               /* the connection that waits is out.server */

/* The two ends of a connection, open. */
struct portico_conn *connect_to(struct portico_upstream *up, unsigned flags);

void server_says(const char *text);
uint64_t outgoing_counter(const char *name);
double   outgoing_gauge(const char *name);

/* One that keeps so many; and gives it to the pool. */
struct portico_upstream *pooling_upstream(unsigned max);
void keep_in_pool(struct portico_conn *c);

#endif
