/* SPDX-License-Identifier: MIT */
/*
 * master.c - the master's loop and its signals.
 *
 *	HUP        reload
 *	TERM, INT  finish until `drain` has passed; a second one: now
 *	QUIT       finish without a limit
 *	USR1       reopen the log
 *
 * Signals come through a signalfd(2), children's deaths through pidfds: all
 * of the master happens in its loop, one thing after another.
 */
#include "master/master.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "master/generation.h"
#include "master/logfile.h"
#include "master/reload.h"
#include "master/trial.h"
#include "sys/proc.h"

/* ---- the end ---- */

void master_rest(struct master *m)
{
	if (!m->generations && !m->trial)
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
	for (struct generation *g = m->generations, *older; g; g = older) {
		older = g->older;
		if (g->state == GENERATION_STARTING)
			generation_end_now(g);
		else
			generation_finish(g, seconds);
	}
}

static void stop_or_hurry(struct master *m, const char *signal_name, double seconds)
{
	if (m->stopping) {
		log_info("%s again: ending at once", signal_name);
		end_now(m);
		return;
	}
	log_info("%s: finishing", signal_name);
	master_stop(m, seconds);
}

/* ---- signals ---- */

static double drain_time(const struct master *m)
{
	return m->serving ? m->serving->config->drain : 0.;
}

static void obey_signal(struct master *m, int number)
{
	switch (number) {
	case SIGHUP:
		reload(m);
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
		if (m->serving && logfile_open(m, m->serving->config->log) == 0)
			log_info("USR1: log reopened");
		break;
	default:
		log_warn("signal %d (%s): not in this version", number, strsignal(number));
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
		SIGUSR2, SIGTTIN, SIGTTOU,     /* by default they end or stop a process */
	};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		sigaddset(&set, ours[i]);
	signal(SIGPIPE, SIG_IGN);
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
	slots_fini(&m->table);
	if (m->loop) {
		if (ev_is_active(&m->signals)) {
			ev_io_stop(m->loop, &m->signals);
			close(m->signals.fd);
		}
		ev_loop_destroy(m->loop);
	}
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

int master_run(const char *file)
{
	struct master m = { .file = file, .log = -1 };
	struct config *config;

	log_as("master");
	int code = load(file, &config);
	if (code != EX_OK)
		return code;
	m.exit_code = open_loop(&m);
	if (m.exit_code == EX_OK && logfile_open(&m, config->log) < 0)
		m.exit_code = EX_NOPERM;
	if (m.exit_code == EX_OK) {
		generation_start(&m, config);
		if (m.generations)
			ev_run(m.loop, 0);
	} else {
		config_destroy(config);
	}
	if (m.exit_code != EX_OK && m.log >= 0)
		dprintf(STDERR_FILENO, "portico: cannot start; the log says why\n");
	clean_up(&m);
	return m.exit_code;
}
