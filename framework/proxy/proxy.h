/* proxy.h - a proxy for anything over TCP: its parts.
 *
 *	client --pair.c--> the next backend that is up (backends.c) */
#ifndef PROXY_H
#define PROXY_H

#include <portico.h>

struct backend {
	char                     name[256];
	struct portico_service  *service;
	struct portico_upstream *clients, *checks;
	bool                     down, drained, checking;
};

struct proxy {                   /* one for each service */
	const char           *backends, *drained;
	double                check, connect_timeout;
	struct backend        list[32];
	unsigned              count, next;
	struct portico_timer *timer;
};

/* ---- backends.c ---- */

int  backends_start(struct portico_service *service);    /* and checks them from then on */
void backends_set_down(struct backend *b, int error);    /* 0: it is up */
/* The next one in turn that is up; if none is, any that is not drained.  NULL: there is none. */
struct backend *backends_next(struct proxy *p);

/* ---- pair.c: a client and its server ---- */

extern const struct portico_target pair_server;  /* with the callbacks of its side */

int     client_open(struct portico_conn *client);
ssize_t client_data(struct portico_conn *client, const void *data, size_t len);
void    client_eof(struct portico_conn *client);
void    client_drained(struct portico_conn *client);
void    client_close(struct portico_conn *client);

#endif
