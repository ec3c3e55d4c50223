/* SPDX-License-Identifier: MIT */
/*
 * rest.c - workers that turn and accept nobody: no descriptor is left for a client.
 *
 * Such a worker serves whom it has, and its UDP sockets, which need no more of them.  After `stall`
 * new clients go to the others, who are lent its TCP sockets, until it can accept again: it
 * tries once a second.  At the limit that may come and go all the time, so it is told seldom.
 */
#include "master/rest.h"

#include <stdatomic.h>

#include "base/log.h"
#include "master/balance.h"
#include "master/canary.h"
#include "master/chronicle.h"
#include "master/generation.h"
#include "master/lend.h"
#include "master/master.h"

bool rest_is_on(const struct member *w)
{
	return atomic_load_explicit(&w->page->resting, memory_order_relaxed) > 0;
}

static void begin(struct slot *s, const struct member *w)
{
	struct master *m = s->master;
	unsigned missed;

	s->resting = true;
	s->rest.said = seldom_may(&s->rest.told, &missed);
	if (s->rest.said)
		chronicle_say(m, LOG_WARN, CHRONICLE_REST, (int)s->index,
			"worker %u (pid %d) is resting, no descriptor or memory is left for a client: %s",
			s->index, (int)w->child.pid, stall_consequence(m));
	balance_settle(m);
	lend_settle(m);
	canary_suffers(m, s, "one of its workers has no descriptor left");
}

static void end(struct slot *s)
{
	struct master *m = s->master;

	if (s->rest.said)
		chronicle_say(m, LOG_INFO, CHRONICLE_REST, (int)s->index,
			"worker %u accepts again after %.2f s", s->index, child_clock() - s->rest.since);
	s->resting = false;
	balance_settle(m);
	lend_settle(m);
}

void rest_look(struct slot *s, const struct member *w)
{
	struct rest *r = &s->rest;
	double now = child_clock();

	if (!rest_is_on(w)) {
		if (s->resting)
			end(s);
		r->since = 0.;
		return;
	}
	if (r->since == 0.)
		r->since = now;
	if (!s->resting && now - r->since >= s->master->serving->config->stall)
		begin(s, w);
}
