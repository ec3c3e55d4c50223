/* SPDX-License-Identifier: MIT */
/*
 * bequest.c - what handlers know, from the worker that leaves a slot to the one that comes.
 *
 * The master passes descriptors on and never looks at what is in them: they are for code that
 * it does not trust itself with.  Who is asked was serving in the slot when its successor was let
 * serve; so a slot that ends, a canary and a crash hand nothing on.
 */
#include "master/bequest.h"

#include "base/log.h"
#include "master/generation.h"
#include "master/master.h"
#include "master/slot.h"

/* Who serves where m is about to. */
static struct member *predecessor(const struct member *m)
{
	for (struct generation *g = m->generation->master->generations; g; g = g->older)
		for (struct member *w = g->members; w; w = w->next)
			if (w != m && w->slot == m->slot && w->state == MEMBER_SERVING)
				return w;
	return NULL;
}

double bequest_wait(struct member *m)
{
	struct member *old = predecessor(m);

	if (!old || !(old->estate & ESTATE_EXPORTS) || !(m->estate & ESTATE_IMPORTS))
		return 0.;
	old->estate |= ESTATE_ASKED;
	m->estate |= ESTATE_WAITS;
	return m->generation->config->state_time;
}

void bequest_explain(const struct member *m)
{
	if (m->state == MEMBER_SERVING && (m->estate & ESTATE_EXPORTS) && !(m->estate & ESTATE_ASKED))
		log_info("worker %u of generation %u: what its handlers know goes to nobody: its slot ends, "
			"or who comes does not import it", m->slot->index, m->generation->number);
}

static struct member *who_waits(const struct member *old)
{
	const struct generation *serving = old->generation->master->serving;
	struct member *m = serving ? generation_member(serving, old->slot) : NULL;

	return m && m != old && m->estate & ESTATE_WAITS ? m : NULL;
}

void bequest_pass(struct member *old, const struct message *said, int fd)
{
	struct member *m = who_waits(old);

	if (!(old->estate & ESTATE_ASKED))
		return;
	if (fd < 0 && said->text[0] != '\0')
		log_warn("what handler %s knew did not reach the master: no descriptor left for it",
			said->text);
	if (m && channel_send(m->child.channel, said, fd) < 0)
		log_warn("worker %u cannot be told what the one before it knew: %m", m->slot->index);
	if (said->text[0] != '\0')
		return;          /* there is more */
	old->estate &= ~ESTATE_ASKED;
	if (m)
		m->estate &= ~ESTATE_WAITS;
}

void bequest_lost(struct member *old)
{
	static const struct message lost = { .type = MESSAGE_EXPORTED, .value = 1 };

	bequest_pass(old, &lost, -1);
}
