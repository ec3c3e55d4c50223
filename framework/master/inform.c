/* SPDX-License-Identifier: MIT */
/*
 * inform.c - a worker that is asked for metrics asks its master, who alone sees all workers.
 *
 * The text goes in a file in memory: it may be longer than any message, and one for all who
 * ask within a moment.  It is sealed, since workers are not trusted with what others read.
 */
#include "master/inform.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "master/generation.h"
#include "master/master.h"
#include "master/status.h"
#include "master/status_parts.h"

#define FRESH 0.1                /* seconds that an answer serves for others too */

/* value becomes its own. */
static int write_line(int fd, json_t *value)
{
	char *line = value ? json_dumps(value, JSON_COMPACT) : NULL;
	int result = line ? dprintf(fd, "%s\n", line) : -1;

	free(line);
	json_decref(value);
	return result < 0 ? -1 : 0;
}

static int make_file(const struct master *m)
{
	int fd = memfd_create("portico-status", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (write_line(fd, status_json(m)) == 0 && write_line(fd, status_numbers(m)) == 0
		&& fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0)
		return fd;
	close(fd);
	return -1;
}

void inform_forget(struct master *m)
{
	if (m->told >= 0)
		close(m->told);
	m->told = -1;
}

void inform(struct member *asking)
{
	struct master *m = asking->generation->master;

	if (m->told < 0 || child_clock() - m->told_at > FRESH) {
		inform_forget(m);
		m->told = make_file(m);
		m->told_at = child_clock();
	}
	/* Without one, or if it does not listen, it waits in vain and says so. */
	if (m->told >= 0)
		(void)child_tell(&asking->child, MESSAGE_STATUS, 0., m->told);
	else
		log_warn("no memory to tell worker %u how all is: %m", asking->slot->index);
}
