/* SPDX-License-Identifier: MIT */
/*
 * upgrade.c - another binary in place.
 *
 *	old   child: exec NEW check -c FILE        does it run, does it like the file
 *	old   clients of the control socket        heard, and answered, to the end
 *	old   state -> memfd, descriptors kept     upgrade_state.c
 *	old   exec NEW run -c FILE                 same pid: children stay ours
 *	new   memfd -> generations, slots          the old workers serve all the while
 *	new   reload                               new workers, from the new binary
 *
 * Until the exec everything can fail and nothing has changed.  If the exec
 * itself fails, it returns, and we go on.
 */
#include "master/upgrade.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config_alone.h"
#include "master/child.h"
#include "master/chronicle.h"
#include "master/control.h"
#include "master/generation.h"
#include "master/master.h"
#include "master/operation.h"
#include "master/upgrade_state.h"
#include "sys/notify.h"
#include "sys/proc.h"

/* A binary that hangs would hold up every operation after it. */
#define CHECK_TIME 30.0

/* Who asks slowly, or does not read, is cut. */
#define HALFWAY_TIME 2.0
#define HALFWAY_LOOK 0.01

#define WANTS_VERSION "PORTICO_UPGRADE_STATE"

static char binary[PATH_MAX];

struct upgrade {
	struct child   child;
	struct master *master;
	ev_timer       halfway;  /* its check is over: looks for clients */
	double         until;    /* by child_clock() */
	bool           told;
};

void upgrade_remember_binary(void)
{
	proc_binary(binary);
}

/* ---- the check by the new binary ---- */

int upgrade_check_version(void)
{
	const char *wants = getenv(WANTS_VERSION);

	if (!wants || atoi(wants) == UPGRADE_STATE_VERSION)
		return EX_OK;
	fprintf(stderr, "this binary reads state version %d, the running one writes %s\n",
		UPGRADE_STATE_VERSION, wants);
	return EX_SOFTWARE;
}

static int check_entry(void *arg, int channel)
{
	struct upgrade *u = arg;
	const char *words[CONFIG_ALONE_WORDS];
	char version[16];
	sigset_t none;

	close(channel);
	notify_forget();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(version, sizeof(version), "%d", UPGRADE_STATE_VERSION);
	setenv(WANTS_VERSION, version, 1);
	config_alone_words(binary, "check", u->master->file, words);
	execv(binary, (char **)(uintptr_t)words);
	log_error("upgrade: %s: %s", binary, strerror(errno));
	_exit(EX_UNAVAILABLE);
}

static void on_heard(struct child *c, const struct message *m, int fd)
{
	(void)c;
	(void)m;
	if (fd >= 0)
		close(fd);
}

static void hand_over(struct master *m)
{
	const char *words[CONFIG_ALONE_WORDS];

	if (upgrade_state_save(m) < 0) {
		operation_ended(m, false, "upgrade failed: its state cannot be written: %s; "
			"nothing has changed", strerror(errno));
		return;
	}
	log_info("upgrade: %s takes over", binary);
	config_alone_words(binary, "run", m->file, words);
	execv(binary, (char **)(uintptr_t)words);
	int error = errno;
	upgrade_state_forget(m);
	operation_ended(m, false, "upgrade failed: %s: %s; nothing has changed", binary,
		strerror(error));
}

static void end(struct upgrade *u)
{
	struct master *m = u->master;

	ev_timer_stop(m->loop, &u->halfway);
	m->upgrade = NULL;
	free(u);
}

static void on_halfway(struct ev_loop *loop, ev_timer *t, int events)
{
	struct upgrade *u = t->data;
	struct master *m = u->master;

	(void)loop;
	(void)events;
	if (control_is_halfway(m) && child_clock() < u->until) {
		if (!u->told)
			log_info("upgrade: waits for who is halfway through the control socket, %.0f s at most",
				HALFWAY_TIME);
		u->told = true;
		return;
	}
	end(u);
	hand_over(m);
}

static void await_clients(struct upgrade *u)
{
	u->until = child_clock() + HALFWAY_TIME;
	ev_timer_set(&u->halfway, 0., HALFWAY_LOOK);
	ev_timer_start(u->master->loop, &u->halfway);
}

static void on_died(struct child *c, const siginfo_t *how)
{
	struct upgrade *u = (struct upgrade *)c;
	struct master *m = u->master;

	if (!m->stopping && how->si_code == CLD_EXITED && how->si_status == EX_OK) {
		await_clients(u);
		return;
	}
	end(u);
	if (m->stopping)
		master_rest(m);
	else
		operation_ended(m, false, "upgrade failed: %s did not pass its check of %s (%s %d); "
			"nothing has changed", binary, m->file,
			how->si_code == CLD_EXITED ? "exit code" : "signal", how->si_status);
}

void upgrade(struct master *m)
{
	struct upgrade *u = calloc(1, sizeof(*u));

	if (access(binary, X_OK) < 0 || !u) {
		operation_ended(m, false, "upgrade failed: %s: %s; nothing has changed", binary,
			strerror(errno));
		free(u);
		return;
	}
	u->master = m;
	ev_timer_init(&u->halfway, on_halfway, 0., 0.);
	u->halfway.data = u;
	u->child.heard = on_heard;
	u->child.died = on_died;
	if (child_spawn(&u->child, m->loop, check_entry, u) < 0) {
		operation_ended(m, false, "upgrade failed: fork: %s; nothing has changed",
			strerror(errno));
		free(u);
		return;
	}
	m->upgrade = u;
	child_kill_after(&u->child, CHECK_TIME);
}

void upgrade_cancel(struct upgrade *u)
{
	struct master *m = u->master;

	if (!ev_is_active(&u->halfway)) {
		child_kill_after(&u->child, 0.);
		return;
	}
	end(u);
	master_rest(m);
}

/* ---- in the new binary ---- */

int upgrade_take_over(struct master *m)
{
	int got = upgrade_state_load(m);

	if (got > 0)
		chronicle_say(m, LOG_INFO, CHRONICLE_GOOD, NO_SLOT,
			"upgrade: portico %s has taken over %u worker%s of generation %u", PORTICO_VERSION, m->serving->workers, m->serving->workers == 1 ? "" : "s",
			m->serving->number);
	return got;
}
