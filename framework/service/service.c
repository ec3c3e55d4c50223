/* SPDX-License-Identifier: MIT */
/*
 * service.c - one [service] in this worker.
 */
#include "service/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "net/dgram.h"
#include "net/listen.h"
#include "proto/conn.h"
#include "proto/handler.h"
#include "proto/http.h"
#include "proto/proxy.h"
#include "proto/udp.h"
#include "service/plugin.h"
#include "sys/shortest.h"

struct service {
	const struct config_service *config;
	struct hub             *hub;
	struct counts          *counts;
	struct shortest_table  *table;       /* NULL: nobody asks how much there is to do */
	struct shortest_slot   *seat;        /* this worker's in it */
	struct tls_context     *tls;         /* borrowed; NULL: its connections speak no TLS */
	struct scribe          *scribe;      /* likewise; NULL: no access log */
	struct arena            mem;         /* handlers, their state and options, routes */
	struct portico_service *handlers;
	struct http_route      *routes;
	size_t                  route_count;
	struct conn_site        tcp;         /* these two as the protocol names them */
	struct http_site        http;
	struct proxy_gate       gate;        /* in front of them, if proxy_protocol is set */
	struct listener        *listeners;   /* tcp and http, one for each address */
	struct dgram_socket    *datagrams;   /* udp, likewise */
	bool                   *kept;        /* addresses that go on after the end */
	bool                    retired;
};

struct loan {
	struct listener     listener;        /* tcp, http */
	struct dgram_socket datagrams;       /* udp */
	unsigned            from;            /* the slot whose socket it is */
};

/* ---- making ---- */

static void add_routes(struct service *s, const struct config_handler *c,
	struct portico_service *handler)
{
	struct http_route route = { .prefix = c->prefix, .handler = handler };

	if (c->host_count == 0)
		s->routes[s->route_count++] = route;
	for (size_t i = 0; i < c->host_count; i++) {
		route.host = c->hosts[i];
		s->routes[s->route_count++] = route;
	}
}

static size_t count_routes(const struct config_service *c)
{
	size_t count = 0;

	for (size_t i = 0; i < c->handler_count; i++)
		count += c->handlers[i].host_count > 0 ? c->handlers[i].host_count : 1;
	return count;
}

/* "echo", "web /api", "web a.example/api". */
static const char *make_label(struct service *s, const struct config_handler *c)
{
	if (!c->prefix)
		return s->config->name;
	return arena_printf(&s->mem, "%s %s%s", s->config->name,
		c->host_count > 0 ? c->hosts[0] : "", c->prefix);
}

static void fill_handler(struct service *s, size_t i, struct service_home *home)
{
	const struct config_handler *c = &s->config->handlers[i];

	s->handlers[i] = (struct portico_service){
		.service = s->config->name,
		.label = make_label(s, c),
		.worker = home->worker,
		.number = home->handlers++,
		.loop = home->hub->loop,
		.page = home->page,
		.counts = s->counts,
		.sockets = s->datagrams,
		.socket_addrs = s->config->listens,
		.socket_count = s->datagrams ? (unsigned)s->config->listen_count : 0,
	};
	add_routes(s, c, &s->handlers[i]);
}

static int load_handlers(struct service *s, struct service_home *home, struct problems *problems)
{
	const struct config_service *c = s->config;
	int result = 0;

	for (size_t i = 0; i < c->handler_count; i++) {
		fill_handler(s, i, home);
		if (plugin_load(&s->handlers[i], &c->handlers[i], c, &s->mem, problems) < 0)
			result = -1;
	}
	if (c->protocol == CONFIG_HTTP)
		http_route_sort(s->routes, s->route_count);
	return result;
}

static int allocate(struct service *s)
{
	const struct config_service *c = s->config;

	s->handlers = arena_zalloc(&s->mem, c->handler_count * sizeof(*s->handlers));
	s->routes = arena_zalloc(&s->mem, count_routes(c) * sizeof(*s->routes));
	s->kept = arena_zalloc(&s->mem, c->listen_count * sizeof(*s->kept));
	if (c->protocol == CONFIG_UDP)
		s->datagrams = arena_zalloc(&s->mem, c->listen_count * sizeof(*s->datagrams));
	else
		s->listeners = arena_zalloc(&s->mem, c->listen_count * sizeof(*s->listeners));
	return s->handlers && s->routes && s->kept && (s->datagrams || s->listeners) ? 0 : -1;
}

static void init_tcp(struct service *s)
{
	const struct config_service *c = s->config;

	conn_site_init(&s->tcp, s->hub, s->handlers, &(struct conn_limits){
		.max_input = c->max_input,
		.high_water = c->high_water,
		.max_queue = c->max_queue,
		.idle = c->idle,
		.linger = c->linger,
		.send_rate = (double)c->send_rate,
		.rate_grace = c->rate_grace,
		.max_connections = (size_t)c->max_connections,
		.max_per_client = (size_t)c->max_per_client,
	});
	s->tcp.kind.counts = s->counts;
	s->tcp.kind.seat = s->seat;
	stream_kind_secure(&s->tcp.kind, s->tls, c->tls_handshake);
}

