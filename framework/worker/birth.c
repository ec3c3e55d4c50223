/* SPDX-License-Identifier: MIT */
/*
 * birth.c - what a worker sheds of its master: signals and descriptors.
 *
 * A worker owns only its slot's sockets.  A descriptor too many would keep a
 * member in somebody's group that nobody accepts from, so all that is not
 * named in worker_birth is closed first.
 */
#include "worker/birth.h"

#include <signal.h>
#include <stdint.h>

#include "base/log.h"
#include "config/config.h"
#include "sys/bus.h"
#include "sys/notify.h"
#include "sys/proc.h"
#include "worker/crash.h"
#include "worker/worker.h"

static void settle_signals(void)
{
	static const int ignored[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU,
	};
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void close_the_rest(const struct worker_birth *b)
{
	int keep[3 * CONFIG_MAX_LISTENS + 3];    /* a service listens somewhere */
	size_t count = 0;

	keep[count++] = b->channel;
	keep[count++] = b->log;
	keep[count++] = b->admin;
	for (size_t i = 0; i < b->socket_count; i++)
		keep[count++] = b->sockets[i];
	for (size_t i = 0; b->access && i < b->config->service_count; i++)
		keep[count++] = b->access[i];
	for (size_t i = 0; b->buses && i < b->config->service_count; i++)
		if (b->buses[i])
			keep[count++] = bus_bell(b->buses[i]);
	proc_keep_only(keep, count);
}

void birth_settle(const struct worker_birth *b, const char *who)
{
	settle_signals();
	notify_forget();
	crash_tell(b);
	/* While plugins are loaded and started nobody reads the channel: a start()
	 * that hangs would outlive everybody. */
	proc_die_with_parent(true);
	close_the_rest(b);
	if (who)
		log_as(who);
	else
		log_as_worker(b->slot, b->generation);
	log_ask_place(crash_place, (void *)(uintptr_t)b);
	log_limit((enum log_level)b->config->log_level);
}
