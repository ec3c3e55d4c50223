/* SPDX-License-Identifier: MIT */
/*
 * worker.c - the life of a worker process.
 *
 * A worker obeys its channel and nothing else.  Signals are the master's
 * business: a terminal sends INT to all of us, systemd TERM to the whole
 * cgroup, and a worker that left by itself would leave its queue alone.  End of
 * file on the channel means that the master died; then the worker finishes
 * what it has and goes.  Before it is ready it dies with its master.
 */
#include "worker/worker_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "sys/channel.h"
#include "sys/proc.h"
#include "sys/shortest.h"
#include "worker/backing.h"
#include "worker/bind.h"
#include "worker/birth.h"
#include "worker/confine.h"
#include "worker/report.h"

/* ---- birth ---- */

static int open_loop(struct worker *w)
{
	/* NOENV: LIBEV_FLAGS could choose a back end that was never tested. */
	w->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	if (w->loop && hub_init(&w->hub, w->loop) == 0) {
		w->home = (struct service_home){
			.hub = &w->hub,
			.page = w->birth->page,
			.worker = w->birth->slot,
			.tables = w->birth->tables,
			.offload = &w->offload,
			.outgoing = &w->outgoing,
			.shared = w->birth->shared,
			.buses = w->birth->buses,
			.rates = w->birth->rates,
			.asks = &w->asks,
			.linked = { CONFIG_ADMIN, &admin_plugin, &w->admin },
		};
		admin_init(&w->admin, w->birth->config, w->loop, w->birth->channel);
		return EX_OK;
	}
	report(w->birth->channel, EX_OSERR, "cannot make an event loop: %s", strerror(errno));
	return EX_OSERR;
}

/* ---- services ---- */

/* A key or a password may be root's alone to read, and is read while we may. */
static int load_keys(struct worker *w, bool warn)
{
	const struct worker_birth *b = w->birth;
	struct problems problems = report_problems(&b->channel);

	int result = secure_load(&w->secure, b->config, b->tickets, warn, &problems);
	if (backing_load(&w->backing, b->config, &problems) < 0)
		result = -1;
	problems_end(&problems);
	w->home.tls = w->admin.tls = w->secure.contexts;
	return result == 0 ? EX_OK : EX_CONFIG;
}

/* A thread stays who it was when it began, so it begins when we are who we will be, and may do no
 * more than that. */
static int begin_access_logs(struct worker *w)
{
	const struct worker_birth *b = w->birth;

	if (scribes_begin(&w->scribes, b) == 0) {
		w->home.scribes = w->scribes.of;
		return EX_OK;
	}
	report(b->channel, EX_OSERR, "cannot start a thread for an access log: %s", strerror(errno));
	return EX_OSERR;
}

static int load_services(struct worker *w)
{
	const struct worker_birth *b = w->birth;
	struct problems problems = report_problems(&b->channel);

	pulse_phase(b->page, PULSE_LOADING);
	w->services = calloc(b->config->service_count, sizeof(*w->services));
	if (!w->services) {
		report(b->channel, EX_OSERR, "no memory for services");
		return EX_OSERR;
	}
	for (size_t i = 0; i < b->config->service_count; i++) {
		struct service *s = service_create(&b->config->services[i], &w->home, &problems);
		if (s)
			w->services[w->service_count++] = s;
	}
	problems_end(&problems);
	return problems.count > 0 ? EX_CONFIG : EX_OK;
}

static int start_services(struct worker *w)
{
	const struct config *c = w->birth->config;
	const char *failed;

	pulse_phase(w->birth->page, PULSE_STARTING);
	offload_init(&w->offload, w->loop, w->birth->page, (unsigned)c->offload_threads,
		(unsigned)c->offload_queue);
	asks_init(&w->asks, w->loop, c->redis.queue);
	if (backing_open(&w->backing, c, w->loop) < 0) {
		report(w->birth->channel, EX_OSERR, "no memory for Redis");
		return EX_OSERR;
	}
	w->home.redis = w->backing.redis;
	outgoing_init(&w->outgoing, &w->hub);
	for (size_t i = 0; i < w->service_count; i++) {
		if (service_start(w->services[i], &failed) == 0)
			continue;
		report(w->birth->channel, EX_CONFIG,
			"handler %s: its start() failed; the log line before this may say why", failed);
		return EX_CONFIG;
	}
	return EX_OK;
}

