/* SPDX-License-Identifier: MIT */
/*
 * legacy.c - connections of a worker that leaves go to one that stays.
 */
#include "worker/legacy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "proto/parcel.h"
#include "sys/channel.h"

#define RETRY 0.5
#define AGAIN 0.05               /* until connections that could not go yet are looked at again */

/* ---- giving ---- */

struct gift {
	int         channel;
	const char *service;
};

/* In front of a message's text.  Without a client its address is all 0, as from a worker of a
 * binary that knows of none: an upgrade hands on, too. */
struct idle_text {
	char        service[64];
	struct addr client;
};

_Static_assert(sizeof(struct idle_text) < MESSAGE_TEXT, "it has room");

/* Likewise of one that a handler continues; its name and what it has to know are behind the message.  A binary
 * that knows of none takes it for an idle one, of a service without a name. */
struct continue_text {
	char                 nobody[64];
	struct addr          client;
	uint32_t             is_socket;
	uint32_t             version;
	struct channels_mark heard;
	char                 plugin[SERVICE_PLUGIN];
	uint32_t             name;       /* of what is behind, the handler's, with a NUL */
};

_Static_assert(sizeof(struct continue_text) < MESSAGE_TEXT, "it has room");

enum { MORE = 2048 + PARCEL_MOST };      /* a name is less than a line of a configuration file */

static int give_idle(const struct gift *g, int fd, const struct service_parcel *p)
{
	struct message m = { .type = MESSAGE_IDLE };
	struct idle_text text = {0};

	snprintf(text.service, sizeof(text.service), "%s", g->service);
	if (p->client)
		text.client = *p->client;
	memcpy(m.text, &text, sizeof(text));
	return channel_send(g->channel, &m, fd);
}

static int give_to_continue(const struct gift *g, int fd, const struct service_parcel *p)
{
	struct message m = { .type = MESSAGE_CONTINUE };
	struct continue_text text = {
		.is_socket = p->is_socket, .version = p->version, .heard = p->heard,
	};
	char more[MORE];

	snprintf(text.plugin, sizeof(text.plugin), "%s", p->plugin);
	text.name = (uint32_t)snprintf(more, MORE - PARCEL_MOST, "%s", p->handler) + 1;
	memcpy(more + text.name, p->data, p->len);
	if (p->client)
		text.client = *p->client;
	memcpy(m.text, &text, sizeof(text));
	return channel_send_more(g->channel, &m, more, text.name + p->len, fd);
}

static int give(void *arg, int fd, const struct service_parcel *p)
{
	return p->handler ? give_to_continue(arg, fd, p) : give_idle(arg, fd, p);
}

/* Those of which something was in the midst have another chance. */
static void on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	testament_open(timer->data);
}

void testament_init(struct testament *t, struct ev_loop *loop, struct service **services,
	size_t count, const struct heir *incoming)
{
	*t = (struct testament){
		.loop = loop,
		.services = services,
		.count = count,
		.heir = -1,
		.incoming = incoming,
	};
	ev_timer_init(&t->again, on_again, 0., 0.);
	t->again.data = t;
}

void testament_name(struct testament *t, int heir, const char stays[MESSAGE_TEXT])
{
	testament_fini(t);
	t->heir = heir;
	for (size_t i = 0; i < CONFIG_MAX_LISTENS; i++)
		t->stays[i] = stays[i];
}

bool testament_names(const struct testament *t, size_t service)
{
	return t->heir >= 0 && !t->stays[service];
}

/* 0: all that is idle now is given; -1: the channel takes no more for now. */
static int give_all(struct testament *t)
{
	for (size_t i = 0; i < t->count; i++) {
		if (t->stays[i])
			continue;
		struct gift g = { .channel = t->heir, .service = service_name(t->services[i]) };
		if (service_hand_on(t->services[i], give, &g) < 0)
			return -1;
	}
	return 0;
}

/* Whether there may be one later that cannot go now. */
static bool waits(const struct testament *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (!t->stays[i] && service_may_hand_on(t->services[i]))
			return true;
	return false;
}

/* All that could go has gone. */
static void rest(struct testament *t)
{
	ev_io_stop(t->loop, &t->writable);
	if (!waits(t))
		return;
	ev_timer_set(&t->again, AGAIN, 0.);
	ev_timer_start(t->loop, &t->again);
}

static void on_writable(struct ev_loop *loop, ev_io *io, int events)
{
	struct testament *t = io->data;

	(void)loop;
	(void)events;
	/* An error other than a full channel is the heir's death: who is left is
	 * treated as if there had been none. */
	bool all = give_all(t) == 0;
	if (all && (t->incoming->from || waits(t)))
		rest(t);         /* until more has come, or has ended what it was in */
	else if (all || errno != EAGAIN)
		testament_fini(t);
}

void testament_open(struct testament *t)
{
	t->open = true;
	if (t->heir < 0 || ev_is_active(&t->writable))
		return;
	ev_io_init(&t->writable, on_writable, t->heir, EV_WRITE);
	t->writable.data = t;
	ev_io_start(t->loop, &t->writable);
}

void testament_fini(struct testament *t)
{
	if (t->heir < 0)
		return;
	if (ev_is_active(&t->writable))
		ev_io_stop(t->loop, &t->writable);
	ev_timer_stop(t->loop, &t->again);
	close(t->heir);
	t->heir = -1;
}

