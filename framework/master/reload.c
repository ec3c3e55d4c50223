/* SPDX-License-Identifier: MIT */
/*
 * reload.c - parse -> trial child -> new generation.
 *
 * The trial comes first because it costs nothing: a plugin that is missing,
 * or crashes when it is loaded, is found before any worker is started.
 */
#include "master/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"
#include "config/config.h"
#include "master/adoption.h"
#include "master/canary.h"
#include "master/chronicle.h"
#include "master/generation.h"
#include "master/master.h"
#include "master/operation.h"
#include "master/trial.h"

/* A configuration on its way through the trial. */
struct candidate {
	struct master *master;
	struct config *config;
};

static void tell_problem(void *arg, const char *sentence)
{
	(void)arg;
	log_error("%s", sentence);
}

static void refused(struct master *m, const char *why)
{
	operation_ended(m, false, "reload failed: %s; generation %u goes on", why,
		m->serving->number);
}

/* What the operator said counts more than the file.  After an upgrade all of the
 * workers are the old binary's: they are replaced at once. */
static void find_canary(const struct master *m, const struct config *c, double *share,
	double *seconds)
{
	const struct operation_wish *wish = m->operation ? &m->operation->wish : NULL;

	if (!wish || wish->kind != OPERATION_RELOAD || m->serving->adopted)
		return;
	*share = wish->canary ? wish->share : c->canary_share;
	*seconds = wish->canary && wish->seconds > 0. ? wish->seconds : c->canary_time;
}

static void on_tried(void *arg, int exit_code)
{
	struct candidate *candidate = arg;
	struct master *m = candidate->master;
	struct config *c = candidate->config;

	free(candidate);
	m->trial = NULL;
	if (exit_code != EX_OK || m->stopping) {
		config_destroy(c);
		if (!m->stopping)
			refused(m, "the plugins or their options are not right");
		master_rest(m);
		return;
	}
	double share = 0., seconds = 0.;
	find_canary(m, c, &share, &seconds);
	if (share > 0.)
		canary_start(m, c, share, seconds);
	else
		generation_start(m, c);
}

static void try_config(struct master *m, struct config *c)
{
	struct candidate *candidate = calloc(1, sizeof(*candidate));

	if (candidate) {
		*candidate = (struct candidate){ .master = m, .config = c };
		m->trial = trial_start(m->loop, c, m->log, tell_problem, on_tried, candidate);
	}
	if (m->trial)
		return;
	refused(m, strerror(errno));
	free(candidate);
	config_destroy(c);
}

void reload(struct master *m)
{
	if (m->serving->adopted && m->operation && m->operation->wish.share > 0.) {
		refused(m, "the reload of the upgrade has not succeeded yet, and a canary needs one; "
			"reload without");
		return;
	}
	chronicle_say(m, LOG_INFO, CHRONICLE_BEGIN, NO_SLOT, "reload: reading %s", m->file);
	struct config *c = config_load(m->file, tell_problem, NULL);
	if (!c) {
		refused(m, "the configuration is not right");
		return;
	}
	char why[256];
	if (!adoption_allows(m, c->workers, why, sizeof(why))) {
		config_destroy(c);
		refused(m, why);
		return;
	}
	if (trial_check_system(c, tell_problem, NULL) != EX_OK) {
		config_destroy(c);
		refused(m, "the system does not give what it needs");
		return;
	}
	try_config(m, c);
}
