/* SPDX-License-Identifier: MIT */
/*
 * herald.c - what the service manager is told (sd_notify(3)).
 *
 *	READY=1 MAINPID=       the first generation serves; a reload is over, whatever came of it
 *	RELOADING=1            from the moment that a reload or an upgrade begins
 *	STOPPING=1             not ready any more; after drain_delay nobody new is served
 *	WATCHDOG=1             the master's loop turns: twice in the time that WatchdogSec= gives
 *	EXTEND_TIMEOUT_USEC=   starting, reloading and draining take as long as portico.ini says:
 *	                       the manager need not know, as long as the loop turns
 *	STATUS=                portico status in one line
 */
#include "master/herald.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/latency.h"
#include "master/history.h"
#include "master/master.h"
#include "master/verdict.h"
#include "sys/notify.h"

#define EVERY 2.0
#define EXTENSION_US 10000000

static void make_status(const struct master *m, char *out, size_t size)
{
	struct latency *lately = calloc(1, sizeof(*lately));

	out[0] = '\0';
	if (!lately)
		return;
	for (unsigned i = 0; i < m->table.count; i++)
		history_latency(m, m->table.slots[i], lately);
	verdict(m, lately, out, size);
	free(lately);
}

static void tell_status(const struct master *m)
{
	char status[512];

	make_status(m, status, sizeof(status));
	notify("STATUS=%s", status);
}

static void on_watchdog(struct ev_loop *loop, ev_timer *t, int events)
{
	(void)loop;
	(void)t;
	(void)events;
	notify("WATCHDOG=1");
}

static void on_turn(struct ev_loop *loop, ev_timer *t, int events)
{
	struct master *m = t->data;

	(void)loop;
	(void)events;
	if (!m->serving || m->stopping || master_is_leaving(m) || m->operation)
		notify("EXTEND_TIMEOUT_USEC=%d", EXTENSION_US);
	if (m->serving && !m->stopping && !master_is_leaving(m))
		tell_status(m);
}

static void start(struct master *m, ev_timer *t, void (*turn)(struct ev_loop *, ev_timer *, int),
	double every)
{
	ev_timer_init(t, turn, every, every);
	t->data = m;
	ev_timer_start(m->loop, t);
}

void herald_begin(struct master *m)
{
	uint64_t watchdog = notify_watchdog();

	if (!notify_wanted())
		return;
	start(m, &m->report, on_turn, EVERY);
	if (watchdog == 0)
		return;
	notify("WATCHDOG=1");
	start(m, &m->watchdog, on_watchdog, (double)watchdog / 2e6);
}

void herald_end(struct master *m)
{
	ev_timer_stop(m->loop, &m->report);
	ev_timer_stop(m->loop, &m->watchdog);
}

void herald_reloading(void)
{
	notify("RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nEXTEND_TIMEOUT_USEC=%d",
		clock_ns() / 1000, EXTENSION_US);
}

void herald_ready(const struct master *m)
{
	if (!m->serving || m->stopping)
		return;
	notify("READY=1\nMAINPID=%d", (int)getpid());
	tell_status(m);
}

void herald_stopping(void)
{
	notify("STOPPING=1\nSTATUS=finishing what is in hand\nEXTEND_TIMEOUT_USEC=%d", EXTENSION_US);
}
