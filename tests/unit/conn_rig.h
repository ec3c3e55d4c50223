/* SPDX-License-Identifier: MIT */
/*
 * conn_rig.h - what the tests of TCP connections share: a plugin whose callbacks tell the rig
 * and then do what the test wants.
 *
 * In every test each connection that was opened starts with zeroed state and
 * is closed exactly once; conn_tear_down() looks.
 */
#ifndef PORTICO_UNIT_CONN_RIG_H
#define PORTICO_UNIT_CONN_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "portico.h"
#include "proto/conn.h"
#include "rig.h"

/* A suite whose tests have all that. */
#define CONN_SUITE(name)                                                     \
	TestSuite(name, .init = conn_set_up, .fini = conn_tear_down, .timeout = 60)

struct conn_rig {
	struct conn_site     site;       /* no time to be idle, 5 s to linger, small bounds */
	struct client        client;     /* connected last */
	struct portico_conn *conn;       /* the last one opened; NULL when closed */

	/* What the callbacks do; NULL: nothing, and on_data uses all. */
	int                (*on_open)(struct portico_conn *);
	ssize_t            (*on_data)(struct portico_conn *, const char *data, size_t len);
	void               (*on_eof)(struct portico_conn *);
	void               (*on_drained)(struct portico_conn *);
	void               (*on_close)(struct portico_conn *);

	bool                 telling;    /* the rig; unless the test says otherwise */
	unsigned             datas, draineds;    /* calls */
	char                 big[600 * 1024];
};

extern struct conn_rig tcp;

void conn_set_up(void);
void conn_tear_down(void);

/* The plugin has these two only if the test gives it them. */
void tcp_eof(struct portico_conn *c);
void tcp_drained(struct portico_conn *c);

/* A new client, accepted, in place of the last one. */
void conn_connect(void);
void conn_connect_tcp(void);             /* over loopback, where a reset can be seen */
void conn_says(const char *text);        /* in one write and a few turns */

/* For on_data. */
ssize_t conn_echo(struct portico_conn *c, const char *data, size_t len);

#endif
