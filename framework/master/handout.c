/* SPDX-License-Identifier: MIT */
/*
 * handout.c - the files that workers write to, once they were opened anew.
 *
 * A worker that is blocked does not read its channel, which has room for some hundred messages.
 * What it is told of files must not take that room from what it has to be told of its end, or it
 * would never hear of that.  So it hears of files when it reads again, and only of the newest.
 */
#include "master/handout.h"

#include <errno.h>

#include "base/log.h"
#include "master/accesslog.h"
#include "master/generation.h"
#include "master/master.h"
#include "sys/sock.h"

#define AGAIN 0.1

/* Unread bytes of a channel, as the kernel counts them, some dozen messages: behind more nobody is
 * told of files.  A service of each address there may be is a third of a channel more. */
enum { UNREAD_MOST = 16 * 1024 };

static int give_access_logs(const struct member *w)
{
	const struct accesslogs *logs = &w->generation->accesslogs;

	for (size_t i = 0; i < logs->count; i++) {
		struct message said = { .type = MESSAGE_ACCESS, .value = (uint32_t)i };
		if (logs->all[i].fd >= 0
			&& channel_send(w->child.channel, &said, logs->all[i].fd) < 0)
			return -1;
	}
	return 0;
}

/* -1 and errno, maybe after some of them: then all are given once more. */
static int give_log(const struct master *m, struct member *w)
{
	const struct message said = {
		.type = MESSAGE_LOG,
		.value = log_style_number(&m->log_style),
	};
	return channel_send(w->child.channel, &said, m->log);
}

static int give(const struct master *m, struct member *w)
{
	if (sock_unacknowledged(w->child.channel) > UNREAD_MOST) {
		errno = EAGAIN;
		return -1;
	}
	if (give_log(m, w) < 0)
		return -1;
	return give_access_logs(w);
}

/* Who has died is not owed anything. */
static void give_or_owe(const struct master *m, struct member *w)
{
	bool owed = give(m, w) < 0 && errno != EPIPE && errno != ECONNRESET;

	if (owed && !w->owed_files)
		log_warn("worker %u (pid %d) cannot be told of new log files now, it will be: %m",
			w->slot->index, (int)w->child.pid);
	w->owed_files = owed;
}

static bool any_is_owed(const struct master *m)
{
	for (const struct generation *g = m->generations; g; g = g->older)
		for (const struct member *w = g->members; w; w = w->next)
			if (w->owed_files)
				return true;
	return false;
}

static void on_again(struct ev_loop *loop, ev_timer *t, int events)
{
	struct master *m = t->data;

	(void)events;
	for (struct generation *g = m->generations; g; g = g->older)
		for (struct member *w = g->members; w; w = w->next)
			if (w->owed_files)
				give_or_owe(m, w);
	if (!any_is_owed(m))
		ev_timer_stop(loop, t);
}

void handout(struct master *m)
{
	for (struct generation *g = m->generations; g; g = g->older)
		for (struct member *w = g->members; w; w = w->next)
			give_or_owe(m, w);
	if (!any_is_owed(m) || ev_is_active(&m->handouts))
		return;
	ev_timer_init(&m->handouts, on_again, AGAIN, AGAIN);
	m->handouts.data = m;
	ev_timer_start(m->loop, &m->handouts);
}

/* The files of its access logs were left behind. */
void handout_go_on(struct master *m)
{
	if (!any_is_owed(m))
		return;
	(void)accesslogs_reopen(m);
	handout(m);
}

void handout_stop(struct master *m)
{
	ev_timer_stop(m->loop, &m->handouts);
}
