/* SPDX-License-Identifier: MIT */
/*
 * control.c - the control socket of the master.
 *
 * A client is a stream like any other, with the same limits: a line that is
 * too long, no line in time, a client that is gone cost a connection and
 * nothing else.
 */
#include "master/control.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "master/control_name.h"
#include "master/control_parts.h"
#include "master/master.h"
#include "master/operation.h"
#include "master/status.h"
#include "net/listen.h"
#include "net/stream.h"
#include "sys/local.h"

enum { LONGEST_LINE = 4096 };

#define PATIENCE 10.0            /* seconds for a whole line */

struct control {
	struct master        *master;
	struct hub            hub;
	struct stream_kind    kind;
	struct deadline_queue working;   /* clients whose outcome is not known yet */
	struct listener       listener;
	int                   fd;
	struct local_file     file;      /* what path led to when it was made */
	char                  path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

struct control_client {
	struct stream   stream;
	struct control *control;
	bool            asked;
};

/* ---- answers ---- */

void control_say(struct control_client *c, json_t *answer)
{
	char *line = json_dumps(answer, JSON_COMPACT);

	static const char nothing[] = "{\"good\":false,\"said\":\"no memory for an answer\"}";

	if (!line)
		(void)stream_write(&c->stream, nothing, sizeof(nothing) - 1);
	else if (stream_write(&c->stream, line, strlen(line)) == 0)
		(void)stream_write(&c->stream, "\n", 1);
	free(line);
	json_decref(answer);
	stream_close(&c->stream, true);
}

void control_answer(struct control_client *c, bool good, const char *sentence)
{
	control_say(c, json_pack("{s:b, s:o}", "good", (int)good, "said", status_text(sentence)));
}

/* ---- the stream ---- */

static void read_request(struct control_client *c, const char *line, size_t len)
{
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const char *verb = json_string_value(json_object_get(request, "do"));

	c->asked = true;
	stream_expect(&c->stream, &c->control->working);
	if (verb)
		control_obey(c->control->master, c, verb, request);
	else
		control_answer(c, false, "one line of JSON with \"do\" is expected");
	json_decref(request);
}

static size_t on_data(struct stream *s, char *data, size_t len)
{
	struct control_client *c = (struct control_client *)s;
	const char *end = memchr(data, '\n', len);

	if (c->asked)
		return len;      /* nothing more is heard */
	if (end) {
		read_request(c, data, (size_t)(end - data));
		return len;
	}
	if (len < LONGEST_LINE)
		return 0;
	control_answer(c, false, "the line is too long");
	return len;
}

static void on_eof(struct stream *s)
{
	struct control_client *c = (struct control_client *)s;
	if (!c->asked)
		stream_close(s, true);
}

static void on_late(struct stream *s)
{
	stream_abort(s);
}

static void on_closed(struct stream *s)
{
	struct control_client *c = (struct control_client *)s;

	operation_forget(c->control->master, c);
	free(c);
}

static const struct stream_ops ops = {
	.data = on_data,
	.eof = on_eof,
	.late = on_late,
	.closed = on_closed,
};

/* ---- who may ---- */

static bool may_command(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0
		&& (who.uid == 0 || who.uid == geteuid());
}

static struct control_client *admit(struct control *control, int fd)
{
	struct control_client *c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		return NULL;
	}
	c->control = control;
	stream_open(&c->stream, &control->kind, fd);
	return c;
}

static void on_accepted(struct listener *l, int fd, const struct addr *peer)
{
	(void)peer;
	if (may_command(fd)) {
		(void)admit(l->owner, fd);
		return;
	}
	log_warn("control: a user that is neither ours nor root was turned away");
	close(fd);
}

/* ---- the socket ---- */

static int bind_name(const char *file, const char *path)
{
	struct sockaddr_un name;
	socklen_t len = control_name(file, path, &name);

	return len == 0 ? -1 : local_listen(&name, len, 0600, 64);
}

int control_adopt(struct master *m, int fd, const char *path)
{
	struct control *c = calloc(1, sizeof(*c));
	if (!c || hub_init(&c->hub, m->loop) < 0) {
		free(c);
		return -1;
	}
	c->master = m;
	c->fd = fd;
	snprintf(c->path, sizeof(c->path), "%s", path);
	c->file = local_file_at(c->path);
	stream_kind_init(&c->kind, &c->hub, &ops, PATIENCE, 0.);
	c->kind.max_input = LONGEST_LINE;
	c->kind.high_water = LONGEST_LINE;
	c->kind.max_queue = 16 * 1024 * 1024;
	deadline_queue_init(&c->working, m->loop, 0., stream_expired);
	c->listener.owner = c;
	c->listener.accepted = on_accepted;
	listener_start(&c->listener, m->loop, fd);
	m->control = c;
	return 0;
}

