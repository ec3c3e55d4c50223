/* SPDX-License-Identifier: MIT */
/*
 * chat.c - everybody hears what anybody says, by WebSocket; a browser gets a page
 * for it from the same place.
 *
 * The room is of all workers if the service has publish = 1m, for what is said, and table = 1m,
 * for the guests' numbers; with publish = redis of all machines, and the numbers are each one's.
 */
#include <portico.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct guest {
	struct portico_socket *socket;
	struct guest          *next, **back; /* what points to this one */
	int64_t                number;
};

struct room {
	size_t        max_line;
	struct guest *guests;
	int64_t       seen;
};

static const char page[] = "<!doctype html><meta charset=utf-8><title>chat</title><pre id=log></pre>\n"
	"<form id=f><input id=line autofocus autocomplete=off> <button>Say</button></form>\n"
	"<script>\n"
	"const say = t => { log.textContent += t + '\\n' }\n"
	"const ws = new WebSocket(location.href.replace(/^http/, 'ws'))\n"
	"ws.onmessage = e => say(e.data)\n"
	"ws.onclose = e => say('closed: ' + e.code + ' ' + e.reason)\n"
	"f.onsubmit = e => { e.preventDefault(); ws.send(line.value); line.value = '' }\n"
	"</script>\n";

/* Who does not keep up is asked to leave. */
static void tell_here(const struct room *room, const char *text)
{
	for (const struct guest *g = room->guests; g; g = g->next)
		if (portico_socket_send_text(g->socket, text) < 0 && errno == ENOBUFS)
			portico_socket_abort(g->socket);
}

/* From any worker, this one too. */
static void heard(struct portico_service *service, const char *channel, const void *text, size_t len)
{
	(void)channel;
	(void)len;
	tell_here(portico_service_state(service), text);
}

static void tell_all(struct portico_service *service, const char *text)
{
	if (portico_publish(service, "room", text, strlen(text)) < 0)
		tell_here(portico_service_state(service), text);
}

static int start(struct portico_service *service)
{
	return portico_subscribe(service, "room", heard) == 0 || errno == EOPNOTSUPP ? 0 : -1;
}

/* A page of another site may not speak in its reader's name. */
static bool is_from_here(const struct portico_request *req)
{
	const char *origin = portico_request_header(req, "Origin");
	const char *host = portico_request_header(req, "Host");
	const char *slashes = origin ? strstr(origin, "://") : NULL;

	return !origin || (slashes && host && strcmp(slashes + 3, host) == 0);
}

static int request(struct portico_request *req)
{
	if (!portico_websocket_asked(req))
		return portico_reply(req, 200, "text/html; charset=utf-8", page, sizeof(page) - 1);
	if (!is_from_here(req))
		return portico_reply_text(req, 403, "not from there\n");
	return portico_websocket_accept(req, NULL);
}

static int enter(struct portico_socket *socket)
{
	struct portico_service *service = portico_socket_service(socket);
	struct room *room = portico_service_state(service);
	struct guest *g = portico_socket_state(socket);
	char text[64];

	g->socket = socket;
	if (portico_table_add(service, "guests", 6, 1, 0., &g->number) < 0)
		g->number = ++room->seen;
	g->back = &room->guests;
	g->next = room->guests;
	if (g->next)
		g->next->back = &g->next;
	room->guests = g;
	snprintf(text, sizeof(text), "guest %lld is here", (long long)g->number);
	tell_all(service, text);
	return 0;
}

static int said(struct portico_socket *socket, int kind, const void *data, size_t len)
{
	struct portico_service *service = portico_socket_service(socket);
	struct room *room = portico_service_state(service);
	const struct guest *g = portico_socket_state(socket);
	char text[4096 + 32];

	if (kind != PORTICO_TEXT)
		return portico_socket_close(socket, 1003, "text only");
	if (len > room->max_line)
		return portico_socket_close(socket, 1009, "too long a line");
	snprintf(text, sizeof(text), "guest %lld: %.*s", (long long)g->number, (int)len, (const char *)data);
	tell_all(service, text);
	return 0;
}

static void leave(struct portico_socket *socket, int code)
{
	struct portico_service *service = portico_socket_service(socket);
	struct guest *g = portico_socket_state(socket);
	char text[64];

	if (!g->socket)
		return;          /* it never came in */
	if (g->next)
		g->next->back = g->back;
	*g->back = g->next;
	snprintf(text, sizeof(text), "guest %lld has left (%d)", (long long)g->number, code);
	tell_all(service, text);
}

/* Browsers come back, to a worker that stays. */
static void drain(struct portico_service *service)
{
	struct room *room = portico_service_state(service);

	for (struct guest *g = room->guests; g; g = g->next)
		portico_socket_close(g->socket, 1001, "the room is closed");
}

static const struct portico_option options[] = {
	PORTICO_OPTION_IN(SIZE, struct room, max_line, "1k", "1..4k", "bytes in one line"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "chat", .options = options, .service_size = sizeof(struct room),
	.socket_size = sizeof(struct guest), .start = start, .http_request = request, .drain = drain,
	.ws_open = enter, .ws_message = said, .ws_close = leave)
