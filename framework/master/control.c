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
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "master/balance.h"
#include "master/canary.h"
#include "master/control_name.h"
#include "master/generation.h"
#include "master/logfile.h"
#include "master/master.h"
#include "master/operation.h"
#include "master/plan.h"
#include "master/status.h"
#include "net/listen.h"
#include "net/stream.h"

enum { LONGEST_LINE = 4096 };

#define PATIENCE 10.0            /* seconds for a whole line */

struct control {
	struct master        *master;
	struct hub            hub;
	struct stream_kind    kind;
	struct deadline_queue working;   /* clients whose outcome is not known yet */
	struct listener       listener;
	int                   fd;
	char                  path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

struct control_client {
	struct stream   stream;
	struct control *control;
	bool            asked;
};

/* ---- answers ---- */

static void say(struct control_client *c, json_t *answer)
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
	say(c, json_pack("{s:b, s:s}", "good", (int)good, "said", sentence));
}

/* ---- requests ---- */

/* The last thing that its client hears of us is the end of the connection. */
static void stop(struct master *m)
{
	if (m->stopping)
		return;
	log_info("stop: finishing");
	master_stop(m, m->serving ? m->serving->config->drain : 0.);
}

static void reopen(struct master *m, struct control_client *c)
{
	if (m->serving && logfile_open(m, m->serving->config->log) == 0)
		control_answer(c, true, "log reopened");
	else
		control_answer(c, false, "the log could not be opened; logging goes on where it was");
}

/* So that a number that no int holds cannot become one that is good. */
static int in_range(json_int_t workers)
{
	return workers >= 0 && workers <= CONFIG_MAX_WORKERS ? (int)workers : CONFIG_MAX_WORKERS + 1;
}

static void ask(struct control_client *c, enum operation_kind kind, const json_t *amount)
{
	operation_ask(c->control->master, &(struct operation_wish){
		.kind = kind,
		.amount = in_range(json_integer_value(amount)),
	}, c);
}

static void ask_reload(struct control_client *c, const json_t *canary)
{
	struct operation_wish wish = { .kind = OPERATION_RELOAD, .canary = canary != NULL };
	const char *text = json_string_value(canary);

	if (canary && (!text || config_parse_canary(text, &wish.share, &wish.seconds) < 0))
		control_answer(c, false, "canary: a share and a time are expected, such as 10% 30s, or off");
	else
		operation_ask(c->control->master, &wish, c);
}

static bool is_last_open_of(const struct master *m, const struct config_service *s, unsigned slot)
{
	for (unsigned i = 0; i < m->table.active; i++)
		if (i != slot && !m->table.slots[i]->drained && plan_share(m, s, i) > 0.)
			return false;
	return true;
}

static bool is_last_open(const struct master *m, unsigned slot)
{
	const struct config *c = m->serving ? m->serving->config : NULL;

	for (size_t i = 0; c && i < c->service_count; i++)
		if (is_last_open_of(m, &c->services[i], slot))
			return true;
	return false;
}

static void drain(struct control_client *c, int slot, bool yes)
{
	struct master *m = c->control->master;

	if (!m->serving || m->serving->adopted) {
		control_answer(c, false, "the reload of the upgrade has not succeeded yet; reload first");
		return;
	}
	if ((unsigned)slot >= m->table.active) {
		control_answer(c, false, "there is no such slot");
		return;
	}
	if (yes && is_last_open(m, (unsigned)slot)) {
		control_answer(c, false, "no other slot would be left for new clients");
		return;
	}
	m->table.slots[slot]->drained = yes;
	balance_settle(m);
	log_info("slot %d %s", slot, yes ? "gets no new clients" : "gets new clients again");
	control_answer(c, true, yes ? "it gets no new clients" : "it gets new clients again");
}

static void end_canary(struct control_client *c, int (*how)(struct master *))
{
	if (how(c->control->master) == 0)
		control_answer(c, true, "it is done; the reload says what came of it");
	else
		control_answer(c, false, "there is no canary that serves");
}

static void obey(struct control_client *c, const char *verb, json_t *request)
{
	struct master *m = c->control->master;
	json_t *workers = json_object_get(request, "workers"), *slot = json_object_get(request, "slot");

	if (strcmp(verb, "reload") == 0)
		ask_reload(c, json_object_get(request, "canary"));
	else if (strcmp(verb, "upgrade") == 0)
		operation_ask(m, &(struct operation_wish){ .kind = OPERATION_UPGRADE }, c);
	else if (strcmp(verb, "scale") == 0 && json_is_integer(workers))
		ask(c, OPERATION_SCALE, workers);
	else if (strcmp(verb, "retire") == 0 && json_is_integer(slot))
		ask(c, OPERATION_REPLACE, slot);
	else if (strcmp(verb, "drain") == 0 && json_is_integer(slot))
		drain(c, in_range(json_integer_value(slot)), true);
	else if (strcmp(verb, "undrain") == 0 && json_is_integer(slot))
		drain(c, in_range(json_integer_value(slot)), false);
	else if (strcmp(verb, "promote") == 0)
		end_canary(c, canary_promote);
	else if (strcmp(verb, "rollback") == 0)
		end_canary(c, canary_roll_back);
	else if (strcmp(verb, "stop") == 0)
		stop(m);
	else if (strcmp(verb, "reopen") == 0)
		reopen(m, c);
	else if (strcmp(verb, "status") == 0)
		say(c, status_json(m));
	else
		control_answer(c, false, "this is not a request; see portico -h");
}

static void read_request(struct control_client *c, const char *line, size_t len)
{
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const char *verb = json_string_value(json_object_get(request, "do"));

	c->asked = true;
	stream_expect(&c->stream, &c->control->working);
	if (verb)
		obey(c, verb, request);
	else
		control_answer(c, false, "one line of JSON with \"do\" is expected");
	json_decref(request);
}

/* ---- the stream ---- */

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

/* A path that nobody listens on was left by a crash. */
static void remove_stale(const struct sockaddr_un *name, socklen_t len)
{
	struct stat what;

	/* connect(2) refuses what is no socket with the same error. */
	if (lstat(name->sun_path, &what) < 0 || !S_ISSOCK(what.st_mode))
		return;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (const struct sockaddr *)name, len) < 0 && errno == ECONNREFUSED)
		unlink(name->sun_path);
	close(fd);
}

static int bind_name(const char *file, const char *path)
{
	struct sockaddr_un name;
	socklen_t len = control_name(file, path, &name);

	if (len == 0)
		return -1;
	if (path)
		remove_stale(&name, len);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	mode_t mask = umask(0177);
	int result = bind(fd, (struct sockaddr *)&name, len);
	umask(mask);
	if (result == 0 && listen(fd, 64) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
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

int control_move(struct master *m, const char *path)
{
	struct control *c = m->control;

	if (!c || strcmp(c->path, path ? path : "") == 0)
		return 0;
	int fd = bind_name(m->file, path);
	if (fd < 0) {
		log_error("control = %s: %s; the socket stays where it was",
			path ? path : "(none)", strerror(errno));
		return -1;
	}
	listener_stop(&c->listener);
	close(c->fd);
	if (c->path[0])
		unlink(c->path);
	c->fd = fd;
	snprintf(c->path, sizeof(c->path), "%s", path ? path : "");
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
	while (c->hub.touched)
		stream_settle_touched(c->hub.touched);
	if (c->path[0])
		unlink(c->path);
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
