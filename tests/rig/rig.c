/* SPDX-License-Identifier: MIT */
/*
 * rig.c - the loss rig: a server, a long wire, a steady load, and events.
 *
 *	make the network → start the relay and the server → await that it is
 *	ready → load → events → a while more → stop the load, let what is under
 *	way end → stop the server → say what was lost
 *
 * One process with one loop is the client and the conductor; the relay and the
 * server are children and end with it.  On loopback a broken reload looks
 * perfect: that is why the wire is long.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "rig/events.h"
#include "rig/options.h"
#include "rig/relay.h"
#include "rig/server.h"
#include "rig/space.h"
#include "rig/verdict.h"
#include "soak/soak.h"
#include "sys/proc.h"

#define READY_TIME 20.0          /* seconds */
#define PROBE 0.02               /* between two tries of a port */
#define FIRST_EVENT 0.5          /* after the load began */

struct rig {
	struct options o;
	struct ev_loop *loop;
	struct space   space;
	struct relay   relay;
	struct server  server;
	struct soak   *soak;
	struct events  events;
	ev_timer       timer;    /* of the stage: not ready in time; the last load is over */
	ev_timer       probe;
	ev_signal      interrupts[2];
	bool           ready;
	bool           loading;
	const char    *failure;
};

static void fail(struct rig *r, const char *why)
{
	if (!r->failure)
		r->failure = why;
	ev_break(r->loop, EVBREAK_ALL);
}

/* So that the server and what it started do not outlive us. */
static void on_interrupt(struct ev_loop *loop, ev_signal *w, int events)
{
	(void)loop;
	(void)events;
	fail(w->data, "interrupted");
}

static void watch_interrupts(struct rig *r)
{
	static const int numbers[] = { SIGTERM, SIGINT };

	for (int i = 0; i < 2; i++) {
		ev_signal_init(&r->interrupts[i], on_interrupt, numbers[i]);
		r->interrupts[i].data = r;
		ev_signal_start(r->loop, &r->interrupts[i]);
	}
}

/* ---- the load ---- */

static void on_loaded(void *arg)
{
	struct rig *r = arg;
	ev_break(r->loop, EVBREAK_ALL);
}

static void on_enough(struct ev_loop *loop, ev_timer *t, int events)
{
	struct rig *r = t->data;

	(void)loop;
	(void)events;
	soak_stop(r->soak);
}

static void on_events_over(void *arg)
{
	struct rig *r = arg;

	if (r->events.failure)
		r->failure = r->events.failure;
	ev_timer_init(&r->timer, on_enough, r->failure ? 0. : r->o.after, 0.);
	ev_timer_start(r->loop, &r->timer);
}

static void add_target(struct soak_plan *p, const struct rig *r, const char *name,
	enum soak_protocol protocol, unsigned share)
{
	int port = protocol == SOAK_HTTP ? r->o.http_port : r->o.tcp_port;

	if (share == 0 || port == 0)
		return;
	struct soak_target *t = &p->targets[p->target_count++];
	*t = (struct soak_target){
		.name = name, .to = r->space.address, .protocol = protocol, .share = share,
		.path = r->o.path, .body = r->o.body, .host = "rig",
	};
	t->to.in.sin_port = htons((uint16_t)port);
}

static int start_load(struct rig *r)
{
	struct soak_plan p = { .rate = r->o.rate };

	add_target(&p, r, "http", SOAK_HTTP, r->o.mix[0]);
	add_target(&p, r, "kept", SOAK_HTTP, r->o.mix[1]);
	if (r->o.mix[1] > 0 && r->o.http_port > 0) {
		struct soak_target *kept = &p.targets[p.target_count - 1];
		kept->requests = r->o.kept;
		kept->pause_min = r->o.pause[0];
		kept->pause_max = r->o.pause[1];
	}
	add_target(&p, r, "tcp", SOAK_TCP, r->o.mix[2]);
	if (r->space.source.sa.sa_family != 0) {
		p.source = r->space.source;
		p.sources = SPACE_SOURCES;
	}
	r->soak = soak_create(r->loop, &p, on_loaded, r);
	if (!r->soak)
		return -1;
	soak_start(r->soak);
	return 0;
}

