/* SPDX-License-Identifier: MIT */
/*
 * logfile.c - the log of the master and all its workers.
 *
 * Workers cannot open it: they have dropped their privileges.  So the master
 * does, and hands each of them the descriptor.
 */
#include "master/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "master/generation.h"
#include "master/master.h"

/* To every worker; one that was on standard error goes on there until it is
 * replaced: it was born without a descriptor to change. */
static void hand_out(struct master *m)
{
	for (struct generation *g = m->generations; g; g = g->older)
		generation_tell(g, MESSAGE_LOG, 0., m->log);
}

int logfile_open(struct master *m, const char *path)
{
	if (!path) {
		log_to(STDERR_FILENO);
		if (m->log >= 0)
			close(m->log);
		m->log = -1;
		return 0;
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (fd < 0) {
		log_error("log %s: %s; logging goes on where it was", path, strerror(errno));
		return -1;
	}
	log_to(fd);
	if (m->log >= 0)
		close(m->log);
	m->log = fd;
	hand_out(m);
	return 0;
}