static void init_http(struct service *s, unsigned worker)
{
	const struct config_service *c = s->config;
	struct http_bounds bounds = {
		.head = {
			.max_target = (uint32_t)c->max_target,
			.max_head = (uint32_t)c->max_head,
			.max_fields = (uint32_t)c->max_fields,
		},
		.max_body = c->max_body,
		.high_water = c->high_water,
		.max_queue = c->max_queue,
		.idle = c->idle,
		.linger = c->linger,
		.head_time = c->head_time,
		.body_time = c->body_time,
		.ws_max_message = c->ws_max_message,
		.ws_ping = c->ws_ping,
		.body_rate = (double)c->body_rate,
		.send_rate = (double)c->send_rate,
		.rate_grace = c->rate_grace,
		.max_requests = (uint32_t)c->max_requests,
		.max_connections = (size_t)c->max_connections,
		.max_per_client = (size_t)c->max_per_client,
		.server = c->server,
	};
	http_site_init(&s->http, s->hub, &bounds, s->routes, count_routes(c));
	http_site_count(&s->http, s->counts, s->seat);
	stream_kind_secure(&s->http.kind, s->tls, c->tls_handshake);
	stream_kind_secure(&s->http.sockets.kind, s->tls, c->tls_handshake);
	s->http.access = (struct http_access){
		.scribe = s->scribe,
		.json = c->access_log_format == CONFIG_ACCESS_JSON,
		.service = c->name,
		.worker = worker,
	};
}

/* Passes the gate, or needs not. */
static void enter(void *owner, int fd, const struct addr *client)
{
	struct service *s = owner;

	if (s->config->protocol == CONFIG_HTTP)
		http_accept(&s->http, fd, client);
	else
		conn_accept(&s->tcp, fd, client);
}

static void init_gate(struct service *s)
{
	const struct config_service *c = s->config;
	bool http = c->protocol == CONFIG_HTTP;

	s->gate = (struct proxy_gate){
		.kind = http ? &s->http.kind : &s->tcp.kind,
		.limits = http ? &s->http.limits : &s->tcp.limits,
		.from = c->proxy_from,
		.from_count = c->proxy_from_count,
		.service = c->name,
		.passed = enter,
		.owner = s,
	};
	proxy_gate_init(&s->gate, s->hub->loop, c->proxy_time);
}

static struct service *no_memory(struct service *s, const struct config_service *c,
	struct problems *problems)
{
	problems_add(problems, c->file, c->line, "service %s: no memory", c->name);
	if (s)
		arena_fini(&s->mem);
	free(s);
	return NULL;
}

/* The worker's page has room for the services of its configuration, in their order. */
static void find_numbers(struct service *s, struct service_home *home)
{
	struct page_service *p = &home->page->services[home->services];

	snprintf(p->name, sizeof(p->name), "%s", s->config->name);
	s->counts = &p->counts;
	s->table = home->tables ? home->tables[home->services] : NULL;
	s->seat = s->table ? &s->table->slots[home->worker] : NULL;
	s->tls = home->tls ? home->tls[home->services] : NULL;
	s->scribe = home->scribes ? home->scribes[home->services] : NULL;
	home->services++;
}

struct service *service_create(const struct config_service *c, struct service_home *home,
	struct problems *problems)
{
	struct service *s = calloc(1, sizeof(*s));
	if (!s)
		return no_memory(s, c, problems);
	s->config = c;
	s->hub = home->hub;
	find_numbers(s, home);
	arena_init(&s->mem);
	if (allocate(s) < 0)
		return no_memory(s, c, problems);
	if (c->protocol == CONFIG_TCP)
		init_tcp(s);
	if (c->protocol == CONFIG_HTTP)
		init_http(s, home->worker);
	init_gate(s);
	if (load_handlers(s, home, problems) == 0)
		return s;
	service_destroy(s);
	return NULL;
}

int service_start(struct service *s, const char **failed)
{
	for (size_t i = 0; i < s->config->handler_count; i++) {
		if (handler_start(&s->handlers[i]) == 0)
			continue;
		*failed = s->handlers[i].label;
		return -1;
	}
	return 0;
}

/* ---- serving ---- */

typedef void accepted_fn(struct listener *l, int fd, const struct addr *peer);

static void accepted_client(struct listener *l, int fd, const struct addr *peer)
{
	enter(l->owner, fd, peer);
}

static void accepted_proxy(struct listener *l, int fd, const struct addr *peer)
{
	struct service *s = l->owner;
	proxy_gate_accept(&s->gate, fd, peer);
}

static accepted_fn *accepted_by(const struct service *s)
{
	return s->config->proxy_protocol ? accepted_proxy : accepted_client;
}

/* It was given to another slot, and is this one's now. */
static void accepted_on_loan(struct listener *l, int fd, const struct addr *peer)
{
	const struct loan *loan = (const struct loan *)l;
	struct service *s = l->owner;

	if (s->seat)
		shortest_took(s->seat, &s->table->slots[loan->from]);
	accepted_by(s)(l, fd, peer);
}

