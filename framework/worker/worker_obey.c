/* SPDX-License-Identifier: MIT */
/*
 * worker_obey.c - what the master says: serve, drain, end, lend, and the like.
 *
 * From the first SERVE until the loop is left.  Everything here is called by the loop.
 */
#include "worker/worker_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "sys/channel.h"
#include "sys/page.h"

/* How long an idle keep-alive connection is kept after its worker retired,
 * so that a request that is on its way still gets its answer. */
#define LAST_REQUEST_TIME 5.0

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

/* ---- serving ---- */

static void serve(struct worker *w)
{
	if (w->serving || w->draining)
		return;
	w->serving = true;
	sockets_serve(&w->sockets);
	w->admin.unserved = w->sockets.unserved;
	pulse_phase(w->birth->page, PULSE_SERVING);
}

/* What the worker before this one handed on is here. */
void worker_settled(void *worker)
{
	struct worker *w = worker;

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
	asks_give_up(&w->asks);
	outgoing_give_up(&w->outgoing);
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

/* What was published last has left us when Redis says so; it does, or is away, in redis_timeout. */
static bool asks_are_done(const struct worker *w)
{
	return w->asks.over || (asks_is_done(&w->asks) && backing_is_idle(&w->backing));
}

static void on_turn(struct ev_loop *loop, ev_prepare *p, int events)
{
	struct worker *w = p->data;

	(void)events;
	if (w->hub.streams == 0 && !w->heir.from && !sockets_keep_any(&w->sockets)
		&& offload_is_done(&w->offload) && asks_are_done(w) && outgoing_is_done(&w->outgoing))
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
	for (size_t i = 0; i < w->service_count; i++)
		service_has_heir(w->services[i], testament_names(&w->testament, i));
	if (w->serving)
		sockets_retire(&w->sockets, how, idle);
	outgoing_drain(&w->outgoing);
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

void worker_obey(struct worker *w)
{
	ev_io_init(&w->channel, on_channel, w->birth->channel, EV_READ);
	/* Who comes after a reload was told is not accepted by those who have been told to retire. */
	ev_set_priority(&w->channel, EV_MAXPRI - 1);
	ev_prepare_init(&w->watch_end, on_turn);
	ev_set_priority(&w->watch_end, EV_MINPRI);   /* after the hub has settled */
	ev_timer_init(&w->deadline, on_deadline, 0., 0.);
	w->channel.data = w->watch_end.data = w->deadline.data = w;
	ev_io_start(w->loop, &w->channel);
}
