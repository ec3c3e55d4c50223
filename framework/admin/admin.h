/* SPDX-License-Identifier: MIT */
/*
 * admin.h - the admin service of a worker: a handler that is linked into the binary.
 *
 *	GET /livez    admin_routes[] ──> health_live() ──> admin_reply()
 *	GET /metrics  admin_routes[] ──> metrics() ──> admin_ask() ──> MESSAGE_STATUS ──> master
 *	                                 admin_reply() <── answer() <── two lines of JSON <──/
 *
 * Any worker answers for the whole server.  What it needs no master for it says by itself.
 */
#ifndef PORTICO_ADMIN_ADMIN_H
#define PORTICO_ADMIN_ADMIN_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "admin/events.h"
#include "admin/status.h"
#include "config/config.h"
#include "portico.h"

struct tls_context;

struct admin_page {
	char  *text;             /* owned; NULL: not written */
	size_t len;
};

struct admin {                   /* a worker's; owned by it, embedded */
	const struct config *config;
	struct tls_context **tls;      /* of each service, borrowed; NULL: none */
	struct status_asker  asker;
	struct admin_page    metrics[2];     /* in both forms, of the answer that is told now */
	struct events        events;
	const char          *unserved;       /* a service that could not be served; NULL: none */
	char                 unready[256];   /* why /readyz says no; "": it does not */
};

/* config lives longer.  channel: to the master. */
void admin_init(struct admin *a, const struct config *config, struct ev_loop *loop, int channel);
void admin_fini(struct admin *a);

/* MESSAGE_STATUS came from the master: fd becomes its own. */
void admin_answered(struct admin *a, int fd);

/* The handler of CONFIG_ADMIN; its state begins with a pointer to struct admin. */
extern const struct portico_plugin admin_plugin;

/* From now on /readyz says no, and why.  The first reason stays. */
void admin_not_ready(struct admin *a, const char *why);

/* ---- for the pages of the room ---- */

struct admin_route {
	const char *path;
	/* As http_request(). */
	int       (*answer)(struct admin *a, struct portico_request *r);
};

extern const struct admin_route admin_routes[];  /* ends with a path of NULL */

/* A whole reply with the headers that all of them have. */
int admin_reply(struct portico_request *r, int status, const char *type, const void *body,
	size_t len);
int admin_reply_text(struct portico_request *r, int status, const char *text);

/* Those headers, for who replies in pieces.  0 or -1. */
int admin_headers(struct portico_request *r);

/* answer() replies when the master has answered; if it does not, 503 is sent without it.  What
 * http_request() gives. */
typedef int admin_answer_fn(struct admin *a, struct portico_request *r,
	const struct status_told *text);
int admin_ask(struct admin *a, struct portico_request *r, admin_answer_fn *answer);

/* Whether the query of r has name, with a value or without: /readyz?verbose. */
bool admin_asked_for(const struct portico_request *r, const char *name);

#endif
