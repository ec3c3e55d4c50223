/* SPDX-License-Identifier: MIT */
/*
 * estate.c - what the handlers of a worker know goes to the worker that comes after it.
 *
 * A handler is warm from its first client on or starts empty: nothing is imported once the
 * worker serves.  So clients wait in the sockets' queues meanwhile, and the wait is short.
 */
#include "worker/estate.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/units.h"
#include "sys/channel.h"
#include "worker/worker.h"

uint32_t estate_can(const struct config *c, struct service **services, size_t count)
{
	uint32_t can = 0;

	if (c->state_time <= 0.)
		return 0;
	for (size_t i = 0; i < count; i++) {
		can |= service_exports(services[i]) ? MESSAGE_EXPORTS : 0;
		can |= service_imports(services[i]) ? MESSAGE_IMPORTS : 0;
	}
	return can;
}

/* ---- taking ---- */

static void on_patience(struct ev_loop *loop, ev_timer *t, int events)
{
	struct estate *e = t->data;
	char why[96], seconds[UNITS_TEXT];

	(void)loop;
	(void)events;
	snprintf(why, sizeof(why), "nothing has come within state_time = %ss",
		units_exact(e->seconds, seconds));
	estate_settle(e, why);
}

void estate_init(struct estate *e, const struct worker_birth *birth, struct ev_loop *loop,
	struct service **services, size_t count, void (*settled)(void *arg), void *arg)
{
	*e = (struct estate){
		.birth = birth,
		.loop = loop,
		.services = services,
		.count = count,
		.settled = settled,
		.arg = arg,
	};
	ev_timer_init(&e->patience, on_patience, 0., 0.);
	e->patience.data = e;
}

void estate_fini(struct estate *e)
{
	ev_timer_stop(e->loop, &e->patience);
}

void estate_await(struct estate *e, double seconds)
{
	e->waits = true;
	e->seconds = seconds;
	ev_now_update(e->loop);          /* since the loop was idle it may be long */
	ev_timer_set(&e->patience, seconds, 0.);
	ev_timer_start(e->loop, &e->patience);
}

void estate_settle(struct estate *e, const char *why)
{
	if (!e->waits)
		return;
	e->waits = false;
	ev_timer_stop(e->loop, &e->patience);
	for (size_t i = 0; i < e->count; i++)
		service_says_empty(e->services[i], why);
	e->settled(e->arg);
}

static void give(struct estate *e, const char *label, int fd)
{
	for (size_t i = 0; i < e->count; i++)
		if (service_import(e->services[i], label, fd) == 0)
			return;
	log_info("there is no handler %s any more: what it knew is forgotten", label);
}

void estate_take(struct estate *e, const struct message *m, int fd)
{
	bool end = m->text[0] == '\0';

	if (end && e->waits)
		estate_settle(e, m->value ? "the worker before it died"
			: "the worker before it handed nothing on");
	else if (e->waits && fd >= 0)
		give(e, m->text, fd);
	else if (fd >= 0)
		log_warn("what handler %s knew comes too late: this worker serves already", m->text);
	if (fd >= 0)
		close(fd);
}

/* ---- giving ---- */

static void send_one(void *arg, const char *label, int fd)
{
	const struct estate *e = arg;
	struct message m = { .type = MESSAGE_EXPORTED };

	if (strlen(label) >= sizeof(m.text)) {
		log_warn("handler %s: its state is not handed on: its name is too long", label);
	} else {
		snprintf(m.text, sizeof(m.text), "%s", label);
		if (channel_send(e->birth->channel, &m, fd) < 0)
			log_warn("handler %s: its state is not handed on: %m", label);
	}
	close(fd);
}

void estate_leave(struct estate *e)
{
	const struct config *c = e->birth->config;
	const struct message end = { .type = MESSAGE_EXPORTED };
	double until = clock_seconds() + c->state_time;

	for (size_t i = 0; i < e->count; i++)
		service_export(e->services[i], c->state_max, until, send_one, e);
	(void)channel_send(e->birth->channel, &end, -1);
}
