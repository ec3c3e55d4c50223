/* SPDX-License-Identifier: MIT */
/*
 * status_slots.c - a row a slot: who serves it, what it has to do, what it gets.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/canary.h"
#include "master/generation.h"
#include "master/history.h"
#include "master/master.h"
#include "master/numbers.h"
#include "master/obituary.h"
#include "master/status.h"
#include "master/status_parts.h"
#include "sys/sock.h"

static const char *const member_states[] = {
	[MEMBER_BORN] = "starting",
	[MEMBER_BOUND] = "starting",
	[MEMBER_READY] = "ready",
	[MEMBER_SERVING] = "serving",
	[MEMBER_LEAVING] = "draining",
};

const char *status_member_state(const struct member *m)
{
	return member_states[m->state];
}

/* Who serves the slot, or will, or at least did. */
static const struct member *face_of(const struct master *m, const struct slot *s)
{
	const struct member *w = m->serving ? generation_member(m->serving, s) : NULL;

	if (!w && m->starting)
		w = generation_member(m->starting, s);
	for (const struct generation *g = m->generations; g && !w; g = g->older)
		for (w = g->members; w && w->slot != s;)
			w = w->next;
	return w;
}

static const char *state_of(const struct master *m, const struct slot *s, const struct member *w)
{
	if (!w)
		return "down";
	if (s->stalled)
		return "stalled";
	if (s->drained)
		return "drained";
	if (s->resting)
		return "resting";
	if (canary_share(m) > 0. && canary_has(m, s->index))
		return "canary";
	return member_states[w->state];
}

static json_int_t resident(const struct member *w)
{
	char path[32];
	long pages = 0;

	if (!w)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/statm", (int)w->child.pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%*d %ld", &pages) != 1)
		pages = 0;
	fclose(f);
	return (json_int_t)pages * sysconf(_SC_PAGESIZE);
}

/* Of its clients: the admin service's wait apart. */
static void sum_queues(const struct master *m, const struct slot *s, int *queue, int *limit)
{
	*queue = *limit = 0;
	for (size_t i = 0; i < s->socket_count; i++) {
		if (strcmp(status_service_of(m, &s->sockets[i]), CONFIG_ADMIN) == 0)
			continue;
		int n = sock_queue(s->sockets[i].fd), most = sock_queue_limit(s->sockets[i].fd);
		*queue += n > 0 ? n : 0;
		*limit += most > 0 ? most : 0;
	}
}

static json_t *part(double share)
{
	return share < 0. ? json_null() : json_real(share);
}

static void add_lately(json_t *row, const struct master *m, const struct slot *s)
{
	struct history_lately lately = history_lately(m, s);
	struct latency *l = calloc(1, sizeof(*l));

	json_object_set_new(row, "share", part(lately.share));
	json_object_set_new(row, "expected", part(lately.share_expected));
	json_object_set_new(row, "rate", json_real(lately.rate));
	json_object_set_new(row, "busy", json_real(lately.busy));
	if (!l)
		return;
	history_latency(m, s, l);
	json_object_set_new(row, "p50", status_seconds(l, .5));
	json_object_set_new(row, "p99", status_seconds(l, .99));
	free(l);
}

static json_t *offload_json(const struct master *m, const struct slot *s)
{
	struct numbers_offload o = numbers_offload(m, s->index);

	return json_pack("{s:I, s:I, s:I, s:I}", "threads", (json_int_t)o.threads,
		"busy", (json_int_t)o.busy, "queued", (json_int_t)o.queued,
		"left_behind", (json_int_t)ledger_loop(&m->ledger, s->index).left_behind);
}

static json_t *slot_json(const struct master *m, const struct slot *s)
{
	const struct member *w = face_of(m, s);
	struct numbers_brief n = numbers_brief(m, s->index, NULL);
	char doing[160] = "";
	int queue, limit;

	sum_queues(m, s, &queue, &limit);
	if (w)
		obituary_doing(w, doing, sizeof(doing));
	json_t *row = json_pack("{s:i, s:i, s:i, s:s, s:o, s:I, s:I, s:I, s:i, s:i, s:I, s:I, s:o}",
		"slot", (int)s->index,
		"pid", w ? (int)w->child.pid : 0,
		"generation", w ? (int)w->generation->number : 0,
		"state", state_of(m, s, w),
		"doing", status_text(doing),
		"accepted", (json_int_t)n.accepted,
		"answered", (json_int_t)n.answered,
		"active", (json_int_t)n.active,
		"queue", queue,
		"limit", limit,
		"rss", resident(w),
		"restarts", (json_int_t)ledger_loop(&m->ledger, s->index).restarts,
		"offload", offload_json(m, s));
	if (row)
		add_lately(row, m, s);
	return row;
}

json_t *status_slots(const struct master *m)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < m->table.count; i++)
		json_array_append_new(all, slot_json(m, m->table.slots[i]));
	return all;
}
