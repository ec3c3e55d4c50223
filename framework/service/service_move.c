/* SPDX-License-Identifier: MIT */
/*
 * service_move.c - connections that change their worker: idle ones of HTTP, and those that their
 * handler can continue.
 */
#include <string.h>
#include <sys/socket.h>

#include "service/service_parts.h"
#include "sys/counts.h"

/* ---- going ---- */

void service_has_heir(struct service *s, bool has)
{
	for (size_t i = 0; i < s->config->handler_count; i++)
		s->handlers[i].has_heir = has && !s->tls;
}

struct gift {
	service_give_fn     *give;
	void                *arg;
	bool                 told;       /* by a PROXY header: nobody else can know the peer */
	struct channels_mark heard;
};

static int give(void *arg, int fd, const struct parcel *p)
{
	const struct gift *g = arg;
	const struct portico_service *h = p->handler;
	struct service_parcel out = { .client = g->told ? p->peer : NULL };

	if (h) {
		out.handler = h->label;
		out.plugin = h->plugin.name;
		out.version = h->plugin.state_version;
		out.is_socket = p->is_socket;
		out.data = p->data;
		out.len = p->len;
		out.heard = g->heard;
	}
	return g->give(g->arg, fd, &out);
}

/* What a handler has heard it has said to its connections, or they are not at rest. */
int service_hand_on(struct service *s, service_give_fn *give_to, void *arg)
{
	struct gift g = {
		.give = give_to,
		.arg = arg,
		.told = s->config->proxy_protocol,
		.heard = channels_mark(&s->channels),
	};

	if (s->config->protocol == CONFIG_HTTP)
		return http_site_hand_on(&s->http, give, &g);
	if (s->config->protocol == CONFIG_TCP)
		return conn_site_hand_on(&s->tcp, give, &g);
	return 0;
}

bool service_may_hand_on(const struct service *s)
{
	for (size_t i = 0; i < s->config->handler_count; i++) {
		const struct portico_plugin *p = &s->handlers[i].plugin;
		if (s->handlers[i].has_heir && (p->tcp_export || p->ws_export))
			return true;
	}
	return false;
}

/* ---- coming ---- */

/* Before a reload the service may have had other rules: a connection that was made without TLS,
 * or without a PROXY header, is none of a service that has them. */
static bool may_come(const struct service *s, const struct addr *client)
{
	return !s->tls && (!s->config->proxy_protocol || client);
}

/* The client's address; NULL: it has left meanwhile. */
static const struct addr *find_peer(int fd, const struct addr *client, struct addr *peer)
{
	socklen_t len = sizeof(*peer);

	if (client)
		return client;
	return getpeername(fd, &peer->sa, &len) == 0 ? peer : NULL;
}

static void count_one(struct service *s)
{
	s->counts->taken++;
	if (s->seat)
		atomic_fetch_add_explicit(&s->seat->given, 1, memory_order_relaxed);
}

int service_adopt(struct service *s, int fd, const struct addr *client)
{
	struct addr peer;

	if (s->config->protocol != CONFIG_HTTP || !may_come(s, client))
		return -1;
	const struct addr *from = find_peer(fd, client, &peer);
	if (!from)
		return -1;
	count_one(s);
	http_accept(&s->http, fd, from);
	return 0;
}

static struct portico_service *find_handler(struct service *s, const char *label)
{
	for (size_t i = 0; i < s->config->handler_count; i++)
		if (strcmp(s->handlers[i].label, label) == 0)
			return &s->handlers[i];
	return NULL;
}

static const char *object_to(const struct service *s, const struct portico_service *h,
	const struct service_parcel *p)
{
	if (s->config->protocol != (p->is_socket ? CONFIG_HTTP : CONFIG_TCP))
		return "its service has another protocol now";
	if (!may_come(s, p->client))
		return s->tls ? "its service speaks TLS now" : "its service wants a PROXY header now";
	if (strncmp(h->plugin.name, p->plugin, SERVICE_PLUGIN - 1) != 0)
		return "it has another plugin now";
	if (p->is_socket ? !h->plugin.ws_import : !h->plugin.tcp_import)
		return p->is_socket ? "it has no ws_import()" : "it has no tcp_import()";
	return NULL;
}

static void open_one(struct service *s, struct portico_service *h, int fd, const struct addr *peer,
	const struct service_parcel *p)
{
	count_one(s);
	channels_come(&s->channels, &p->heard);
	if (p->is_socket)
		http_continue(&s->http, fd, peer, h, p->version, p->data, p->len);
	else
		conn_continue(&s->tcp, fd, peer, p->version, p->data, p->len);
	channels_came(&s->channels);
}

int service_continue(struct service *s, int fd, const struct service_parcel *p, const char **why)
{
	struct portico_service *h = find_handler(s, p->handler);
	struct addr peer;

	if (!h)
		return -1;
	*why = object_to(s, h, p);
	if (*why)
		return 0;
	const struct addr *from = find_peer(fd, p->client, &peer);
	if (from)
		open_one(s, h, fd, from, p);
	else
		*why = "its client has left";
	return 0;
}
