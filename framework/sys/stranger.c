/* SPDX-License-Identifier: MIT */
/*
 * stranger.c - who else holds an address that is to be ours.
 */
#include "sys/stranger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/diag.h"
#include "sys/holder.h"
#include "sys/user.h"

struct suspect {                 /* a socket in the way */
	struct stranger who;
	struct holder   holder;  /* pid 0: none is seen */
	bool            ours;
};

struct inquiry {
	const struct addr *addr;
	const struct strangers_known *known;
	struct suspect    *suspects;     /* owned */
	size_t             count;
};

static struct suspect *find_suspect(struct inquiry *q, unsigned long inode)
{
	for (size_t i = 0; i < q->count; i++)
		if (q->suspects[i].who.inode == inode)
			return &q->suspects[i];
	return NULL;
}

static bool is_known(const struct strangers_known *known, unsigned long inode)
{
	for (size_t i = 0; i < known->inode_count; i++)
		if (known->inodes[i] == inode)
			return true;
	return false;
}

/* Without memory for all, those are told for whom there was. */
static void suspect(void *arg, const struct diag_socket *s)
{
	struct inquiry *q = arg;

	if (s->inode == 0 || is_known(q->known, s->inode) || !diag_meets(s, q->addr, true, 0)
		|| find_suspect(q, s->inode))
		return;
	struct suspect *more = realloc(q->suspects, (q->count + 1) * sizeof(*more));
	if (!more)
		return;
	q->suspects = more;
	q->suspects[q->count++] = (struct suspect) {
		.who = { .addr = s->addr, .uid = s->uid, .inode = s->inode, .reuseport = -1 },
	};
}

static void note_ours(void *arg, const struct holder *h)
{
	find_suspect(arg, h->inode)->ours = true;
}

static void note_holder(void *arg, const struct holder *h)
{
	struct suspect *s = find_suspect(arg, h->inode);

	if (s->holder.pid == 0 || h->pid < s->holder.pid)
		s->holder = *h;
}

/* Those who are no strangers go, so that all of /proc is read only when there is one. */
static void drop_ours(struct inquiry *q)
{
	size_t kept = 0;

	for (size_t i = 0; i < q->count; i++)
		if (!q->suspects[i].ours)
			q->suspects[kept++] = q->suspects[i];
	q->count = kept;
}

/* What cannot be read stays as it is: strangers whom nobody knows. */
static void identify(struct inquiry *q)
{
	unsigned long *inodes = q->count == 0 ? NULL : calloc(q->count + 1, sizeof(*inodes));

	if (!inodes)
		return;
	for (size_t i = 0; i < q->count; i++)
		inodes[i] = q->suspects[i].who.inode;
	(void)holders_find_among(q->known->pids, q->known->pid_count, inodes, q->count, note_ours, q);
	drop_ours(q);
	for (size_t i = 0; i < q->count; i++)
		inodes[i] = q->suspects[i].who.inode;
	if (q->count > 0)
		(void)holders_find(inodes, q->count, note_holder, q);
	free(inodes);
}

static struct stranger describe(const struct suspect *s, int type)
{
	struct stranger who = s->who;

	who.type = type;
	if (s->holder.pid == 0)
		return who;
	who.pid = s->holder.pid;
	who.since = s->holder.since;
	who.reuseport = holder_option(&s->holder, SOL_SOCKET, SO_REUSEPORT);
	memcpy(who.program, s->holder.program, sizeof(who.program));
	return who;
}

size_t strangers_find(const struct addr *a, int type, const struct strangers_known *known,
	struct stranger *out, size_t max)
{
	struct inquiry q = { .addr = a, .known = known };

	(void)diag_sockets(type, (uint16_t)addr_port(a),
		known->listening ? DIAG_LISTENERS : DIAG_HOLDERS, suspect, &q);
	identify(&q);
	for (size_t i = 0; i < q.count && i < max; i++)
		out[i] = describe(&q.suspects[i], type);
	free(q.suspects);
	return q.count;
}

/* ---- in words ---- */

static const char *sharing(int reuseport)
{
	if (reuseport < 0)
		return "";
	return reuseport ? ", with SO_REUSEPORT" : ", without SO_REUSEPORT";
}

size_t stranger_tell(const struct stranger *s, char *out, size_t size)
{
	char user[USER_TEXT], since[40] = "";
	struct tm tm;

	user_tell(s->uid, user);
	if (s->pid == 0)
		return (size_t)snprintf(out, size, "a process that may not be seen from here (%s)%s",
			user, sharing(s->reuseport));
	if (s->since && localtime_r(&s->since, &tm))
		strftime(since, sizeof(since), " since %Y-%m-%d %H:%M", &tm);
	return (size_t)snprintf(out, size, "%s (pid %d, %s)%s%s", s->program, (int)s->pid, user, since,
		sharing(s->reuseport));
}
