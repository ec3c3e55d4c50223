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
#include "worker/worker.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "admin/admin.h"
#include "base/log.h"
#include "net/beat.h"
#include "net/hub.h"
#include "proto/offload.h"
#include "service/service.h"
#include "sys/channel.h"
#include "sys/proc.h"
#include "sys/shortest.h"
#include "worker/bind.h"
#include "worker/birth.h"
#include "worker/confine.h"
#include "worker/estate.h"
#include "worker/legacy.h"
#include "worker/report.h"
#include "worker/scribes.h"
#include "worker/secure.h"
#include "worker/sockets.h"

/* How long an idle keep-alive connection is kept after its worker retired,
 * so that a request that is on its way still gets its answer. */
#define LAST_REQUEST_TIME 5.0

struct worker {
	const struct worker_birth *birth;
	struct ev_loop            *loop;
	struct hub                 hub;
	struct beat                beat;
	struct service_home        home;
	struct secure              secure;
	struct scribes             scribes;
	struct admin               admin;
	struct offload             offload;
	struct service           **services;
	size_t                     service_count;
	ev_io                      channel;
	ev_timer                   deadline;
	struct sockets             sockets;
	struct testament           testament;
	struct heir                heir;
	struct estate              estate;
	ev_prepare                 watch_end;  /* runs while draining */
	bool                       serving;
	bool                       draining;
};

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
			.shared = w->birth->shared,
			.buses = w->birth->buses,
			.linked = { CONFIG_ADMIN, &admin_plugin, &w->admin },
		};
		admin_init(&w->admin, w->birth->config, w->loop, w->birth->channel);
		return EX_OK;
	}
	report(w->birth->channel, EX_OSERR, "cannot make an event loop: %s", strerror(errno));
	return EX_OSERR;
}

void worker_change_log(const struct worker_birth *b, uint32_t style, int fd)
{
	const struct log_style as = log_style_of(style);

	if (fd < 0)
		return;
	log_in_style(&as);
	if (b->log >= 0) {
		(void)dup3(fd, b->log, O_CLOEXEC);
		log_to(b->log);
	}
	close(fd);
}

/* ---- services ---- */

/* A key may be root's alone to read, and is read while we may. */
static int load_keys(struct worker *w, bool warn)
{
	const struct worker_birth *b = w->birth;
	struct problems problems = report_problems(&b->channel);

	int result = secure_load(&w->secure, b->config, b->tickets, warn, &problems);
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
	for (size_t i = 0; i < w->service_count; i++) {
		if (service_start(w->services[i], &failed) == 0)
			continue;
		report(w->birth->channel, EX_CONFIG,
			"handler %s: its start() failed; the log line before this may say why", failed);
		return EX_CONFIG;
	}
	return EX_OK;
}

static void serve(struct worker *w)
{
	if (w->serving || w->draining)
		return;
	w->serving = true;
	sockets_serve(&w->sockets);
	w->admin.unserved = w->sockets.unserved;
	pulse_phase(w->birth->page, PULSE_SERVING);
}

/* Of the worker before this one nothing more comes: what it handed on is here. */
static void on_settled(void *arg)
{
	struct worker *w = arg;

	serve(w);
	heir_go_on(&w->heir);
}

/* Clients, also those that the worker before us hands on, wait until we know what it knew. */
static void serve_knowing(struct worker *w, double seconds)
{
	if (seconds <= 0. || w->serving || w->draining) {
		serve(w);
		return;
	}
	heir_hold(&w->heir);
	estate_await(&w->estate, seconds);
}

/* ---- the end ---- */

static void abort_all(struct worker *w)
{
	for (size_t i = 0; i < w->service_count; i++)
		service_abort(w->services[i]);
	offload_give_up(&w->offload);
}

static void on_deadline(struct ev_loop *loop, ev_timer *t, int events)
{
	struct worker *w = t->data;

	(void)loop;
	(void)events;
	if (w->hub.streams > 0)
		log_warn("drain: time is up, %zu connections are cut", w->hub.streams);
	abort_all(w);
}

static void on_turn(struct ev_loop *loop, ev_prepare *p, int events)
{
	struct worker *w = p->data;

	(void)events;
	if (w->hub.streams == 0 && !w->heir.from && !sockets_keep_any(&w->sockets)
		&& offload_is_done(&w->offload))
		ev_break(loop, EVBREAK_ALL);
}

static void set_deadline(struct worker *w, double seconds)
{
	ev_timer_stop(w->loop, &w->deadline);
	if (seconds <= 0.)
		return;
	ev_timer_set(&w->deadline, seconds, 0.);
	ev_timer_start(w->loop, &w->deadline);
}

