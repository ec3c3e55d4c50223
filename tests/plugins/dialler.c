/* SPDX-License-Identifier: MIT */
/* dialler.c - asks "ping" of the server that its settings name, for each request, and answers with what it says
 * or with why there is nothing to be had; /fresh uses none of the pool, /wait says nothing and waits. */
#define _GNU_SOURCE
#include <portico.h>
#include <stdlib.h>
#include <string.h>

struct dialler {
	const char              *address, *ca, *name;
	int                      tls;
	double                   timeout;
	int64_t                  pool;
	struct portico_upstream *up;
};

struct call {                    /* lives as long as one of the two */
	struct portico_request *req;
	struct portico_conn    *conn;
	bool                    waits;
};

static int opened(struct portico_conn *conn)
{
	struct call *call = portico_conn_state(conn);

	if (call->waits)
		portico_log(portico_conn_service(conn), PORTICO_INFO, "waiting");
	return call->waits || portico_conn_write(conn, "ping", 4) == 4 ? 0 : -1;
}

static ssize_t data(struct portico_conn *conn, const void *bytes, size_t len)
{
	struct call *call = portico_conn_state(conn);

	if (call->req)
		portico_reply(call->req, 200, "text/plain", bytes, len);
	portico_conn_keep(conn);
	return (ssize_t)len;
}

static void closed(struct portico_conn *conn, int error)
{
	struct call *call = portico_conn_state(conn);

	call->conn = NULL;
	portico_log(portico_conn_service(conn), PORTICO_INFO, "closed: %s", error ? strerrorname_np(error) : "0");
	if (call->req)           /* has no effect if there was an answer */
		portico_reply_text(call->req, 502, error ? strerrorname_np(error) : "0");
	else
		free(call);
}

static int request(struct portico_request *req)
{
	struct dialler *d = portico_service_state(portico_request_service(req));
	struct call *call = calloc(1, sizeof(*call));

	*(struct call **)portico_request_state(req) = call;
	call->req = req;
	call->waits = strcmp(portico_request_path(req), "/wait") == 0;
	call->conn = portico_connect(d->up,
		strcmp(portico_request_path(req), "/fresh") == 0 ? PORTICO_FRESH : 0, call);
	return call->conn ? PORTICO_LATER : -1;
}

static void done(struct portico_request *req)
{
	struct call *call = *(struct call **)portico_request_state(req);

	if (!call)
		return;
	call->req = NULL;
	if (!call->conn)
		free(call);
}

static int start(struct portico_service *service)
{
	struct dialler *d = portico_service_state(service);
	struct portico_target to = {
		.address = d->address,
		.tls = d->tls > 0,
		.tls_unverified = d->tls > 1,
		.tls_ca = *d->ca ? d->ca : NULL,
		.tls_name = *d->name ? d->name : NULL,
		.connect_timeout = d->timeout,
		.pool_max = (size_t)d->pool,
		.opened = opened,
		.data = data,
		.closed = closed,
	};

	d->up = portico_upstream(service, &to, sizeof(to));
	return d->up ? 0 : -1;
}

static const struct portico_option options[] = {
	PORTICO_OPTION(STRING, struct dialler, address, NULL, "of the server"),
	PORTICO_OPTION(STRING, struct dialler, ca, "", "a file"),
	PORTICO_OPTION(STRING, struct dialler, name, "", "of the certificate"),
	PORTICO_OPTION_IN(ENUM, struct dialler, tls, "no", "no|yes|unverified", "TLS"),
	PORTICO_OPTION(SECONDS, struct dialler, timeout, "10s", "to connect"),
	PORTICO_OPTION(INT, struct dialler, pool, "0", "kept"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "dialler", .options = options, .service_size = sizeof(struct dialler),
	.request_size = sizeof(struct call *), .start = start, .http_request = request, .http_done = done)
