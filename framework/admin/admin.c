/* SPDX-License-Identifier: MIT */
/*
 * admin.c - the admin service of a worker: who may ask, what there is, who waits.
 */
#include "admin/admin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "admin/health.h"
#include "admin/host.h"
#include "admin/metrics.h"
#include "admin/page.h"

/* ---- the handler's state ---- */

struct admin_state {
	struct admin *admin;     /* the worker puts it there */
};

struct admin_waiting {           /* a request's */
	struct status_wish      wish;
	struct portico_request *request;
	admin_answer_fn        *answer;
	struct listener         listener;
};

static struct admin *admin_of(struct portico_service *s)
{
	const struct admin_state *state = portico_service_state(s);
	return state->admin;
}

static struct admin *asked(struct portico_request *r)
{
	return admin_of(portico_request_service(r));
}

/* ---- the pages ---- */

static int tell_status(struct admin *a, struct portico_request *r, const struct status_told *text)
{
	(void)a;
	return admin_reply(r, 200, "application/json", text->status, text->status_len);
}

static int status_page(struct admin *a, struct portico_request *r)
{
	return admin_ask(a, r, tell_status);
}

static int listen_to_events(struct admin *a, struct portico_request *r)
{
	struct admin_waiting *waiting = portico_request_state(r);
	return events_page(&a->events, r, &waiting->listener);
}

const struct admin_route admin_routes[] = {
	{ "/", page_html },
	{ "/page.css", page_css },
	{ "/page.js", page_js },
	{ "/page.svg", page_svg },
	{ "/events", listen_to_events },
	{ "/livez", health_live },
	{ "/readyz", health_ready },
	{ "/startupz", health_started },
	{ "/status.json", status_page },
	{ "/metrics", metrics_page },
	{ NULL, NULL },
};

static const struct admin_route *find_route(const char *path)
{
	const struct admin_route *route = admin_routes;

	while (route->path && strcmp(route->path, path) != 0)
		route++;
	return route->path ? route : NULL;
}

/* ---- replies ---- */

int admin_headers(struct portico_request *r)
{
	if (portico_reply_header(r, "Cache-Control", "no-store") < 0)
		return -1;
	return portico_reply_header(r, "X-Content-Type-Options", "nosniff");
}

int admin_reply(struct portico_request *r, int status, const char *type, const void *body,
	size_t len)
{
	return admin_headers(r) < 0 ? -1 : portico_reply(r, status, type, body, len);
}

int admin_reply_text(struct portico_request *r, int status, const char *text)
{
	return admin_reply(r, status, "text/plain; charset=utf-8", text, strlen(text));
}

bool admin_asked_for(const struct portico_request *r, const char *name)
{
	const char *at = portico_request_query(r);
	size_t len = strlen(name);

	while (at && *at) {
		size_t part = strcspn(at, "&");
		if (part >= len && strncmp(at, name, len) == 0 && (part == len || at[len] == '='))
			return true;
		at += part + (at[part] == '&');
	}
	return false;
}

/* ---- the handler ---- */

/* A reply of which nothing has been sent is still possible. */
static void give_up(struct portico_request *r)
{
	if (admin_reply_text(r, 500, "no memory for the answer\n") < 0)
		portico_conn_abort(portico_request_conn(r));
}

static void on_told(struct status_wish *w, const struct status_told *text)
{
	struct admin_waiting *waiting = (struct admin_waiting *)w;
	struct portico_request *r = waiting->request;
	int result = text ? waiting->answer(asked(r), r, text)
		: admin_reply_text(r, 503, "the master has not answered within 2 s: it hangs or is stopped; "
			"/livez and /readyz do not need it\n");

	if (result < 0)
		give_up(r);
}

int admin_ask(struct admin *a, struct portico_request *r, admin_answer_fn *answer)
{
	struct admin_waiting *waiting = portico_request_state(r);

	waiting->request = r;
	waiting->answer = answer;
	waiting->wish.told = on_told;
	status_want(&a->asker, &waiting->wish);
	return PORTICO_LATER;
}

static int refuse_host(struct portico_request *r)
{
	return admin_reply_text(r, 421, "this host name is not the admin service's: ask for it by its "
		"address or as localhost, or name it in admin_host\n");
}

static int on_request(struct portico_request *r)
{
	struct admin *a = asked(r);
	const struct admin_route *route = find_route(portico_request_path(r));

	if (!host_is_ours(portico_request_header(r, "Host"), a->config))
		return refuse_host(r);
	if (!route)
		return admin_reply_text(r, 404, "there is no such page\n");
	return route->answer(a, r);
}

static void on_done(struct portico_request *r)
{
	struct admin_waiting *waiting = portico_request_state(r);

	status_drop(&asked(r)->asker, &waiting->wish);
	events_forget(&asked(r)->events, &waiting->listener);
}

/* They would keep this worker from its end for ever. */
static void on_drain(struct portico_service *s)
{
	events_end(&admin_of(s)->events);
}

const struct portico_plugin admin_plugin = {
	.abi = PORTICO_ABI,
	.struct_size = sizeof(struct portico_plugin),
	.option_size = sizeof(struct portico_option),
	.name = "admin",
	.version = PORTICO_VERSION,
	.service_size = sizeof(struct admin_state),
	.drain = on_drain,
	.request_size = sizeof(struct admin_waiting),
	.http_request = on_request,
	.http_done = on_done,
	.methods = "GET",
};

/* ---- the worker's side ---- */

void admin_init(struct admin *a, const struct config *config, struct ev_loop *loop, int channel)
{
	*a = (struct admin){ .config = config };
	status_asker_init(&a->asker, loop, channel);
	events_init(&a->events, loop, &a->asker);
}

void admin_fini(struct admin *a)
{
	events_fini(&a->events);
	status_asker_fini(&a->asker);
}

void admin_answered(struct admin *a, int fd)
{
	status_answered(&a->asker, fd);
	metrics_forget(a);
}

void admin_not_ready(struct admin *a, const char *why)
{
	if (!a->unready[0])
		snprintf(a->unready, sizeof(a->unready), "%s", why);
}
