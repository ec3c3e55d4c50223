/* SPDX-License-Identifier: MIT */
/*
 * readiness.c - whether new clients should be sent to this machine.
 *
 * Not while it ends, and not while nobody turns and accepts.  A reload, a crash or one blocked
 * worker of several is none of the clients' business.
 */
#include "master/readiness.h"

#include "master/generation.h"
#include "master/master.h"

static bool serves(const struct master *m, const struct slot *s)
{
	const struct member *w = generation_member(m->serving, s);

	return w && w->state == MEMBER_SERVING && !slot_keeps_waiting(s, SOCK_STREAM);
}

const char *readiness_lacks(const struct master *m)
{
	if (m->stopping || master_is_leaving(m))
		return "it is about to end";
	if (!m->serving)
		return "it does not serve yet";
	for (unsigned i = 0; i < m->table.active; i++)
		if (serves(m, m->table.slots[i]))
			return NULL;
	return "none of its workers serves";
}
