/* SPDX-License-Identifier: MIT */
/*
 * service.h - one [service] in this worker: its handlers, and its sockets
 * while it serves.
 */
#ifndef PORTICO_SERVICE_SERVICE_H
#define PORTICO_SERVICE_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "config/problem.h"
#include "net/hub.h"
#include "proto/channels.h"
#include "sys/page.h"

struct asks;
struct offload;
struct outgoing;
struct bus;
struct portico_plugin;
struct rates;
struct redis;
struct service;
struct scribe;
struct shortest_table;
struct table;
struct tls_context;

/* A plugin that is linked into the binary. */
struct service_linked {
	const char                  *service;    /* that has it as its only handler */
	const struct portico_plugin *plugin;
	void                        *arg;        /* in its state's first bytes, a pointer, before start() */
};

/* What services need of their worker; it outlives them. */
struct service_home {
	struct hub   *hub;
	struct page  *page;
	uint32_t      services;  /* made so far: the next one's number in page */
	unsigned      worker;
	struct shortest_table **tables;  /* of each service; NULL altogether or one: not counted */
	struct tls_context **tls;        /* of each service; NULL altogether or one: no TLS */
	struct scribe **scribes;         /* of each service's access log; NULL likewise: none */
	struct offload *offload;         /* for blocking work; NULL: none is taken */
	struct outgoing *outgoing;       /* to other servers; NULL: nobody may connect */
	struct table **shared;           /* of each service; NULL likewise: none */
	struct bus  **buses;             /* likewise */
	struct rates **rates;            /* likewise */
	struct asks  *asks;              /* for calls to tables; NULL: none are taken */
	struct redis *redis;             /* for services that are over it, by service_start() */
	uint32_t      handlers;  /* numbered so far, over all services */
	struct service_linked linked;
};

/* Loads the handlers of c and sets their options; tells what is wrong to
 * problems.  NULL if anything is. c is borrowed until service_destroy(). */
struct service *service_create(const struct config_service *c, struct service_home *home,
	struct problems *problems);

/* Calls start() of every handler: 0, or -1 with *failed the label of the one
 * that did not start, borrowed. */
int service_start(struct service *s, const char **failed);

/* Serves sockets[i], which belongs to c->listens[i]; they are borrowed until
 * service_retire().  -1 and ENOMEM. */
int service_serve(struct service *s, const int *sockets);

enum service_end {
	SERVICE_HAND_ON,         /* leave what is queued to the successor on these sockets */
	SERVICE_EMPTY,           /* there is none: take what is queued first */
};

/* A socket of another slot, from, for an address of this service, served as its
 * own until it is given back, before the service retires; fd is borrowed until
 * then.  NULL and ENOMEM. */
struct loan;
struct loan *service_borrow(struct service *s, unsigned from, int fd);

void service_give_back(struct service *s, struct loan *l, enum service_end how);

/* At the end of the service go on with listen: its address ends, and nobody
 * will come after us.  service_drop() takes what is queued and stops. */
void service_keep(struct service *s, size_t listen);
void service_drop(struct service *s, size_t listen);
bool service_keeps(const struct service *s);     /* anything */
bool service_keeps_one(const struct service *s, size_t listen);

const char *service_name(const struct service *s);

enum { SERVICE_PLUGIN = 64 };    /* of a plugin's name, with a NUL, that is looked at */

/* A connection that goes on in another worker, for a handler that can continue it. */
struct service_parcel {
	const struct addr   *client;     /* who a PROXY header said it is; NULL: who the socket says */
	const char          *handler;    /* its label; NULL: an idle one of HTTP, and the rest is 0 */
	const char          *plugin;     /* its name */
	uint32_t             version;    /* its state_version */
	bool                 is_socket;  /* a WebSocket */
	const void          *data;
	size_t               len;        /* PARCEL_MOST at most */
	struct channels_mark heard;      /* of channels, by the worker before */
};

/* Before service_retire(): whether there is a worker that connections may go to. */
void service_has_heir(struct service *s, bool has);

/* Hands every connection that can go on elsewhere, and of which nothing is in the midst, to
 * give(arg, fd, parcel), which takes a copy of fd.  0, or -1 as soon as that gave it. */
typedef int service_give_fn(void *arg, int fd, const struct service_parcel *p);
int service_hand_on(struct service *s, service_give_fn *give, void *arg);

/* Whether it has handlers whose connections may go on elsewhere later, though not now. */
bool service_may_hand_on(const struct service *s);

/* Takes such a connection over; fd becomes its own.  An idle one: -1 if it cannot, and fd is not closed. */
int service_adopt(struct service *s, int fd, const struct addr *client);

/* One for its handler of that label, -1: it has none.  Else NULL in *why, or why it cannot
 * take it; then fd is not closed. */
int service_continue(struct service *s, int fd, const struct service_parcel *p, const char **why);

/* Whether any handler has state_export(), state_import(). */
bool service_exports(const struct service *s);
bool service_imports(const struct service *s);

/* Gives what each handler that exports has, sealed, by its label; fd is the callee's own.
 * Each has max bytes, all of them until then by clock_seconds(); what goes wrong is logged. */
typedef void service_exported_fn(void *arg, const char *label, int fd);
void service_export(struct service *s, size_t max, double until, service_exported_fn *give,
	void *arg);

/* Hands fd, which stays open, to the handler label.  -1: there is none of that label. */
int service_import(struct service *s, const char *label, int fd);

/* Of handlers that import, those that were given nothing: the log says why. */
void service_says_empty(struct service *s, const char *why);

/* No new clients from now on; drain() of every handler is called.  Idle HTTP
 * connections are closed after idle seconds. */
void service_retire(struct service *s, enum service_end how, double idle);
void service_abort(struct service *s);           /* every connection, now */
void service_destroy(struct service *s);         /* stop() first; no connection is left */

/* stop() alone, where the memory of its handlers must stay: threads may still use it. */
void service_leave(struct service *s);

#endif
