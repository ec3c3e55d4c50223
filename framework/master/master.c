/* SPDX-License-Identifier: MIT */
/*
 * master.c - the master's loop and its signals.
 *
 *	HUP        reload
 *	USR2       upgrade in place
 *	TTIN/TTOU  one worker more / fewer
 *	TERM, INT  finish until `drain` has passed; a second one: now
 *	QUIT       finish without a limit
 *	USR1       reopen the logs
 *
 * Signals come through a signalfd(2), children's deaths through pidfds: all
 * of the master happens in its loop, one thing after another.
 */
#include "master/master.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "master/adoption.h"
#include "master/balance.h"
#include "master/canary.h"
#include "master/chronicle.h"
#include "master/control.h"
#include "master/generation.h"
#include "master/handout.h"
#include "master/inform.h"
#include "master/herald.h"
#include "master/lend.h"
#include "master/load.h"
#include "master/logfile.h"
#include "master/operation.h"
#include "master/reload.h"
#include "master/retire.h"
#include "master/shared.h"
#include "master/tickets.h"
#include "master/trial.h"
#include "master/upgrade.h"
#include "master/watch.h"
#include "worker/confine.h"

/* ---- the end ---- */

void master_rest(struct master *m)
{
	if (!m->generations && !m->trial && !m->upgrade)
		ev_break(m->loop, EVBREAK_ALL);
}

static void end_now(struct master *m)
{
	for (struct generation *g = m->generations, *older; g; g = older) {
		older = g->older;
		generation_end_now(g);
	}
}

void master_stop(struct master *m, double seconds)
{
	m->stopping = true;
	ev_timer_stop(m->loop, &m->leaving);
	herald_stopping();
	operation_stop(m);
	retire_stop(m);
	canary_end(m);
	stall_stop(m);
	watch_stop(m);
	for (struct generation *g = m->generations, *older; g; g = older) {
		older = g->older;
		generation_finish(g, seconds);
	}
	/* The workers hold what they have to empty; as soon as they let go, new
	 * clients are refused and the port is free. */
	slots_close(&m->table);
	adminsock_close_all(m);
	if (m->trial)
		trial_cancel(m->trial);
	if (m->upgrade)
		upgrade_cancel(m->upgrade);
}

/* ---- the time before it ---- */

bool master_is_leaving(const struct master *m)
{
	return ev_is_active(&m->leaving);
}

static void on_left(struct ev_loop *loop, ev_timer *t, int events)
{
	struct master *m = t->data;

	(void)loop;
	(void)events;
	log_info("drain_delay has passed: finishing");
	master_stop(m, m->leave_time);
}

void master_go_on_leaving(struct master *m)
{
	double left = m->leave_at - child_clock();

	ev_now_update(m->loop);
	ev_timer_init(&m->leaving, on_left, left > 0. ? left : 0., 0.);
	m->leaving.data = m;
	ev_timer_start(m->loop, &m->leaving);
}

/* Reloads, replacements and all else go on as ever: clients are still to be served well. */
void master_leave(struct master *m, double seconds)
{
	double delay = m->serving ? m->serving->config->drain_delay : 0.;

	if (delay <= 0. || master_is_leaving(m)) {
		master_stop(m, seconds);
		return;
	}
	chronicle_say(m, LOG_INFO, CHRONICLE_STOP, NO_SLOT,
		"not ready any more; finishing begins in %g s", delay);
	herald_stopping();
	m->leave_time = seconds;
	m->leave_at = child_clock() + delay;
	master_go_on_leaving(m);
	for (struct generation *g = m->generations; g; g = g->older)
		for (struct member *w = g->members; w; w = w->next)
			if (w->state >= MEMBER_SERVING)
				member_tell_unready(w);
}

static void stop_or_hurry(struct master *m, const char *signal_name, double seconds)
{
	if (m->stopping) {
		log_info("%s again: ending at once", signal_name);
		end_now(m);
		return;
	}
	chronicle_say(m, LOG_INFO, CHRONICLE_STOP, NO_SLOT, "%s: finishing", signal_name);
	master_leave(m, seconds);
}

/* ---- signals ---- */

static double drain_time(const struct master *m)
{
	return m->serving ? m->serving->config->drain : 0.;
}

static void ask_scale(struct master *m, int by)
{
	operation_ask(m, &(struct operation_wish){
		.kind = OPERATION_SCALE,
		.amount = by,
		.relative = true,
	}, NULL);
}

static void obey_signal(struct master *m, int number)
{
	switch (number) {
	case SIGHUP:
		operation_ask(m, &(struct operation_wish){ .kind = OPERATION_RELOAD }, NULL);
		break;
	case SIGUSR2:
		operation_ask(m, &(struct operation_wish){ .kind = OPERATION_UPGRADE }, NULL);
		break;
	case SIGTTIN:
		ask_scale(m, 1);
		break;
	case SIGTTOU:
		ask_scale(m, -1);
		break;
	case SIGTERM:
		stop_or_hurry(m, "TERM", drain_time(m));
		break;
	case SIGINT:
		stop_or_hurry(m, "INT", drain_time(m));
		break;
	case SIGQUIT:
		stop_or_hurry(m, "QUIT", 0.);
		break;
	case SIGUSR1:
		if (logfile_reopen(m) == 0)
			log_info("USR1: log reopened");
		break;
	default:
		break;
	}
}