static void start_beat(struct worker *w)
{
	const struct worker_birth *b = w->birth;

	beat_start(&w->beat, &w->hub, b->page);
	for (size_t i = 0; i < b->config->service_count; i++)
		if (b->tables[i])
			beat_mirror(&w->beat, &b->tables[i]->slots[b->slot].turn);
}

static void run_loop(struct worker *w)
{
	sockets_init(&w->sockets, w->birth, w->services);
	testament_init(&w->testament, w->loop, w->services, w->service_count,
		&w->heir);
	heir_init(&w->heir, w->loop, w->services, w->service_count, &w->testament);
	estate_init(&w->estate, w->birth, w->loop, w->services, w->service_count, worker_settled, w);
	worker_obey(w);
	start_beat(w);
	ev_run(w->loop, 0);
	beat_stop(&w->beat);
	estate_fini(&w->estate);
	testament_fini(&w->testament);
	heir_fini(&w->heir);
}

/* ---- the whole ---- */

static int prepare(struct worker *w)
{
	int code = open_loop(w);

	if (code == EX_OK)
		code = bind_sockets(w->birth);
	if (code == EX_OK)
		code = load_keys(w, w->birth->slot == 0);
	if (code == EX_OK)
		code = confine(w->birth, w->birth->slot == 0);
	if (code == EX_OK)
		code = begin_access_logs(w);
	if (code == EX_OK)
		code = load_services(w);
	if (code == EX_OK)
		code = start_services(w);
	return code;
}

static int say_ready(struct worker *w)
{
	struct message ready = {
		.type = MESSAGE_READY,
		.value = estate_can(w->birth->config, w->services, w->service_count),
	};

	pulse_phase(w->birth->page, PULSE_READY);
	proc_die_with_parent(false);
	return channel_send(w->birth->channel, &ready, -1) < 0 ? EX_OSERR : EX_OK;
}

/* Work that never returned may still use all that there is, and destructors would take it
 * away: so nothing is freed, and the process ends as it stands. */
static void leave(struct worker *w, int code)
{
	log_warn("offloaded work that has not returned is left behind");
	for (size_t i = 0; i < w->service_count; i++)
		service_leave(w->services[i]);
	scribes_end(&w->scribes);
	_exit(code);
}

static void clean_up(struct worker *w, int code)
{
	pulse_phase(w->birth->page, PULSE_STOPPING);
	sockets_fini(&w->sockets);
	outgoing_fini(&w->outgoing);
	if (!offload_fini(&w->offload))
		leave(w, code);
	asks_fini(&w->asks);
	for (size_t i = 0; i < w->service_count; i++)
		service_leave(w->services[i]);
	backing_close(&w->backing);      /* after the last stop(), which may publish */
	for (size_t i = 0; i < w->service_count; i++)
		service_destroy(w->services[i]);
	free(w->services);
	scribes_end(&w->scribes);
	secure_fini(&w->secure);
	if (!w->loop)
		return;
	admin_fini(&w->admin);
	hub_fini(&w->hub);
	ev_loop_destroy(w->loop);
}

int worker_run(const struct worker_birth *birth)
{
	struct worker w = { .birth = birth };

	birth_settle(birth, NULL);
	int code = prepare(&w);
	if (code == EX_OK)
		code = say_ready(&w);
	if (code == EX_OK)
		run_loop(&w);
	clean_up(&w, code);
	return code;
}

int worker_check(const struct config *config, int channel, int log, struct page *page)
{
	struct worker_birth birth = {
		.config = config,
		.channel = channel,
		.admin = -1,
		.log = log,
		.page = page,
	};
	struct worker w = { .birth = &birth };

	birth_settle(&birth, "check");
	int code = open_loop(&w);
	if (code == EX_OK)
		code = load_keys(&w, log < 0);   /* with a log it is a reload: a worker will say it */
	if (code == EX_OK)
		code = confine(&birth, log < 0);
	if (code == EX_OK)
		code = load_services(&w);
	if (code == EX_OK)
		code = say_ready(&w);    /* so that a plugin that exits does not pass */
	clean_up(&w, code);
	return code;
}
