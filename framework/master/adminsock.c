/* SPDX-License-Identifier: MIT */
/*
 * adminsock.c - the admin service's unix socket.
 *
 * The kernel balances no unix sockets, so there is one, made by the master, and whoever of
 * the workers is first accepts.  It belongs to all generations that name its path.
 */
#include "master/adminsock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "master/generation.h"
#include "master/master.h"

enum { BACKLOG = 128, MODE = 0660 };

/* Another one than g that has a socket at path. */
static const struct generation *find_holder(const struct generation *g, const char *path)
{
	for (const struct generation *o = g->master->generations; o; o = o->older)
		if (o != g && o->admin.fd > 0 && strcmp(o->admin.path, path) == 0)
			return o;
	return NULL;
}

static int failed(struct generation *g, const char *path)
{
	char text[MESSAGE_TEXT];
	int error = errno;

	snprintf(text, sizeof(text), "admin = unix:%s: %s%s", path, strerror(error),
		error == EADDRINUSE ? ": somebody listens there already, or it is no socket; "
			"name another path" : "");
	log_error("%s", text);
	generation_note_failure(g, error == EADDRINUSE ? EX_UNAVAILABLE : EX_OSERR, text);
	return -1;
}

static int share(struct generation *g, const struct generation *holder)
{
	g->admin.fd = fcntl(holder->admin.fd, F_DUPFD_CLOEXEC, 3);
	g->admin.file = holder->admin.file;
	return g->admin.fd;
}

static int make(struct generation *g, const char *path)
{
	g->admin.fd = local_listen_at(path, MODE, BACKLOG);
	if (g->admin.fd >= 0)
		g->admin.file = local_file_at(path);
	return g->admin.fd;
}

/* Nobody has it, but it may be open: a binary that knows no admin service, or could not be told of
 * this one, left it so when it was upgraded to us. */
static int make_first(struct generation *g, const char *path)
{
	if (make(g, path) >= 0 || errno != EADDRINUSE)
		return g->admin.fd;
	g->admin.fd = local_inherited(path);
	g->admin.file = local_file_at(path);
	errno = EADDRINUSE;
	return g->admin.fd;
}

/* Its path leads to it no more.  Nobody can ask there, but that is no reason to serve no client. */
static int make_again(struct generation *g, const struct generation *holder, const char *path)
{
	if (make(g, path) >= 0) {
		log_warn("admin = unix:%s: somebody had removed it; made again", path);
		return g->admin.fd;
	}
	log_error("admin = unix:%s: somebody has removed it, and it cannot be made again: %s", path,
		strerror(errno));
	return share(g, holder);
}

int adminsock_open(struct generation *g)
{
	const char *path = g->config->admin_path;

	if (!path || g->admin.fd > 0)
		return 0;
	const struct generation *holder = find_holder(g, path);
	int fd = !holder ? make_first(g, path)
		: local_is_at(path, &holder->admin.file) ? share(g, holder)
		: make_again(g, holder, path);
	if (fd < 0)
		return failed(g, path);
	snprintf(g->admin.path, sizeof(g->admin.path), "%s", path);
	return 0;
}

void adminsock_adopt(struct generation *g, const char *path, int fd)
{
	g->admin.fd = fd;
	g->admin.file = local_file_at(path);
	snprintf(g->admin.path, sizeof(g->admin.path), "%s", path);
}

void adminsock_close(struct generation *g)
{
	if (g->admin.fd <= 0)
		return;
	close(g->admin.fd);
	g->admin.fd = -1;
	if (!find_holder(g, g->admin.path) && local_is_at(g->admin.path, &g->admin.file))
		unlink(g->admin.path);
}

void adminsock_close_all(struct master *m)
{
	for (struct generation *g = m->generations; g; g = g->older)
		adminsock_close(g);
}