static void on_signal(struct ev_loop *loop, ev_io *io, int events)
{
	struct signalfd_siginfo info;

	(void)loop;
	(void)events;
	while (read(io->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		obey_signal(io->data, (int)info.ssi_signo);
}

static int watch_signals(struct master *m)
{
	static const int ours[] = {
		SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGUSR1,
		SIGUSR2, SIGTTIN, SIGTTOU,
	};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		sigaddset(&set, ours[i]);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);        /* ignored, it would collect our children */
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return -1;
	int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return -1;
	ev_io_init(&m->signals, on_signal, fd, EV_READ);
	m->signals.data = m;
	ev_io_start(m->loop, &m->signals);
	return 0;
}

/* ---- the whole ---- */

static void tell_problem(void *arg, const char *sentence)
{
	(void)arg;
	log_error("%s", sentence);
}

static int open_loop(struct master *m)
{
	m->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	if (m->loop && watch_signals(m) == 0)
		return EX_OK;
	log_error("cannot make an event loop: %s", strerror(errno));
	return EX_OSERR;
}

static void clean_up(struct master *m)
{
	if (m->loop) {
		operation_stop(m);
		balance_fini(m);
	}
	inform_forget(m);
	load_fini(m);
	shared_fini(m);
	slots_fini(&m->table);
	ledger_fini(&m->ledger);
	control_close(m);
	if (m->loop) {
		ev_timer_stop(m->loop, &m->turn);
		ev_timer_stop(m->loop, &m->leaving);
		ev_timer_stop(m->loop, &m->retirement);
		handout_stop(m);
		stall_stop(m);
		tickets_stop(m);
		history_stop(m);
		watch_stop(m);
		herald_end(m);
		if (ev_is_active(&m->signals)) {
			ev_io_stop(m->loop, &m->signals);
			close(m->signals.fd);
		}
		ev_loop_destroy(m->loop);
	}
	log_to(STDERR_FILENO);
	if (m->log >= 0)
		close(m->log);
}

static int load(const char *file, struct config **config)
{
	*config = config_load(file, tell_problem, NULL);
	if (!*config)
		return trial_exit_code(errno);
	int code = trial_check_system(*config, tell_problem, NULL);
	if (code == EX_OK)
		return EX_OK;
	config_destroy(*config);
	return code;
}

static int prepare_tickets(struct master *m)
{
	if (tickets_begin(m) == 0)
		return 0;
	log_error("cannot make keys for TLS session tickets: %s", strerror(errno));
	return -1;
}

static void tell_confinement(const struct config *c)
{
	const char *lacks = confine_lacks(c);
	char text[CONFINE_TEXT];

	log_info("workers: %s", confine_tell(c, text));
	if (lacks)
		log_info("the kernel lacks %s", lacks);
}

/* The usual beginning: the first generation. */
static int begin(struct master *m)
{
	struct config *config;
	int code = load(m->file, &config);

	if (code != EX_OK)
		return code;
	if (logfile_follow(m, config) < 0)
		code = trial_exit_code(errno);
	else if (control_open(m, config->control) < 0)
		code = errno == EADDRINUSE ? EX_UNAVAILABLE : EX_OSERR;
	else
		code = adoption(m, config);
	if (code != EX_OK) {
		config_destroy(config);
		return code;
	}
	tell_confinement(config);
	generation_start(m, config);
	return m->exit_code;
}

/* After an upgrade: slots whose workers died meanwhile are lent, and the
 * reload that brings this binary's workers begins. */
static int go_on(struct master *m)
{
	lend_settle(m);
	stall_follow(m);
	handout_go_on(m);
	reload(m);
	return EX_OK;
}

int master_run(const char *file)
{
	struct master m = { .file = file, .log = -1, .told = -1, .started = child_clock(),
		.began = (double)time(NULL) };

	log_as("master");
	logfile_begin(&m);
	upgrade_remember_binary();
	m.exit_code = open_loop(&m);
	if (m.exit_code == EX_OK) {
		herald_begin(&m);
		int taken = upgrade_take_over(&m);
		m.exit_code = taken < 0 || prepare_tickets(&m) < 0 ? EX_SOFTWARE
			: taken > 0 ? go_on(&m) : begin(&m);
	}
	if (m.generations)
		ev_run(m.loop, 0);
	if (m.exit_code != EX_OK && m.log_is_elsewhere)
		dprintf(STDERR_FILENO, "portico: cannot start; the log says why\n");
	clean_up(&m);
	return m.exit_code;
}