/* ---- taking ---- */

struct inheritance {
	struct heir        *heir;
	ev_io               readable;
	ev_timer            retry;       /* runs while there is no descriptor to be had */
	struct inheritance *next;
};

void heir_init(struct heir *h, struct ev_loop *loop, struct service **services, size_t count,
	struct testament *onward)
{
	*h = (struct heir){
		.loop = loop,
		.services = services,
		.count = count,
		.onward = onward,
	};
}

static void adopt(struct heir *h, const struct message *m, int fd)
{
	struct idle_text text;

	memcpy(&text, m->text, sizeof(text));
	text.service[sizeof(text.service) - 1] = '\0';
	const struct addr *client = text.client.sa.sa_family ? &text.client : NULL;
	for (size_t i = 0; i < h->count; i++)
		if (strcmp(service_name(h->services[i]), text.service) == 0
			&& service_adopt(h->services[i], fd, client) == 0)
			return;
	close(fd);               /* no such service any more: as if it had been idle too long */
}

static void refuse(struct heir *h, const char *handler, const char *why)
{
	unsigned missed;

	if (!seldom_may(&h->told, &missed))
		return;
	if (missed > 0)
		log_warn("%u more connections of workers that left were closed", missed);
	log_warn("handler %s: a connection of the worker before is closed: %s", handler, why);
}

static void go_on(struct heir *h, const struct message *m, const char *more, size_t len, int fd)
{
	const char *why = "there is no such handler any more";
	struct continue_text text;

	memcpy(&text, m->text, sizeof(text));
	text.plugin[sizeof(text.plugin) - 1] = '\0';
	if (text.name == 0 || text.name > len || more[text.name - 1] != '\0') {
		refuse(h, "?", "it came without its name");
		close(fd);
		return;
	}
	const struct service_parcel p = {
		.client = text.client.sa.sa_family ? &text.client : NULL,
		.handler = more,
		.plugin = text.plugin,
		.version = text.version,
		.is_socket = text.is_socket,
		.data = more + text.name,
		.len = len - text.name,
		.heard = text.heard,
	};
	for (size_t i = 0; i < h->count; i++)
		if (service_continue(h->services[i], fd, &p, &why) == 0)
			break;
	if (!why)
		return;
	refuse(h, more, why);
	close(fd);
}

static void end(struct inheritance *i)
{
	struct inheritance **at = &i->heir->from;

	while (*at != i)
		at = &(*at)->next;
	*at = i->next;
	ev_io_stop(i->heir->loop, &i->readable);
	ev_timer_stop(i->heir->loop, &i->retry);
	close(i->readable.fd);
	free(i);
}

/* Whether one more descriptor can be had: the kernel would drop one that cannot. */
static bool has_room(int any)
{
	int spare = fcntl(any, F_DUPFD_CLOEXEC, 0);

	if (spare >= 0)
		close(spare);
	return spare >= 0;
}

static void on_rested(struct ev_loop *loop, ev_timer *t, int events)
{
	struct inheritance *i = t->data;

	(void)events;
	if (!i->heir->held)
		ev_io_start(loop, &i->readable);
}

/* What is in the channel waits there. */
static void wait_for_room(struct inheritance *i)
{
	unsigned missed;

	if (seldom_may(&i->heir->told_wait, &missed))
		log_warn("no descriptor for connections of a worker that leaves: they wait");
	ev_io_stop(i->heir->loop, &i->readable);
	ev_timer_init(&i->retry, on_rested, RETRY, 0.);
	i->retry.data = i;
	ev_timer_start(i->heir->loop, &i->retry);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
	struct inheritance *i = io->data;
	char more[MORE];
	struct message m;
	int fd, got;
	size_t len;

	(void)loop;
	(void)events;
	do {
		if (!has_room(io->fd)) {
			wait_for_room(i);
			return;
		}
		len = sizeof(more);
		got = channel_receive_more(io->fd, &m, more, &len, &fd);
		if (got > 0 && fd >= 0 && m.type == MESSAGE_CONTINUE)
			go_on(i->heir, &m, more, len, fd);
		else if (got > 0 && fd >= 0)
			adopt(i->heir, &m, fd);
	} while (got > 0);
	struct testament *onward = i->heir->onward;
	if (got == 0 || errno != EAGAIN)
		end(i);
	if (onward->open)
		testament_open(onward);
}

void heir_take(struct heir *h, int channel)
{
	struct inheritance *i = channel >= 0 ? calloc(1, sizeof(*i)) : NULL;

	if (!i) {
		if (channel >= 0)
			close(channel);
		return;
	}
	i->heir = h;
	i->next = h->from;
	h->from = i;
	ev_io_init(&i->readable, on_readable, channel, EV_READ);
	i->readable.data = i;
	if (!h->held)
		ev_io_start(h->loop, &i->readable);
}

void heir_hold(struct heir *h)
{
	h->held = true;
	for (struct inheritance *i = h->from; i; i = i->next)
		ev_io_stop(h->loop, &i->readable);
}

void heir_go_on(struct heir *h)
{
	h->held = false;
	for (struct inheritance *i = h->from; i; i = i->next)
		if (!ev_is_active(&i->retry))
			ev_io_start(h->loop, &i->readable);
}

void heir_fini(struct heir *h)
{
	while (h->from)
		end(h->from);
}
