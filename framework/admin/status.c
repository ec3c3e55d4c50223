/* SPDX-License-Identifier: MIT */
/*
 * status.c - what the master knows, asked of it by a worker.
 *
 * There is one question under way at a time, however many wait: a master that is stopped
 * finds one when it goes on, not all that were asked meanwhile.
 */
#include "admin/status.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/channel.h"

static void on_patience(struct ev_loop *loop, ev_timer *t, int events);

void status_asker_init(struct status_asker *a, struct ev_loop *loop, int channel)
{
	*a = (struct status_asker){ .loop = loop, .channel = channel };
	ev_timer_init(&a->patience, on_patience, 0., 0.);
	a->patience.data = a;
}

void status_asker_fini(struct status_asker *a)
{
	if (a->loop)
		ev_timer_stop(a->loop, &a->patience);
	a->first = NULL;
}

/* ---- who waits ---- */

static void wait_for_first(struct status_asker *a)
{
	ev_timer_stop(a->loop, &a->patience);
	if (!a->first)
		return;
	ev_timer_set(&a->patience, a->first->since + STATUS_PATIENCE - clock_seconds(), 0.);
	ev_timer_start(a->loop, &a->patience);
}

static struct status_wish *take_first(struct status_asker *a)
{
	struct status_wish *w = a->first;

	a->first = w->next;
	w->waiting = false;
	w->next = NULL;
	return w;
}

/* Those who have waited for as long as the first are told with it: the rest has time left. */
static void on_patience(struct ev_loop *loop, ev_timer *t, int events)
{
	struct status_asker *a = t->data;

	(void)loop;
	(void)events;
	a->asked = false;        /* the answer may have been lost; twice does no harm */
	struct status_wish *w = take_first(a);
	wait_for_first(a);
	w->told(w, NULL);
}

static void ask(struct status_asker *a)
{
	const struct message m = { .type = MESSAGE_STATUS };

	/* If it is full the master hangs, and who waits will hear that in time. */
	if (!a->asked && channel_send(a->channel, &m, -1) == 0)
		a->asked = true;
}

void status_want(struct status_asker *a, struct status_wish *w)
{
	struct status_wish **at = &a->first;

	while (*at)
		at = &(*at)->next;
	*at = w;
	w->next = NULL;
	w->waiting = true;
	w->round = a->round;
	w->since = clock_seconds();
	ask(a);
	if (a->first == w)
		wait_for_first(a);
}

void status_drop(struct status_asker *a, struct status_wish *w)
{
	struct status_wish **at = &a->first;

	if (!w->waiting)
		return;
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	w->waiting = false;
	wait_for_first(a);
}

/* ---- the answer ---- */

static bool split(const char *data, size_t len, struct status_told *out)
{
	const char *end = memchr(data, '\n', len);

	if (!end)
		return false;
	*out = (struct status_told){
		.status = data,
		.status_len = (size_t)(end - data),
		.numbers = end + 1,
		.numbers_len = len - (size_t)(end + 1 - data),
	};
	return true;
}

/* Who wishes again in told() waits for the next answer. */
static void tell_all(struct status_asker *a, const struct status_told *text)
{
	a->round++;
	while (a->first && a->first->round != a->round) {
		struct status_wish *w = take_first(a);
		w->told(w, text);
	}
	wait_for_first(a);
}

void status_answered(struct status_asker *a, int fd)
{
	struct stat file;
	struct status_told text;
	void *data = MAP_FAILED;

	a->asked = false;
	if (fd < 0)
		return;
	size_t len = fstat(fd, &file) == 0 && file.st_size > 0 ? (size_t)file.st_size : 0;
	if (len > 0)
		data = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (data == MAP_FAILED)
		return;
	if (split(data, len, &text))
		tell_all(a, &text);
	munmap(data, len);
}
