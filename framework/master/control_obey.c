/* SPDX-License-Identifier: MIT */
/*
 * control_obey.c - what is done on a request of the control socket.
 */
#include <jansson.h>
#include <string.h>

#include "base/log.h"
#include "config/config.h"
#include "master/balance.h"
#include "master/canary.h"
#include "master/chronicle.h"
#include "master/control.h"
#include "master/control_parts.h"
#include "master/generation.h"
#include "master/logfile.h"
#include "master/master.h"
#include "master/operation.h"
#include "master/plan.h"
#include "master/readiness.h"
#include "master/status.h"

/* The last thing that its client hears of us is the end of the connection. */
static void stop(struct master *m)
{
	if (m->stopping)
		return;
	chronicle_say(m, LOG_INFO, CHRONICLE_STOP, NO_SLOT, "stop: finishing");
	master_leave(m, m->serving ? m->serving->config->drain : 0.);
}

/* Why what serves cannot be changed; NULL: it can. */
static const char *why_not(const struct master *m)
{
	return m->stopping ? "portico is stopping" : m->serving ? NULL : "it does not serve yet";
}

static void reopen(struct master *m, struct control_client *c)
{
	if (!m->serving)
		control_answer(c, false, why_not(m));
	else if (logfile_reopen(m) == 0)
		control_answer(c, true, "log reopened");
	else
		control_answer(c, false, "the log could not be opened; logging goes on where it was");
}

/* So that a number that no int holds cannot become one that is good. */
static int in_range(json_int_t workers)
{
	return workers >= 0 && workers <= CONFIG_MAX_WORKERS ? (int)workers : CONFIG_MAX_WORKERS + 1;
}

static void ask(struct master *m, struct control_client *c, enum operation_kind kind,
	const json_t *amount)
{
	operation_ask(m, &(struct operation_wish){
		.kind = kind,
		.amount = in_range(json_integer_value(amount)),
	}, c);
}

static void ask_reload(struct master *m, struct control_client *c, const json_t *canary)
{
	struct operation_wish wish = { .kind = OPERATION_RELOAD, .canary = canary != NULL };
	const char *text = json_string_value(canary);

	if (canary && (!text || config_parse_canary(text, &wish.share, &wish.seconds) < 0))
		control_answer(c, false, "canary: a share and a time are expected, such as 10% 30s, or off");
	else
		operation_ask(m, &wish, c);
}

static bool is_last_open_of(const struct master *m, const struct config_service *s, unsigned slot)
{
	for (unsigned i = 0; i < m->table.active; i++)
		if (i != slot && !m->table.slots[i]->drained && plan_share(m, s, i) > 0.)
			return false;
	return true;
}

static bool is_last_open(const struct master *m, unsigned slot)
{
	const struct config *c = m->serving ? m->serving->config : NULL;

	for (size_t i = 0; c && i < c->service_count; i++)
		if (is_last_open_of(m, &c->services[i], slot))
			return true;
	return false;
}

static void drain(struct master *m, struct control_client *c, int slot, bool yes)
{
	const char *why = why_not(m);

	if (why) {
		control_answer(c, false, why);
		return;
	}
	if (m->serving->adopted) {
		control_answer(c, false, "the reload of the upgrade has not succeeded yet; reload first");
		return;
	}
	if ((unsigned)slot >= m->table.active) {
		control_answer(c, false, "there is no such slot");
		return;
	}
	if (yes && is_last_open(m, (unsigned)slot)) {
		control_answer(c, false, "no other slot would be left for new clients");
		return;
	}
	m->table.slots[slot]->drained = yes;
	balance_settle(m);
	chronicle_say(m, LOG_INFO, CHRONICLE_DRAIN, slot, "slot %d %s", slot,
		yes ? "gets no new clients" : "gets new clients again");
	control_answer(c, true, yes ? "it gets no new clients" : "it gets new clients again");
}

static void end_canary(struct master *m, struct control_client *c, int (*how)(struct master *))
{
	if (how(m) == 0)
		control_answer(c, true, "it is done; the reload says what came of it");
	else
		control_answer(c, false, "there is no canary that serves");
}

static void tell_readiness(struct master *m, struct control_client *c)
{
	const char *lacks = readiness_lacks(m);

	control_answer(c, !lacks, lacks ? lacks : "ready");
}

void control_obey(struct master *m, struct control_client *c, const char *verb,
	const json_t *request)
{
	const json_t *workers = json_object_get(request, "workers");
	const json_t *slot = json_object_get(request, "slot");

	if (strcmp(verb, "reload") == 0)
		ask_reload(m, c, json_object_get(request, "canary"));
	else if (strcmp(verb, "upgrade") == 0)
		operation_ask(m, &(struct operation_wish){ .kind = OPERATION_UPGRADE }, c);
	else if (strcmp(verb, "scale") == 0 && json_is_integer(workers))
		ask(m, c, OPERATION_SCALE, workers);
	else if (strcmp(verb, "retire") == 0 && json_is_integer(slot))
		ask(m, c, OPERATION_REPLACE, slot);
	else if (strcmp(verb, "drain") == 0 && json_is_integer(slot))
		drain(m, c, in_range(json_integer_value(slot)), true);
	else if (strcmp(verb, "undrain") == 0 && json_is_integer(slot))
		drain(m, c, in_range(json_integer_value(slot)), false);
	else if (strcmp(verb, "promote") == 0)
		end_canary(m, c, canary_promote);
	else if (strcmp(verb, "rollback") == 0)
		end_canary(m, c, canary_roll_back);
	else if (strcmp(verb, "stop") == 0)
		stop(m);
	else if (strcmp(verb, "reopen") == 0)
		reopen(m, c);
	else if (strcmp(verb, "health") == 0)
		tell_readiness(m, c);
	else if (strcmp(verb, "status") == 0)
		control_say(c, status_json(m));
	else
		control_answer(c, false, "this is not a request; see portico -h");
}