int control_open(struct master *m, const char *path)
{
	int fd = bind_name(m->file, path);

	if (fd < 0 && errno == EADDRINUSE && path)
		log_error("%s: control = %s: a portico listens there already, or it is no socket; stop it, "
			"remove it or name another path", m->file, path);
	else if (fd < 0 && errno == EADDRINUSE)
		log_error("%s: a portico with this file runs already; portico status -c %s shows it",
			m->file, m->file);
	else if (fd < 0)
		log_error("control socket %s: %s", path ? path : "(abstract)", strerror(errno));
	return fd < 0 ? -1 : control_adopt(m, fd, path ? path : "");
}

/* Its path may lead elsewhere by now: somebody has removed it, and another one made his. */
static void remove_file(const struct control *c)
{
	if (c->path[0] && local_is_at(c->path, &c->file))
		unlink(c->path);
}

static bool is_at(const struct control *c, const char *path)
{
	return strcmp(c->path, path) == 0 && (!path[0] || local_is_at(path, &c->file));
}

int control_move(struct master *m, const char *path)
{
	struct control *c = m->control;

	if (!c || is_at(c, path ? path : ""))
		return 0;
	int fd = bind_name(m->file, path);
	if (fd < 0) {
		log_error("control = %s: %s; the socket stays where it was",
			path ? path : "(none)", strerror(errno));
		return -1;
	}
	if (path && strcmp(c->path, path) == 0)
		log_warn("control = %s: somebody had removed it; made again", path);
	else
		remove_file(c);
	listener_stop(&c->listener);
	close(c->fd);
	c->fd = fd;
	snprintf(c->path, sizeof(c->path), "%s", path ? path : "");
	c->file = local_file_at(c->path);
	listener_start(&c->listener, m->loop, fd);
	return 0;
}

const char *control_path(const struct master *m)
{
	return m->control ? m->control->path : "";
}

void control_close(struct master *m)
{
	struct control *c = m->control;

	if (!c)
		return;
	m->control = NULL;
	listener_stop(&c->listener);
	stream_abort_all(&c->kind.idle);
	stream_abort_all(&c->kind.linger);
	stream_abort_all(&c->working);
	while (c->hub.touched.first)
		stream_settle_listed(c->hub.touched.first);
	remove_file(c);
	close(c->fd);
	stream_kind_fini(&c->kind);
	deadline_queue_fini(&c->working);
	hub_fini(&c->hub);
	free(c);
}

int control_fd(const struct master *m)
{
	return m->control ? m->control->fd : -1;
}

int control_client_fd(const struct control_client *client)
{
	return client ? client->stream.io.fd : -1;
}

struct control_client *control_adopt_client(struct master *m, int fd)
{
	struct control_client *c = fd >= 0 && m->control ? admit(m->control, fd) : NULL;

	if (c) {
		c->asked = true;
		stream_expect(&c->stream, &m->control->working);
	}
	return c;
}

static bool is_unheard(const struct control_client *c)
{
	return !c->asked && stream_is_at_rest(&c->stream);
}

static bool is_halfway(const struct control_client *c)
{
	return c->asked ? stream_queued(&c->stream) > 0 : !is_unheard(c);
}

static bool any_is_halfway(const struct deadline_queue *q)
{
	for (struct deadline *d = q->list.next; d != &q->list; d = d->next)
		if (is_halfway((const struct control_client *)stream_of(d)))
			return true;
	return false;
}

/* Who is unsent is in idle, whatever it expects. */
bool control_is_halfway(const struct master *m)
{
	const struct control *c = m->control;

	return c && (any_is_halfway(&c->kind.idle) || any_is_halfway(&c->working));
}

void control_each_unheard(const struct master *m, void (*act)(void *arg, int fd), void *arg)
{
	if (!m->control)
		return;
	const struct deadline *all = &m->control->kind.idle.list;
	for (struct deadline *d = all->next; d != all; d = d->next) {
		const struct stream *s = stream_of(d);
		if (is_unheard((const struct control_client *)s))
			act(arg, s->io.fd);
	}
}

void control_adopt_unheard(struct master *m, int fd)
{
	if (m->control)
		(void)admit(m->control, fd);
}
