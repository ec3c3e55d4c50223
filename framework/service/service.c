/* SPDX-License-Identifier: MIT */
/*
 * service.c - one [service] in this worker: how it is made and how it ends.
 */
#include "service/service_parts.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/plugin.h"

/* ---- making ---- */

static bool is_linked(const struct service *s, const struct service_home *home)
{
	return home->linked.plugin && strcmp(s->config->name, home->linked.service) == 0;
}

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
		.table = s->shared,
		.channels = &s->channels,
		.asks = home->asks,
		.counts = s->counts,
		.rate = service_rate(s),
		.offload = home->offload,
		.outgoing = home->outgoing,
		.bounds = {
			.max_input = s->config->max_input,
			.high_water = s->config->high_water,
			.max_queue = s->config->max_queue,
			.linger = s->config->linger,
			.send_rate = (double)s->config->send_rate,
			.rate_grace = s->config->rate_grace,
		},
		.sockets = s->datagrams,
		.socket_addrs = s->config->listens,
		.socket_count = s->datagrams ? (unsigned)s->config->listen_count : 0,
	};
	add_routes(s, c, &s->handlers[i]);
}

static int load_one(struct service *s, size_t i, struct service_home *home,
	struct problems *problems)
{
	struct portico_service *h = &s->handlers[i];
	const struct config_handler *c = &s->config->handlers[i];

	if (!is_linked(s, home))
		return plugin_load(h, c, s->config, &s->mem, problems);
	if (plugin_link(h, home->linked.plugin, c, s->config, &s->mem, problems) < 0)
		return -1;
	memcpy(h->state, &home->linked.arg, sizeof(home->linked.arg));
	return 0;
}

static int load_handlers(struct service *s, struct service_home *home, struct problems *problems)
{
	const struct config_service *c = s->config;
	int result = 0;

	for (size_t i = 0; i < c->handler_count; i++) {
		fill_handler(s, i, home);
		if (load_one(s, i, home, problems) < 0)
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
	s->kept = arena_zalloc(&s->mem, (c->listen_count + 1) * sizeof(*s->kept));
	if (c->protocol == CONFIG_UDP)
		s->datagrams = arena_zalloc(&s->mem, c->listen_count * sizeof(*s->datagrams));
	else                     /* the admin service may listen on its unix socket alone */
		s->listeners = arena_zalloc(&s->mem, (c->listen_count + 1) * sizeof(*s->listeners));
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
	s->tcp.rate = service_rate(s);
	s->tcp.kind.counts = s->counts;
	s->tcp.kind.seat = s->seat;
	s->tcp.kind.prompt = config_defers(c);
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
	s->http.rate = service_rate(s);
	http_site_count(&s->http, s->counts, s->seat);
	s->http.kind.prompt = config_defers(c);
	stream_kind_secure(&s->http.kind, s->tls, c->tls_handshake);
	stream_kind_secure(&s->http.sockets.kind, s->tls, c->tls_handshake);
	s->http.access = (struct http_access){
		.scribe = s->scribe,
		.json = c->access_log_format == CONFIG_ACCESS_JSON,
		.service = c->name,
		.worker = worker,
	};
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
		.passed = service_enter,
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

	/* Without a name nobody adds up what the admin service has done. */
	if (!is_linked(s, home))
		snprintf(p->name, sizeof(p->name), "%s", s->config->name);
	s->counts = &p->counts;
	s->table = home->tables ? home->tables[home->services] : NULL;
	s->seat = s->table ? &s->table->slots[home->worker] : NULL;
	s->tls = home->tls ? home->tls[home->services] : NULL;
	s->shared = home->shared ? home->shared[home->services] : NULL;
	service_rate_init(s, home->rates ? home->rates[home->services] : NULL);
	channels_init(&s->channels, home->buses ? home->buses[home->services] : NULL, home->hub->loop);
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
	s->home = home;
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

/* ---- starting ---- */

static void on_redis(struct redis_watch *w, bool up)
{
	const struct service *s = (const struct service *)((char *)w - offsetof(struct service, redis_watch));

	for (size_t i = 0; i < s->config->handler_count; i++)
		portico_gauge_set(s->handlers[i].redis_up, up);
}

static void count_redis(struct portico_service *h)
{
	h->redis_up = portico_gauge(h, "portico_redis_up", "whether Redis is there");
	h->redis_errors = portico_counter(h, "portico_redis_errors", "calls that came to nothing");
}

static int use_redis(struct service *s, struct redis *redis)
{
	const struct config_service *c = s->config;

	if (!redis || !config_is_over_redis(c))
		return 0;
	s->redis_table = (struct redis_table){ redis, c->redis_prefix };
	for (size_t i = 0; i < c->handler_count; i++) {
		count_redis(&s->handlers[i]);
		s->handlers[i].redis_table = c->table_redis ? &s->redis_table : NULL;
	}
	if (c->publish_redis)
		channels_over_redis(&s->channels, redis, c->redis_prefix);
	s->redis_watch.changed = on_redis;
	redis_watch(redis, &s->redis_watch);
	return service_rate_join(s, redis);
}

int service_start(struct service *s, const char **failed)
{
	if (use_redis(s, s->home->redis) < 0) {
		*failed = s->config->name;
		return -1;
	}
	for (size_t i = 0; i < s->config->handler_count; i++) {
		if (handler_start(&s->handlers[i]) == 0)
			continue;
		*failed = s->handlers[i].label;
		return -1;
	}
	return 0;
}

/* ---- ending ---- */

static void stop_all(struct service *s, enum service_end how)
{
	for (size_t i = 0; i < s->config->listen_count; i++)
		if (!s->kept[i])
			service_stop(s, i, how);
}

/* No client comes after drain(); but what a handler still has for others goes out by sockets of UDP. */
void service_retire(struct service *s, enum service_end how, double idle)
{
	const struct config_service *c = s->config;

	if (s->retired)
		return;
	s->retired = true;
	if (s->listeners)
		stop_all(s, how);
	for (size_t i = 0; i < c->handler_count; i++)
		handler_drain(&s->handlers[i]);
	if (s->datagrams)
		stop_all(s, how);
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

void service_leave(struct service *s)
{
	for (size_t i = 0; i < s->config->handler_count; i++)
		handler_stop(&s->handlers[i]);
	if (s->rate.join)
		rate_join_leave(s->rate.join);
}

void service_destroy(struct service *s)
{
	if (!s)
		return;
	service_leave(s);
	channels_fini(&s->channels);
	fini_sites(s);
	rate_join_destroy(s->rate.join);
	arena_fini(&s->mem);
	free(s);
}
