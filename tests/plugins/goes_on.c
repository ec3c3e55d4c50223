/* SPDX-License-Identifier: MIT */
/*
 * goes_on.c - answers lines of TCP, and messages of WebSockets, with what they are, which of its
 * connection it is, and who says so: "LINE COUNT PID".  Connections go on in the next worker, or
 * misbehave as its options say.  Half a line stays unused.
 */
#include <portico.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef GOES_ON
#define GOES_ON .ws_export = socket_export, .ws_import = socket_import, \
	.tcp_export = conn_export, .tcp_import = conn_import,
#define GOES_ON_NAME "goes_on"
#endif

enum { PLAIN, NEVER, MUCH, LATER, CRASH_OUT };
enum { TAKE, REFUSE, DIE };

struct service {
	int export, import;              /* the above */
	struct portico_counter *opened, *out, *in, *closed;
};

struct peer { uint64_t count; unsigned asked; };

static struct service *of(struct portico_service *service)
{
	return portico_service_state(service);
}

static int start(struct portico_service *service)
{
	struct service *s = of(service);

	s->opened = portico_counter(service, "opened", "connections that came from clients");
	s->out = portico_counter(service, "moved_out", "connections that went to another worker");
	s->in = portico_counter(service, "moved_in", "connections that came from another worker");
	s->closed = portico_counter(service, "closed", "connections that ended here");
	return 0;
}

static int answer(struct peer *p, const char *line, size_t len, char *out, size_t room)
{
	return snprintf(out, room, "%.*s %llu %d", (int)len, line, (unsigned long long)p->count++, (int)getpid());
}

/* ---- from worker to worker ---- */

static int export_peer(const struct service *s, struct peer *p, struct portico_export *out)
{
	static const char much[4096];

	if (s->export == CRASH_OUT)
		abort();
	if (s->export == NEVER || (s->export == LATER && p->asked++ < 2))
		return -1;
	if (s->export == MUCH)
		portico_export_write(out, much, sizeof(much));
	portico_export_write(out, &p->count, sizeof(p->count));
	return 0;
}

static int import_peer(const struct service *s, struct peer *p, uint32_t version, const void *data,
	size_t len)
{
	portico_counter_add(s->in, 1);
	if (s->import == DIE)
		abort();
	if (s->import == REFUSE || version != 7 || len != sizeof(p->count))
		return -1;
	memcpy(&p->count, data, len);
	return 0;
}

/* ---- TCP ---- */

static int opened(struct portico_conn *conn)
{
	portico_counter_add(of(portico_conn_service(conn))->opened, 1);
	return 0;
}

static ssize_t data(struct portico_conn *conn, const void *bytes, size_t len)
{
	const char *at = bytes, *end;
	char text[256];
	size_t used = 0;

	while ((end = memchr(at + used, '\n', len - used))) {
		int n = answer(portico_conn_state(conn), at + used, (size_t)(end - at) - used, text,
			sizeof(text) - 1);
		text[n++] = '\n';
		portico_conn_write(conn, text, (size_t)n);
		used = (size_t)(end - at) + 1;
	}
	return (ssize_t)used;
}

static void closed(struct portico_conn *conn)
{
	struct service *s = of(portico_conn_service(conn));

	portico_counter_add(portico_conn_handed_on(conn) ? s->out : s->closed, 1);
}

static int __attribute__((unused)) conn_export(struct portico_conn *conn, struct portico_export *out)
{
	return export_peer(of(portico_conn_service(conn)), portico_conn_state(conn), out);
}

static int __attribute__((unused)) conn_import(struct portico_conn *conn, uint32_t version,
	const void *bytes, size_t len)
{
	return import_peer(of(portico_conn_service(conn)), portico_conn_state(conn), version, bytes, len);
}

/* ---- WebSockets ---- */

static int request(struct portico_request *req)
{
	return portico_websocket_accept(req, NULL);
}

static int socket_opened(struct portico_socket *socket)
{
	portico_counter_add(of(portico_socket_service(socket))->opened, 1);
	return 0;
}

static int message(struct portico_socket *socket, int kind, const void *bytes, size_t len)
{
	char text[256];

	(void)kind;
	answer(portico_socket_state(socket), bytes, len, text, sizeof(text));
	return portico_socket_send_text(socket, text);
}

static void socket_closed(struct portico_socket *socket, int code)
{
	struct service *s = of(portico_socket_service(socket));

	portico_counter_add(code == 0 ? s->out : s->closed, 1);
}

static int __attribute__((unused)) socket_export(struct portico_socket *socket,
	struct portico_export *out)
{
	return export_peer(of(portico_socket_service(socket)), portico_socket_state(socket), out);
}

static int __attribute__((unused)) socket_import(struct portico_socket *socket, uint32_t version,
	const void *bytes, size_t len)
{
	return import_peer(of(portico_socket_service(socket)), portico_socket_state(socket), version,
		bytes, len);
}

static const struct portico_option options[] = {
	PORTICO_OPTION_IN(ENUM, struct service, export, "plain", "plain|never|much|later|crash",
		"how connections leave"),
	PORTICO_OPTION_IN(ENUM, struct service, import, "take", "take|refuse|die", "or not"),
	{0},
};

PORTICO_PLUGIN(.name = GOES_ON_NAME, .options = options, .service_size = sizeof(struct service),
	.conn_size = sizeof(struct peer), .socket_size = sizeof(struct peer), .start = start,
	.tcp_open = opened, .tcp_data = data, .tcp_close = closed, .http_request = request,
	.ws_open = socket_opened, .ws_message = message, .ws_close = socket_closed,
	GOES_ON .state_version = 7)
