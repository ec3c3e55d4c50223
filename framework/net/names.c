/* SPDX-License-Identifier: MIT */
/*
 * names.c - addresses of hosts, asked of name servers without waiting (c-ares).
 *
 * c-ares tells which of its sockets to watch, and until when; we tell it that one is ready or
 * that the time is up.
 */
#include "net/names.h"

#include <ares.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"

#define SHORTEST_LIFE 1.         /* seconds that any answer holds, also that there is none */
#define LONGEST_LIFE  3600.

enum { TRY_MS = 2000, TRIES = 3 };       /* of each server */

struct names_watch {
	ev_io               io;
	struct names_watch *next;
};

/* ---- c-ares on the loop ---- */

static void arm(struct names *all)
{
	struct timeval room;
	const struct timeval *t = ares_timeout(all->channel, NULL, &room);

	ev_timer_stop(all->loop, &all->timer);
	if (!t)
		return;          /* nothing is asked */
	ev_timer_set(&all->timer, (double)t->tv_sec + (double)t->tv_usec * 1e-6, 0.);
	ev_timer_start(all->loop, &all->timer);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct names *all = w->data;

	(void)loop;
	(void)events;
	ares_process_fd(all->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	arm(all);
}

static void on_ready(struct ev_loop *loop, ev_io *w, int events)
{
	struct names *all = w->data;
	int fd = w->fd;

	(void)loop;              /* w may be gone after this */
	ares_process_fd(all->channel, events & EV_READ ? fd : ARES_SOCKET_BAD,
		events & EV_WRITE ? fd : ARES_SOCKET_BAD);
	arm(all);
}

static struct names_watch **find(struct names *all, int fd)
{
	struct names_watch **at = &all->watches;

	while (*at && (*at)->io.fd != fd)
		at = &(*at)->next;
	return at;
}

static struct names_watch *add(struct names *all, int fd)
{
	struct names_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;     /* its time will be up */
	ev_io_init(&w->io, on_ready, fd, EV_READ);
	w->io.data = all;
	w->next = all->watches;
	all->watches = w;
	return w;
}

static void on_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct names *all = arg;
	struct names_watch **at = find(all, fd), *w = *at;
	int mask = (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0);

	if (w)
		ev_io_stop(all->loop, &w->io);
	if (w && mask == 0) {
		*at = w->next;
		free(w);
	}
	if (mask == 0 || (!w && !(w = add(all, fd))))
		return;
	ev_io_set(&w->io, fd, mask);
	ev_io_start(all->loop, &w->io);
}

/* -1 and errno: it cannot be opened. */
static int look_at_file(struct stat *is)
{
	int fd = open(_PATH_RESCONF, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	int result = fstat(fd, is);
	close(fd);
	return result;
}

static bool is_made_by(const struct names *all, const struct stat *is)
{
	return is->st_ino == all->file && is->st_mtim.tv_sec == all->written.tv_sec
		&& is->st_mtim.tv_nsec == all->written.tv_nsec;
}

static int make_channel(struct names *all)
{
	struct ares_options options = {
		.timeout = TRY_MS,
		.tries = TRIES,
		.sock_state_cb = on_socket,
		.sock_state_cb_data = all,
	};

	ev_timer_init(&all->timer, on_timer, 0., 0.);
	all->timer.data = all;
	errno = ENOMEM;
	return ares_init_options(&all->channel, &options,
		ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) == ARES_SUCCESS ? 0 : -1;
}

/* Where its file cannot be opened c-ares takes this machine for the name server, for good: it is not asked
 * to while there is no descriptor, nor where it has read one that it may not read any more. */
static int open_channel(struct names *all)
{
	struct stat is = { 0 };
	bool hidden = look_at_file(&is) < 0;

	if (all->channel && (all->open > 0 || hidden || is_made_by(all, &is)))
		return 0;
	if (hidden && (errno == EMFILE || errno == ENFILE))
		return -1;
	names_fini(all);
	all->file = is.st_ino;
	all->written = is.st_mtim;
	return make_channel(all);
}

/* ---- answers ---- */

static int error_of(int status)
{
	switch (status) {
	case ARES_SUCCESS:
		return 0;
	case ARES_ENOTFOUND:
	case ARES_ENODATA:
	case ARES_ENONAME:
	case ARES_EBADNAME:
		return ENOENT;
	case ARES_ENOMEM:
		return ENOMEM;
	case ARES_EDESTRUCTION:
	case ARES_ECANCELLED:
		return ECANCELED;
	default:
		return EAGAIN;
	}
}

static void take_one(struct name *n, const struct ares_addrinfo_node *node)
{
	struct addr *a = &n->addrs[n->count];

	if (n->count == NAME_ADDRS || (size_t)node->ai_addrlen > sizeof(*a)
		|| (node->ai_family != AF_INET && node->ai_family != AF_INET6))
		return;
	*a = (struct addr){0};
	memcpy(a, node->ai_addr, (size_t)node->ai_addrlen);
	addr_set_port(a, n->port);
	n->count++;
}

/* An alias on the way may hold for less time than the addresses behind it. */
static double take_all(struct name *n, const struct ares_addrinfo *found)
{
	double life = LONGEST_LIFE;

	for (const struct ares_addrinfo_cname *alias = found->cnames; alias; alias = alias->next)
		life = fmin(life, alias->ttl);
	for (const struct ares_addrinfo_node *node = found->nodes; node; node = node->ai_next) {
		take_one(n, node);
		life = fmin(life, node->ai_ttl);
	}
	return life;
}

static void tell_askers(struct name *n)
{
	while (n->askers) {
		struct name_asker *next = n->askers;
		n->askers = next->next;
		next->answered(next);
	}
}

static void settle(struct name *n, int error, double life)
{
	n->asking = false;
	n->error = error == 0 && n->count == 0 ? ENOENT : error;
	n->until = clock_seconds() + fmax(life, SHORTEST_LIFE);
	tell_askers(n);
}

/* Whoever is told may ask again, and c-ares is still in the midst of this: it is open until then. */
static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
	struct name *n = arg;
	struct names *all = n->names;
	double life = 0.;

	(void)timeouts;
	if (found) {
		life = take_all(n, found);
		ares_freeaddrinfo(found);
	}
	settle(n, error_of(status), life);
	all->open--;
}

/* ---- questions ---- */

static void begin(struct name *n)
{
	const struct ares_addrinfo_hints hints = { .ai_socktype = SOCK_STREAM };

	n->count = 0;
	if (open_channel(n->names) < 0) {
		settle(n, errno, 0.);
		return;
	}
	n->asking = true;
	n->names->open++;
	ares_getaddrinfo(n->names->channel, n->host, NULL, &hints, on_answer, n);
	arm(n->names);
}

void name_ask(struct name *n, struct name_asker *asker)
{
	struct name_asker **last = &n->askers;

	if (!n->asking && clock_seconds() < n->until) {
		asker->answered(asker);
		return;
	}
	while (*last)
		last = &(*last)->next;
	asker->next = NULL;
	*last = asker;
	if (!n->asking)
		begin(n);
}

void name_forget(struct name *n, struct name_asker *asker)
{
	struct name_asker **at = &n->askers;

	while (*at && *at != asker)
		at = &(*at)->next;
	if (*at)
		*at = asker->next;
}

void names_fini(struct names *all)
{
	if (!all->channel)
		return;
	ares_destroy(all->channel);      /* answers all, and closes its sockets */
	ev_timer_stop(all->loop, &all->timer);
	all->channel = NULL;
}
