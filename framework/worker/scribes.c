/* SPDX-License-Identifier: MIT */
/*
 * scribes.c - who writes the access logs of this worker.
 *
 * The master has opened the files: the worker may have dropped its privileges.
 */
#include "worker/scribes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/channel.h"
#include "sys/scribe.h"
#include "worker/worker.h"

/* Less than a worker has that was told to end now. */
#define LAST_LINES_TIME (CLOCK_SECOND / 2)

static int begin_one(struct scribes *s, const struct worker_birth *b, size_t i)
{
	const struct config_service *c = &b->config->services[i];
	uint64_t *lost = &b->page->services[i].counts.errors[ERROR_UNLOGGED];
	char name[128];

	snprintf(name, sizeof(name), "service %s: access_log", c->name);
	s->of[i] = scribe_create(b->access[i], name, lost);
	return s->of[i] ? 0 : -1;
}

int scribes_begin(struct scribes *s, const struct worker_birth *b)
{
	s->count = b->config->service_count;
	s->of = calloc(s->count + 1, sizeof(*s->of));
	if (!s->of)
		return -1;
	for (size_t i = 0; i < s->count; i++)
		if (b->access[i] >= 0 && begin_one(s, b, i) < 0)
			return -1;
	return 0;
}

void scribes_turn(struct scribes *s, const struct message *m, int fd)
{
	if (fd < 0)
		return;
	if (m->value < s->count && s->of[m->value])
		scribe_turn_to(s->of[m->value], fd);
	else
		close(fd);
}

void scribes_change_file(const struct worker_birth *b, const struct message *m, int fd)
{
	if (fd < 0)
		return;
	if (m->value < b->config->service_count && b->access[m->value] >= 0)
		(void)dup3(fd, b->access[m->value], O_CLOEXEC);
	close(fd);
}

void scribes_end(struct scribes *s)
{
	uint64_t until = clock_ns() + LAST_LINES_TIME;

	for (size_t i = 0; s->of && i < s->count; i++)
		if (s->of[i])
			scribe_end(s->of[i], until);
	for (size_t i = 0; s->of && i < s->count; i++)
		if (s->of[i])
			scribe_destroy(s->of[i]);
	free(s->of);
	s->of = NULL;
}
