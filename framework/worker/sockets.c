/* SPDX-License-Identifier: MIT */
/*
 * sockets.c - the sockets that a worker serves.
 *
 * One that is closed while others hold it stays in the epoll set: libev makes
 * itself a new one when the first event of it arrives (docs/surprises.md).
 */
#include "worker/sockets.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "sys/channel.h"
#include "worker/worker.h"

#define OF_NOBODY UINT_MAX       /* a number that no address has */

struct borrowed {
	unsigned         slot;
	unsigned         number;     /* of the address, over all services */
	struct service  *service;
	struct loan     *loan;       /* NULL: it is not served yet, or there was no memory */
	int              fd;
	struct borrowed *next;
};

static void close_own(struct sockets *s, size_t number)
{
	if (s->birth->sockets[number] >= 0)
		close(s->birth->sockets[number]);
	s->birth->sockets[number] = -1;
}

/* ---- finding ---- */

/* The service that address number belongs to, and which of its own it is. */
static struct service *find_service(const struct sockets *s, size_t number, size_t *listen)
{
	const struct config *c = s->birth->config;

	for (size_t i = 0; i < c->service_count; i++) {
		if (number < c->services[i].listen_count) {
			*listen = number;
			return s->services[i];
		}
		number -= c->services[i].listen_count;
	}
	return NULL;
}

static struct borrowed **find_borrowed(struct sockets *s, const struct message *m)
{
	struct borrowed **at = &s->borrowed;

	while (*at && ((*at)->slot != m->slot || (*at)->number != m->value))
		at = &(*at)->next;
	return at;
}

/* ---- serving ---- */

static int borrow_from(struct sockets *s, struct service *service, unsigned slot, unsigned number,
	int fd)
{
	struct borrowed *b = calloc(1, sizeof(*b));

	if (!b)
		return -1;
	if (s->serving)
		b->loan = service_borrow(service, slot, fd);
	if (s->serving && !b->loan) {
		free(b);
		return -1;
	}
	b->slot = slot;
	b->number = number;
	b->service = service;
	b->fd = fd;
	b->next = s->borrowed;
	s->borrowed = b;
	return 0;
}

/* It is everybody's: borrowed of nobody who would want it back, until this worker retires. */
static int serve_admin(struct sockets *s)
{
	const struct config *c = s->birth->config;
	size_t last = c->service_count - 1;

	if (s->birth->admin < 0)
		return 0;
	return borrow_from(s, s->services[last], s->birth->slot, OF_NOBODY, s->birth->admin);
}

void sockets_init(struct sockets *s, const struct worker_birth *birth, struct service **services)
{
	*s = (struct sockets){ .birth = birth, .services = services };
}

void sockets_fini(struct sockets *s)
{
	while (s->borrowed) {
		struct borrowed *b = s->borrowed;
		s->borrowed = b->next;
		free(b);
	}
}

/* What was lent before this worker served. */
static void serve_borrowed(struct sockets *s)
{
	for (struct borrowed *b = s->borrowed; b; b = b->next) {
		b->loan = service_borrow(b->service, b->slot, b->fd);
		if (!b->loan)
			log_error("no memory to serve a socket of slot %u", b->slot);
	}
}

void sockets_serve(struct sockets *s)
{
	const struct config *c = s->birth->config;
	const int *own = s->birth->sockets;

	s->serving = true;
	serve_borrowed(s);
	for (size_t i = 0; i < c->service_count; i++) {
		if (service_serve(s->services[i], own) < 0) {
			log_error("service %s: no memory to serve it", c->services[i].name);
			s->unserved = c->services[i].name;
		}
		own += c->services[i].listen_count;
	}
	if (serve_admin(s) < 0) {
		log_error("admin: no memory to serve its unix socket");
		s->unserved = CONFIG_ADMIN;
	}
}

/* ---- borrowing ---- */

static int borrow(struct sockets *s, const struct message *m, int fd)
{
	size_t listen;
	struct service *service = find_service(s, m->value, &listen);

	return service ? borrow_from(s, service, m->slot, m->value, fd) : -1;
}

void sockets_lend(struct sockets *s, const struct message *m, int fd)
{
	if (fd >= 0 && borrow(s, m, fd) < 0)
		close(fd);
}

void sockets_keep(struct sockets *s, const struct message *m)
{
	size_t listen;
	struct service *service = find_service(s, m->value, &listen);

	if (service)
		service_keep(service, listen);
}

static void give_back(struct borrowed **at, enum service_end how)
{
	struct borrowed *b = *at;

	if (b->loan)
		service_give_back(b->service, b->loan, how);
	close(b->fd);
	*at = b->next;
	free(b);
}

static void drop_own(struct sockets *s, size_t number)
{
	size_t listen;
	struct service *service = find_service(s, number, &listen);

	if (!service || s->birth->sockets[number] < 0)
		return;
	service_drop(service, listen);
	close_own(s, number);
}

void sockets_return(struct sockets *s, const struct message *m)
{
	struct message done = { .type = MESSAGE_RETURNED, .slot = m->slot, .value = m->value };

	if (m->slot == s->birth->slot) {
		drop_own(s, m->value);
	} else {
		struct borrowed **at = find_borrowed(s, m);
		if (*at)
			give_back(at, SERVICE_EMPTY);
	}
	(void)channel_send(s->birth->channel, &done, -1);
}

/* ---- the end ---- */

void sockets_retire(struct sockets *s, enum service_end how, double idle)
{
	const struct config *c = s->birth->config;
	size_t number = 0;

	/* The queue of a slot is its successor's; the admin's socket may have a path that only we were given. */
	while (s->borrowed)
		give_back(&s->borrowed, s->borrowed->number == OF_NOBODY ? SERVICE_EMPTY : how);
	for (size_t i = 0; i < c->service_count; i++) {
		service_retire(s->services[i], how, idle);
		for (size_t k = 0; k < c->services[i].listen_count; k++, number++)
			if (!service_keeps_one(s->services[i], k))
				close_own(s, number);
	}
}

void sockets_let_go(struct sockets *s)
{
	size_t listen;

	for (size_t number = 0; number < s->birth->socket_count; number++) {
		struct service *service = find_service(s, number, &listen);
		if (service && service_keeps_one(service, listen))
			drop_own(s, number);
	}
}

bool sockets_keep_any(const struct sockets *s)
{
	for (size_t i = 0; i < s->birth->config->service_count; i++)
		if (service_keeps(s->services[i]))
			return true;
	return false;
}