/* seconds: until connections are cut; 0: they have all the time they want. */
static void drain(struct worker *w, enum service_end how, double seconds)
{
	double idle = LAST_REQUEST_TIME;

	estate_settle(&w->estate, "the worker has to end before anything came");
	set_deadline(w, seconds);
	if (how == SERVICE_EMPTY)
		sockets_let_go(&w->sockets);     /* nobody will ask for it back */
	if (w->draining)
		return;
	w->draining = true;
	beat_leave_mirrors(&w->beat);    /* the slot's load is its successor's */
	pulse_phase(w->birth->page, PULSE_DRAINING);
	if (seconds > 0. && idle > seconds / 2.)
		idle = seconds / 2.;
	if (w->serving)
		sockets_retire(&w->sockets, how, idle);
	testament_open(&w->testament);
	ev_prepare_start(w->loop, &w->watch_end);
}

static void retire(struct worker *w, const struct message *m)
{
	bool first = !w->draining;

	drain(w, SERVICE_HAND_ON, m->seconds);
	if (first && m->value)
		estate_leave(&w->estate);
}

static void end_now(struct worker *w)
{
	drain(w, SERVICE_HAND_ON, 0.);
	sockets_let_go(&w->sockets);
	abort_all(w);
}

/* ---- the channel ---- */

static void obey(struct worker *w, const struct message *m, int fd)
{
	switch (m->type) {
	case MESSAGE_SERVE:
		serve_knowing(w, m->seconds);
		break;
	case MESSAGE_RETIRE:
		retire(w, m);
		break;
	case MESSAGE_FINISH:
		admin_not_ready(&w->admin, "portico is stopping");
		drain(w, SERVICE_EMPTY, m->seconds);
		break;
	case MESSAGE_NOW:
		end_now(w);
		break;
	case MESSAGE_LOG:
		worker_change_log(w->birth, m->value, fd);
		return;
	case MESSAGE_ACCESS:
		scribes_turn(&w->scribes, m, fd);
		return;
	case MESSAGE_LEND:
		if (w->draining)
			break;
		sockets_lend(&w->sockets, m, fd);
		return;
	case MESSAGE_HEIR:
		testament_name(&w->testament, fd, m->text);
		return;
	case MESSAGE_LEGACY:
		heir_take(&w->heir, fd);
		return;
	case MESSAGE_STATUS:
		admin_answered(&w->admin, fd);
		return;
	case MESSAGE_EXPORTED:
		estate_take(&w->estate, m, fd);
		return;
	case MESSAGE_UNREADY:
		admin_not_ready(&w->admin, m->text);
		break;
	case MESSAGE_KEEP:
		sockets_keep(&w->sockets, m);
		break;
	case MESSAGE_RETURN:
		estate_settle(&w->estate, "another slot ends, and its clients cannot wait");
		sockets_return(&w->sockets, m);
		break;
	default:
		break;
	}
	if (fd >= 0)
		close(fd);
}

static void master_is_gone(struct worker *w)
{
	ev_io_stop(w->loop, &w->channel);
	if (!w->draining)
		log_warn("the master is gone; finishing what is here");
	admin_not_ready(&w->admin, "the master is gone: this worker finishes what it has");
	drain(w, SERVICE_EMPTY, w->birth->config->drain);
}

static void on_channel(struct ev_loop *loop, ev_io *io, int events)
{
	struct worker *w = io->data;
	struct message m;
	int fd, got;

	(void)loop;
	(void)events;
	while ((got = channel_receive(w->birth->channel, &m, &fd)) > 0)
		obey(w, &m, fd);
	if (got == 0 || errno != EAGAIN)
		master_is_gone(w);
}

static void init_timers(struct worker *w)
{
	ev_timer_init(&w->deadline, on_deadline, 0., 0.);
	w->deadline.data = w;
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
	ev_io_init(&w->channel, on_channel, w->birth->channel, EV_READ);
	ev_prepare_init(&w->watch_end, on_turn);
	ev_set_priority(&w->watch_end, EV_MINPRI);   /* after the hub has settled */
	init_timers(w);
	sockets_init(&w->sockets, w->birth, w->services);
	testament_init(&w->testament, w->loop, w->services, w->service_count,
		&w->heir);
	heir_init(&w->heir, w->loop, w->services, w->service_count, &w->testament);
	estate_init(&w->estate, w->birth, w->loop, w->services, w->service_count, on_settled, w);
	w->channel.data = w->watch_end.data = w;
	ev_io_start(w->loop, &w->channel);
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
	if (!offload_fini(&w->offload))
		leave(w, code);
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