static void become_ready(struct rig *r)
{
	if (r->ready)
		return;
	r->ready = true;
	ev_timer_stop(r->loop, &r->timer);
	ev_timer_stop(r->loop, &r->probe);
	if (start_load(r) < 0) {
		fail(r, "no load could be made");
		return;
	}
	r->loading = true;
	r->events = (struct events){
		.plan = &r->o.events, .space = &r->space, .server = &r->server,
		.soak = r->soak, .over = on_events_over, .arg = r,
	};
	events_start(&r->events, r->loop, FIRST_EVENT);
}

/* ---- until it is ready ---- */

static void on_not_ready(struct ev_loop *loop, ev_timer *t, int events)
{
	(void)loop;
	(void)events;
	fail(t->data, "the server was not ready in time");
}

/* A try may take its time on a long wire, but the loop has nothing else to do. */
static void on_probe(struct ev_loop *loop, ev_timer *t, int events)
{
	struct rig *r = t->data;
	struct addr to = r->space.address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)loop;
	(void)events;
	to.in.sin_port = htons((uint16_t)atoi(r->o.ready));
	if (fd >= 0 && connect(fd, &to.sa, addr_len(&to)) == 0)
		become_ready(r);
	if (fd >= 0)
		close(fd);
}

static bool is_port(const char *text)
{
	return text[strspn(text, "0123456789")] == '\0';
}

static void on_heard(void *arg, const char *line)
{
	struct rig *r = arg;

	if (r->loading)
		events_heard(&r->events, line);
	else if (!is_port(r->o.ready) && strstr(line, r->o.ready))
		become_ready(r);
}

static void on_died(void *arg)
{
	fail(arg, "the server ended");
}

static void await_ready(struct rig *r)
{
	ev_timer_init(&r->timer, on_not_ready, READY_TIME, 0.);
	ev_timer_init(&r->probe, on_probe, PROBE, PROBE);
	r->timer.data = r->probe.data = r;
	ev_timer_start(r->loop, &r->timer);
	if (is_port(r->o.ready))
		ev_timer_start(r->loop, &r->probe);
}

/* ---- what came of it ---- */

static int judge(const struct rig *r)
{
	struct soak_report report = { 0 };
	struct verdict v = {
		.options = &r->o, .events = &r->events, .report = &report, .failure = r->failure,
		.drops = space_drops(&r->space),
	};

	if (r->relay.stats) {
		v.drops += atomic_load(&r->relay.stats->drops);
		v.relay_late_us = atomic_load(&r->relay.stats->latest_us);
	}
	if (r->soak)
		soak_get_report(r->soak, &report);
	return verdict_say(&v);
}

/* ---- the whole ---- */

static int set_up(struct rig *r)
{
	const char *what;

	(void)proc_raise_descriptors();
	if (space_make(&r->space, r->o.rtt > 0., &what) < 0) {
		fprintf(stderr, "rig: %s: %s\n", what, strerror(errno));
		return errno == EPERM || errno == EACCES ? EX_NOPERM : EX_OSERR;
	}
	if (r->o.rtt > 0. && relay_start(&r->relay, r->space.tuns, r->o.rtt / 2.) < 0)
		return EX_OSERR;
	r->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	if (!r->loop)
		return EX_OSERR;
	watch_interrupts(r);
	r->server = (struct server){
		.loop = r->loop, .heard = on_heard, .died = on_died, .arg = r,
	};
	if (server_start(&r->server, &r->space, r->o.server, r->o.log) == 0)
		return 0;
	fprintf(stderr, "rig: cannot start the server: %s\n", strerror(errno));
	return EX_OSERR;
}

static void tear_down(struct rig *r)
{
	soak_destroy(r->soak);
	relay_stop(&r->relay);
	if (r->loop)
		ev_loop_destroy(r->loop);
}

int main(int argc, char **argv)
{
	static struct rig r;     /* large, and its watchers' address must stay */

	int code = options_read(&r.o, argc, argv);
	if (code)
		return code;
	signal(SIGPIPE, SIG_IGN);
	code = set_up(&r);
	if (code == 0) {
		await_ready(&r);
		ev_run(r.loop, 0);
		events_stop(&r.events);
		server_stop(&r.server);
		code = judge(&r);
	}
	tear_down(&r);
	return code;
}
