/* SPDX-License-Identifier: MIT */
/*
 * chat.c - everybody hears what anybody says, by WebSocket; a browser gets a page for it.
 *
 * The room is of all workers if the service has publish = 1m, for what is said, and table = 1m,
 * for the guests' numbers; with publish = redis of all machines, and the numbers are each one's.
 * Over a reload guests stay and miss nothing, unless they came by TLS.
 */
#include <portico.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

struct guest { int64_t number; struct portico_socket *socket; LIST_ENTRY(guest) others; };
struct room { size_t max_line; int64_t seen; LIST_HEAD(, guest) guests; };

static const char page[] = "<!doctype html><meta charset=utf-8><title>chat</title><pre id=log></pre>\n"
	"<form id=f><input id=line autofocus autocomplete=off> <button>Say</button></form><script>\n"
	"const say = t => { log.textContent += t + '\\n' }\n"
	"const ws = new WebSocket(location.href.replace(/^http/, 'ws'))\n"
	"ws.onmessage = e => say(e.data); ws.onclose = e => say('closed: ' + e.code + ' ' + e.reason)\n"
	"f.onsubmit = e => { e.preventDefault(); ws.send(line.value); line.value = '' }</script>\n";

/* Who does not keep up is asked to leave. */
static void tell_one(void *socket, const void *text, size_t len)
{
	if (portico_socket_send(socket, PORTICO_TEXT, text, len) < 0 && errno == ENOBUFS)
		portico_socket_abort(socket);
}

/* From any worker, this one too. */
static void heard(struct portico_service *service, const char *channel, const void *text, size_t len)
{
	const struct room *room = portico_service_state(service);
	const struct guest *g;

	(void)channel;
	LIST_FOREACH(g, &room->guests, others)
		tell_one(g->socket, text, len);
}

static int tell_all(struct portico_socket *socket, const char *what, const void *line, size_t len)
{
	struct portico_service *service = portico_socket_service(socket);
	const struct guest *g = portico_socket_state(socket);
	char text[4096 + 64];

	len = (size_t)snprintf(text, sizeof(text), "guest %lld%s%.*s", (long long)g->number, what,
		(int)len, (const char *)line);
	if (portico_publish(service, "room", text, len) < 0)
		heard(service, "room", text, len);
	return 0;
}

static int start(struct portico_service *service)
{
	return portico_subscribe(service, "room", heard) == 0 || errno == EOPNOTSUPP ? 0 : -1;
}

/* A page of another site may not speak in its reader's name. */
static int request(struct portico_request *req)
{
	const char *origin = portico_request_header(req, "Origin"), *host = portico_request_header(req, "Host");
	const char *from = origin ? strstr(origin, "://") : NULL;

	if (!portico_websocket_asked(req))
		return portico_reply(req, 200, "text/html; charset=utf-8", page, sizeof(page) - 1);
	if (origin && (!from || !host || strcmp(from + 3, host) != 0))
		return portico_reply_text(req, 403, "not from there\n");
	return portico_websocket_accept(req, NULL);
}

static struct room *room_of(struct portico_socket *socket)
{
	return portico_service_state(portico_socket_service(socket));
}

static int enter(struct portico_socket *socket)
{
	struct guest *g = portico_socket_state(socket);

	g->socket = socket;
	LIST_INSERT_HEAD(&room_of(socket)->guests, g, others);
	if (portico_table_add(portico_socket_service(socket), "guests", 6, 1, 0., &g->number) < 0)
		g->number = ++room_of(socket)->seen;
	return tell_all(socket, " is here", "", 0);
}

static int said(struct portico_socket *socket, int kind, const void *data, size_t len)
{
	if (kind != PORTICO_TEXT)
		return portico_socket_close(socket, 1003, "text only");
	if (len > room_of(socket)->max_line)
		return portico_socket_close(socket, 1009, "too long a line");
	return tell_all(socket, ": ", data, len);
}

static void leave(struct portico_socket *socket, int code)
{
	struct guest *g = portico_socket_state(socket);
	char why[16];

	if (!g->socket)
		return;          /* it never came in */
	LIST_REMOVE(g, others);
	if (code != 0)           /* else it goes on in another worker */
		tell_all(socket, " has left ", why, (size_t)snprintf(why, sizeof(why), "(%d)", code));
}

static int move_out(struct portico_socket *socket, struct portico_export *out)
{
	return portico_export_write(out, portico_socket_state(socket), sizeof(int64_t)); /* the number */
}

static int move_in(struct portico_socket *socket, uint32_t version, const void *data, size_t len)
{
	struct portico_service *service = portico_socket_service(socket);
	struct room *room = portico_service_state(service);
	struct guest *g = portico_socket_state(socket);

	if (version != 1 || len != sizeof(g->number))
		return -1;
	memcpy(&g->number, data, len);
	room->seen = g->number > room->seen ? g->number : room->seen;
	g->socket = socket;
	LIST_INSERT_HEAD(&room->guests, g, others);
	return portico_import_heard(service, "room", tell_one, socket) == 0 || errno == EOPNOTSUPP ? 0 : -1;
}

/* Nobody stays in a server that stops. */
static void drain(struct portico_service *service)
{
	const struct room *room = portico_service_state(service);
	struct guest *g;

	LIST_FOREACH(g, &room->guests, others)
		if (!portico_service_has_heir(service))
			portico_socket_close(g->socket, 1001, "the room is closed");
}

static const struct portico_option options[] = {
	PORTICO_OPTION_IN(SIZE, struct room, max_line, "1k", "1..4k", "bytes in one line"), {0},
};

PORTICO_PLUGIN(.name = "chat", .options = options, .service_size = sizeof(struct room),
	.socket_size = sizeof(struct guest), .start = start, .http_request = request, .drain = drain,
	.ws_open = enter, .ws_message = said, .ws_close = leave, .state_version = 1,
	.ws_export = move_out, .ws_import = move_in)