static void serve_listener(struct service *s, struct listener *l, int fd)
{
	l->owner = s;
	l->counts = s->counts;
	if (!l->accepted)
		l->accepted = accepted_by(s);
	listener_start(l, s->hub->loop, fd);
}

int service_serve(struct service *s, const int *sockets)
{
	for (size_t i = 0; i < s->config->listen_count; i++) {
		if (s->listeners)
			serve_listener(s, &s->listeners[i], sockets[i]);
		else if (udp_start(&s->datagrams[i], s->hub, s->handlers, sockets[i]) < 0)
			return -1;
	}
	return 0;
}

/* ---- stopping ---- */

/* The listener, or if it is NULL the datagram socket. */
static void stop_one(struct listener *l, struct dgram_socket *d, enum service_end how)
{
	if (l) {
		if (how == SERVICE_EMPTY)
			listener_empty(l);
		listener_stop(l);
		return;
	}
	if (how == SERVICE_EMPTY)
		dgram_empty(d);
	dgram_stop(d);
}

static void stop_socket(struct service *s, size_t i, enum service_end how)
{
	if (s->listeners)
		stop_one(&s->listeners[i], NULL, how);
	else
		stop_one(NULL, &s->datagrams[i], how);
}

/* ---- for other slots ---- */

struct loan *service_borrow(struct service *s, unsigned from, int fd)
{
	struct loan *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->from = from;
	l->listener.accepted = accepted_on_loan;
	if (s->listeners) {
		serve_listener(s, &l->listener, fd);
	} else if (udp_start(&l->datagrams, s->hub, s->handlers, fd) < 0) {
		free(l);
		return NULL;
	}
	return l;
}

void service_give_back(struct service *s, struct loan *l)
{
	stop_one(s->listeners ? &l->listener : NULL, &l->datagrams, SERVICE_EMPTY);
	free(l);
}

void service_keep(struct service *s, size_t listen)
{
	s->kept[listen] = true;
}

void service_drop(struct service *s, size_t listen)
{
	s->kept[listen] = false;
	stop_socket(s, listen, SERVICE_EMPTY);
}

bool service_keeps_one(const struct service *s, size_t listen)
{
	return s->kept[listen];
}

bool service_keeps(const struct service *s)
{
	for (size_t i = 0; i < s->config->listen_count; i++)
		if (s->kept[i])
			return true;
	return false;
}

/* ---- idle connections that change their worker ---- */

const char *service_name(const struct service *s)
{
	return s->config->name;
}

struct gift {
	service_give_fn *give;
	void            *arg;
	bool             told;       /* by a PROXY header: nobody else can know the peer */
};

static int give(void *arg, int fd, const struct addr *peer)
{
	const struct gift *g = arg;

	return g->give(g->arg, fd, g->told ? peer : NULL);
}

/* Only HTTP knows what idle means: a TCP handler may have state for each. */
int service_hand_on(struct service *s, service_give_fn *give_to, void *arg)
{
	struct gift g = { .give = give_to, .arg = arg, .told = s->config->proxy_protocol };

	if (s->config->protocol != CONFIG_HTTP)
		return 0;
	return http_site_hand_on(&s->http, give, &g);
}

/* Before a reload the service may have had other rules: a connection that was made without TLS,
 * or without a PROXY header, is none of a service that has them. */
int service_adopt(struct service *s, int fd, const struct addr *client)
{
	struct addr peer;
	socklen_t len = sizeof(peer);

	if (s->config->protocol != CONFIG_HTTP || s->tls || (s->config->proxy_protocol && !client))
		return -1;
	if (getpeername(fd, &peer.sa, &len) < 0)
		return -1;
	s->counts->taken++;
	if (s->seat)
		atomic_fetch_add_explicit(&s->seat->given, 1, memory_order_relaxed);
	http_accept(&s->http, fd, client ? client : &peer);
	return 0;
}

/* ---- ending ---- */

void service_retire(struct service *s, enum service_end how, double idle)
{
	const struct config_service *c = s->config;

	if (s->retired)
		return;
	s->retired = true;
	/* First: what a handler still has for others may go out by these sockets. */
	for (size_t i = 0; i < c->handler_count; i++)
		handler_drain(&s->handlers[i]);
	for (size_t i = 0; i < c->listen_count; i++)
		if (!s->kept[i])
			stop_socket(s, i, how);
	if (c->protocol == CONFIG_HTTP)
		http_site_drain(&s->http, idle);
}

void service_abort(struct service *s)
{
	proxy_gate_abort(&s->gate);
	if (s->config->protocol == CONFIG_TCP)
		conn_site_abort(&s->tcp);
	if (s->config->protocol == CONFIG_HTTP)
		http_site_abort(&s->http);
}

static void fini_sites(struct service *s)
{
	proxy_gate_fini(&s->gate);
	if (s->config->protocol == CONFIG_TCP)
		conn_site_fini(&s->tcp);
	if (s->config->protocol == CONFIG_HTTP)
		http_site_fini(&s->http);
}

void service_destroy(struct service *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->config->handler_count; i++)
		handler_stop(&s->handlers[i]);
	fini_sites(s);
	arena_fini(&s->mem);
	free(s);
}
