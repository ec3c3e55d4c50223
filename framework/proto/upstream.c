/* SPDX-License-Identifier: MIT */
/*
 * upstream.c - where a handler connects to: portico_upstream().
 */
#include "proto/outgoing.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/tls_client.h"
#include "proto/handler.h"

#define CONNECT_TIMEOUT 10.
#define POOL_TIMEOUT    60.

/* ---- the target ---- */

/* An older plugin's is shorter; what a newer one says that we do not know must be zero. */
static int read_target(struct portico_target *out, const struct portico_target *from, size_t size)
{
	const char *rest = (const char *)from + sizeof(*out);

	memset(out, 0, sizeof(*out));
	for (size_t i = sizeof(*out); i < size; i++)
		if (*rest++ != 0)
			return -1;
	memcpy(out, from, size < sizeof(*out) ? size : sizeof(*out));
	return 0;
}

static bool is_time(double t)
{
	return isfinite(t) && t >= 0.;
}

static bool is_sound(const struct portico_target *t)
{
	return t->address && t->opened && t->closed && is_time(t->connect_timeout)
		&& is_time(t->idle_timeout) && is_time(t->pool_timeout);
}

/* Whom the certificate has to be of. */
static const char *name_of(const struct portico_upstream *up, const struct portico_target *t,
	char room[ADDR_TEXT])
{
	const struct name *n = &up->to.name;

	if (t->tls_name)
		return t->tls_name;
	if (up->to.path.sun_family == AF_UNIX || n->count == 0)
		return n->host;
	addr_format(n->addrs, room);
	*strrchr(room, ':') = '\0';
	if (*room != '[')
		return room;
	room[strlen(room) - 1] = '\0';
	return room + 1;
}

static int secure(struct portico_upstream *up, const struct portico_target *t)
{
	char room[ADDR_TEXT];

	if (!t->tls)
		return 0;
	const char *name = name_of(up, t, room);
	if (!*name && !t->tls_unverified) {
		handler_says(up->handler, LOG_ERROR, "portico_upstream(): TLS over a unix socket "
			"needs tls_name");
		errno = EINVAL;
		return -1;
	}
	up->to.tls = tls_client_create(t->tls_ca, name, t->tls_unverified);
	return up->to.tls ? 0 : -1;
}

/* ---- numbers: of the handler, over all its upstreams; those of failures begin with the first ---- */

void outgoing_count_failure(struct portico_upstream *up, enum outgoing_failure why)
{
	static const char *const names[][2] = {
		[OUTGOING_NAME] = { "portico_upstream_failed_name", "names that did not resolve" },
		[OUTGOING_REFUSED] = { "portico_upstream_failed_refused", "connects that were refused" },
		[OUTGOING_TIMEOUT] = { "portico_upstream_failed_timeout", "connects that took too long" },
		[OUTGOING_TLS] = { "portico_upstream_failed_tls", "TLS handshakes that failed" },
		[OUTGOING_OTHER] = { "portico_upstream_failed_other", "connects that failed otherwise" },
	};

	portico_counter_add(portico_counter(up->handler, names[why][0], names[why][1]), 1);
}

static void count(struct portico_upstream *up)
{
	struct portico_service *h = up->handler;

	up->connects = portico_counter(h, "portico_upstream_connects", "connections made to other servers");
	up->reused = portico_counter(h, "portico_upstream_reused", "connections taken from the pool");
	up->in_use = portico_gauge(h, "portico_upstream_in_use", "connections to other servers, in use");
	up->in_pool = portico_gauge(h, "portico_upstream_pooled", "connections to other servers, unused");
}

/* ---- making ---- */

static void init_kind(struct portico_upstream *up, struct outgoing *all, double idle)
{
	const struct outgoing_bounds *b = &up->handler->bounds;

	stream_kind_init(&up->kind, all->hub, &outgoing_ops, idle, b->linger);
	stream_kind_pace(&up->kind, b->send_rate, b->rate_grace);
	up->kind.patient = true;         /* as long as it is used its handler says how long it may take */
	up->kind.max_input = b->max_input;
	up->kind.high_water = b->high_water;
	up->kind.max_queue = b->max_queue;
}

static void enlist(struct portico_upstream *up, struct outgoing *all)
{
	up->next = up->handler->upstreams;
	up->handler->upstreams = up;
	up->back = &all->upstreams;
	up->next_of_all = all->upstreams;
	if (up->next_of_all)
		up->next_of_all->back = &up->next_of_all;
	all->upstreams = up;
}

static struct portico_upstream *make(struct portico_service *h, const struct portico_target *t)
{
	struct portico_upstream *up = calloc(1, sizeof(*up));
	const char *why;
	char sentence[256];

	if (!up)
		return NULL;
	up->handler = h;
	up->calls = *t;
	up->to.loop = h->loop;
	up->to.timeout = t->connect_timeout > 0. ? t->connect_timeout : CONNECT_TIMEOUT;
	up->pool_max = t->pool_max;
	if (dial_parse(&up->to, &h->outgoing->names, t->address, &why) < 0) {
		snprintf(sentence, sizeof(sentence), "portico_upstream(): \"%.80s\": %s", t->address, why);
		handler_says(h, LOG_ERROR, sentence);
		errno = EINVAL;
	} else if (secure(up, t) == 0) {
		return up;
	}
	int error = errno;
	free(up);
	errno = error;
	return NULL;
}

struct portico_upstream *portico_upstream(struct portico_service *h,
	const struct portico_target *target, size_t size)
{
	struct outgoing *all = h->outgoing;
	struct portico_target t;

	if (!all || !all->hub || !target || read_target(&t, target, size) < 0 || !is_sound(&t)) {
		errno = EINVAL;
		return NULL;
	}
	struct portico_upstream *up = make(h, &t);
	if (!up)
		return NULL;
	init_kind(up, all, t.idle_timeout);
	outgoing_pool_init(up, t.pool_timeout > 0. ? t.pool_timeout : POOL_TIMEOUT);
	count(up);
	enlist(up, all);
	return up;
}

/* ---- the end ---- */

static void destroy(struct portico_upstream *up)
{
	outgoing_pool_empty(up);
	deadline_queue_fini(&up->pool);
	stream_kind_fini(&up->kind);
	tls_client_destroy(up->to.tls);
	*up->back = up->next_of_all;
	if (up->next_of_all)
		up->next_of_all->back = up->back;
	free(up);
}

void outgoing_forget(struct portico_service *h)
{
	while (h->upstreams) {
		struct portico_upstream *up = h->upstreams;
		h->upstreams = up->next;
		destroy(up);
	}
}
