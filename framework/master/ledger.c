/* SPDX-License-Identifier: MIT */
/*
 * ledger.c - what workers that are gone have counted, by slot.
 */
#include "master/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* ---- finding, and making room ---- */

static struct ledger_service *find_service(const struct ledger *l, unsigned slot, const char *name)
{
	for (size_t i = 0; i < l->service_count; i++)
		if (l->services[i].slot == slot && strcmp(l->services[i].name, name) == 0)
			return &l->services[i];
	return NULL;
}

static struct ledger_counter *find_counter(const struct ledger *l, unsigned slot,
	const char *handler, const char *name)
{
	for (size_t i = 0; i < l->counter_count; i++)
		if (l->counters[i].slot == slot && strcmp(l->counters[i].name, name) == 0
			&& strcmp(l->counters[i].handler, handler) == 0)
			return &l->counters[i];
	return NULL;
}

/* One more at the end of a row, zeroed; NULL without memory. */
static void *one_more(void **row, size_t *count, size_t size)
{
	char *longer = realloc(*row, (*count + 1) * size);

	if (!longer)
		return NULL;
	*row = longer;
	return memset(longer + (*count)++ * size, 0, size);
}

static struct ledger_service *have_service(struct ledger *l, unsigned slot, const char *name)
{
	struct ledger_service *s = find_service(l, slot, name);

	if (s)
		return s;
	s = one_more((void **)&l->services, &l->service_count, sizeof(*s));
	if (!s)
		return NULL;
	s->slot = slot;
	memcpy(s->name, name, strlen(name) + 1);
	return s;
}

static struct ledger_counter *have_counter(struct ledger *l, unsigned slot,
	const struct page_metric *m)
{
	char handler[PAGE_NAME], name[PAGE_NAME];

	page_text(handler, m->handler, sizeof(handler));
	page_text(name, m->name, sizeof(name));
	struct ledger_counter *c = find_counter(l, slot, handler, name);
	if (c)
		return c;
	c = one_more((void **)&l->counters, &l->counter_count, sizeof(*c));
	if (!c)
		return NULL;
	c->slot = slot;
	memcpy(c->handler, handler, strlen(handler) + 1);
	memcpy(c->name, name, strlen(name) + 1);
	page_text(c->help, m->help, sizeof(c->help));
	return c;
}

static struct ledger_loop *have_loop(struct ledger *l, unsigned slot)
{
	while (l->loop_count <= slot)
		if (!one_more((void **)&l->loops, &l->loop_count, sizeof(*l->loops)))
			return NULL;
	return &l->loops[slot];
}

/* ---- in ---- */

static uint64_t bury_service(struct ledger *l, unsigned slot, const struct page_service *service)
{
	char name[PAGE_NAME];
	struct counts last;

	page_text(name, service->name, sizeof(name));
	struct ledger_service *s = have_service(l, slot, name);

	counts_read(&last, &service->counts);
	uint64_t open = counts_active(&last);
	last.lost += open;
	if (s)
		counts_merge(&s->counts, &last);
	else
		log_error("no memory for what a worker has counted: it is forgotten");
	return open;
}

static void bury_loop(struct ledger *l, unsigned slot, const struct page *page, bool unasked)
{
	struct ledger_loop *loop = have_loop(l, slot);

	if (!loop)
		return;
	loop->turns += page->turns;
	loop->busy += page->busy;
	loop->restarts += unasked;
	loop->left_behind += atomic_load_explicit(&page->offload.busy, memory_order_relaxed);
}

static void bury_counters(struct ledger *l, unsigned slot, const struct page *page)
{
	for (uint32_t i = 0; i < page_metrics(page); i++) {
		const struct page_metric *m = &page->metrics[i];
		struct ledger_counter *c = m->kind == PAGE_COUNTER ? have_counter(l, slot, m) : NULL;
		if (c)
			c->count += m->value.count;
	}
}

uint64_t ledger_bury(struct ledger *l, unsigned slot, const struct page *page, unsigned services,
	bool unasked)
{
	uint64_t lost = 0;

	bury_loop(l, slot, page, unasked);
	bury_counters(l, slot, page);
	for (unsigned i = 0; i < services; i++)
		if (page->services[i].name[0])
			lost += bury_service(l, slot, &page->services[i]);
	return lost;
}

/* ---- forgetting ---- */

/* Its place is the last one's. */
static void forget_service(struct ledger *l, size_t i)
{
	struct ledger_service *s = &l->services[i], *all = find_service(l, s->slot, "");

	if (!all) {
		s->name[0] = '\0';
		return;
	}
	counts_merge(&all->counts, &s->counts);
	*s = l->services[--l->service_count];
}

/* "web /api" is of "web". */
static const char *service_of(const struct ledger_counter *c, char out[PAGE_NAME])
{
	size_t len = strcspn(c->handler, " ");

	memcpy(out, c->handler, len);
	out[len] = '\0';
	return out;
}

void ledger_forget(struct ledger *l, bool (*is_known)(const void *arg, const char *service),
	const void *arg)
{
	char name[PAGE_NAME];

	for (size_t i = l->service_count; i-- > 0;)
		if (l->services[i].name[0] && !is_known(arg, l->services[i].name))
			forget_service(l, i);
	for (size_t i = l->counter_count; i-- > 0;)
		if (!is_known(arg, service_of(&l->counters[i], name)))
			l->counters[i] = l->counters[--l->counter_count];
}

/* ---- out ---- */

struct ledger_loop ledger_loop(const struct ledger *l, unsigned slot)
{
	return slot < l->loop_count ? l->loops[slot] : (struct ledger_loop){0};
}

/* ---- over an upgrade ---- */

/* Each row is the size of its elements, their number, and they themselves. */
static int save_row(int fd, const void *row, uint64_t count, uint64_t size)
{
	uint64_t head[2] = { size, count };
	size_t len = count * size;

	if (write(fd, head, sizeof(head)) != (ssize_t)sizeof(head))
		return -1;
	return len == 0 || write(fd, row, len) == (ssize_t)len ? 0 : -1;
}

static int load_row(int fd, void **row, size_t *count, uint64_t size)
{
	uint64_t head[2];

	if (read(fd, head, sizeof(head)) != (ssize_t)sizeof(head) || head[0] != size
		|| head[1] > SIZE_MAX / 2 / size) {
		errno = EINVAL;
		return -1;
	}
	if (head[1] == 0)
		return 0;
	size_t len = head[1] * size;
	*row = malloc(len);
	if (!*row)
		return -1;
	if (read(fd, *row, len) != (ssize_t)len) {
		errno = EINVAL;
		return -1;
	}
	*count = head[1];
	return 0;
}

int ledger_save(const struct ledger *l, int fd)
{
	if (save_row(fd, l->services, l->service_count, sizeof(*l->services)) < 0
		|| save_row(fd, l->counters, l->counter_count, sizeof(*l->counters)) < 0)
		return -1;
	return save_row(fd, l->loops, l->loop_count, sizeof(*l->loops));
}

int ledger_load(struct ledger *l, int fd)
{
	if (load_row(fd, (void **)&l->services, &l->service_count, sizeof(*l->services)) == 0
		&& load_row(fd, (void **)&l->counters, &l->counter_count, sizeof(*l->counters)) == 0
		&& load_row(fd, (void **)&l->loops, &l->loop_count, sizeof(*l->loops)) == 0)
		return 0;
	int error = errno;
	ledger_fini(l);
	errno = error;
	return -1;
}

void ledger_fini(struct ledger *l)
{
	free(l->services);
	free(l->counters);
	free(l->loops);
	*l = (struct ledger){0};
}
