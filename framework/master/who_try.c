/* SPDX-License-Identifier: MIT */
/*
 * who_try.c - what could be bound on a port now: tried where that is harmless.
 *
 * A TCP socket that is bound and does not listen takes no connections, and is
 * closed at once: all ways are tried.  A UDP socket takes datagrams as soon as
 * it is bound, so it is never bound into a group that lives.  Without any flag
 * the kernel lets it in only where nobody is, whom it could take nothing from.
 *
 * The kernel compares the users of the sockets, that is who called socket(2)
 * (its fsuid).  Root tries as the user who is there already; everybody
 * else as themselves.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "master/who_port.h"

bool who_meets(const struct who_socket *s, const struct who_place *place)
{
	return diag_meets(&s->s, &place->addr, place->v6only, place->device);
}

bool who_is_at(const struct who_socket *s, const struct who_place *place)
{
	return addr_equal(&s->s.addr, &place->addr) && s->s.device == place->device
		&& (s->s.v6only == 1) == place->v6only;
}

int who_privileged_below(void)
{
	int first = 1024;
	FILE *f = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");

	if (f && fscanf(f, "%d", &first) != 1)
		first = 1024;
	if (f)
		fclose(f);
	return first;
}

/* ---- one try ---- */

static int socket_of(uid_t uid, int family, int type)
{
	int before = geteuid() == 0 ? setfsuid(uid) : -1;
	int fd = socket(family, type | SOCK_CLOEXEC, 0);
	int error = errno;

	if (before >= 0)
		setfsuid((uid_t)before);
	errno = error;
	return fd;
}

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

static int prepare(int fd, const struct who_place *place, enum who_how how)
{
	char device[IF_NAMESIZE] = "";

	if (place->addr.sa.sa_family == AF_INET6
		&& set(fd, IPPROTO_IPV6, IPV6_V6ONLY, place->v6only) < 0)
		return -1;
	if (place->device && (!if_indextoname(place->device, device)
		|| setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, sizeof(device)) < 0))
		return -1;
	if (how == WHO_REUSEADDR)
		return set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	return how == WHO_REUSEPORT ? set(fd, SOL_SOCKET, SO_REUSEPORT, 1) : 0;
}

static struct who_outcome try(const struct who_place *place, int type, enum who_how how)
{
	int fd = socket_of(place->uid, place->addr.sa.sa_family, type);
	bool bound = fd >= 0 && prepare(fd, place, how) == 0
		&& bind(fd, &place->addr.sa, addr_len(&place->addr)) == 0;
	struct who_outcome o = { .tried = true, .answer = bound ? WHO_YES : WHO_NO,
		.error = bound ? 0 : errno };

	if (fd >= 0)
		close(fd);
	return o;
}

/* ---- what is not tried ---- */

/* With a flag that all who are in the way must have too: of the same user, if
 * it is SO_REUSEPORT. */
static struct who_outcome conclude(const struct who_port *p, const struct who_place *place,
	enum who_how how)
{
	struct who_outcome o = { .answer = WHO_YES };

	for (size_t i = 0; i < p->count; i++) {
		const struct who_socket *s = &p->sockets[i];
		int flag = how == WHO_REUSEPORT ? s->reuseport : s->reuseaddr;

		if (!who_meets(s, place))
			continue;
		if (flag == 0 || (how == WHO_REUSEPORT && s->s.uid != place->uid))
			return (struct who_outcome) { .answer = WHO_NO };
		if (flag < 0)
			o.answer = WHO_UNKNOWN;
	}
	return o;
}

static void try_place(const struct who_port *p, struct who_place *place)
{
	place->with[WHO_PLAIN] = try(place, p->type, WHO_PLAIN);
	for (enum who_how how = WHO_REUSEADDR; how < WHO_HOWS; how++) {
		if (p->type == SOCK_STREAM)
			place->with[how] = try(place, p->type, how);
		else if (place->with[WHO_PLAIN].error == EADDRINUSE)
			place->with[how] = conclude(p, place, how);
		else
			place->with[how] = place->with[WHO_PLAIN];
	}
}

/* ---- what the tries tell of those who are there ---- */

static size_t count_in_the_way(const struct who_port *p, const struct who_place *place)
{
	size_t count = 0;

	for (size_t i = 0; i < p->count; i++)
		count += who_meets(&p->sockets[i], place);
	return count;
}

/* Without SO_REUSEADDR on our side a TCP socket gets in beside others only if
 * all have SO_REUSEPORT; and if a single one of the same user keeps it out, that one has not. */
static void learn(struct who_port *p, const struct who_place *place)
{
	const struct who_outcome *shared = &place->with[WHO_REUSEPORT];
	bool alone = count_in_the_way(p, place) == 1 && p->connections + p->time_wait == 0;

	for (size_t i = 0; i < p->count; i++) {
		struct who_socket *s = &p->sockets[i];

		if (s->reuseport >= 0 || !who_meets(s, place))
			continue;
		if (shared->answer == WHO_YES)
			s->reuseport = 1;
		else if (alone && shared->error == EADDRINUSE && s->s.uid == place->uid)
			s->reuseport = 0;
	}
}

/* ---- which places ---- */

static bool is_listed(const struct who_port *p, const struct who_place *place)
{
	for (size_t i = 0; i < p->place_count; i++) {
		const struct who_place *other = &p->places[i];

		if (addr_equal(&other->addr, &place->addr) && other->v6only == place->v6only
			&& other->device == place->device)
			return true;
	}
	return false;
}

/* Root may become anybody: it asks for the user who is there. */
static uid_t user_for(const struct who_port *p, const struct who_place *place)
{
	for (size_t i = 0; geteuid() == 0 && i < p->count; i++)
		if (who_meets(&p->sockets[i], place))
			return p->sockets[i].s.uid;
	return geteuid();
}

static void add_place(struct who_port *p, struct who_place place)
{
	if (is_listed(p, &place))
		return;
	place.uid = user_for(p, &place);
	p->places[p->place_count++] = place;
}

static void add_wildcard(struct who_port *p, int family)
{
	struct who_place place = { .v6only = true };

	place.addr.sa.sa_family = (sa_family_t)family;
	if (family == AF_INET)
		place.addr.in.sin_port = htons(p->port);
	else
		place.addr.in6.sin6_port = htons(p->port);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;                  /* this machine has no IPv6 */
	close(fd);
	add_place(p, place);
}

/* Those that are held, then every address of each family. */
static int list_places(struct who_port *p)
{
	p->places = calloc(p->count + 2, sizeof(*p->places));
	if (!p->places)
		return -1;
	for (size_t i = 0; i < p->count; i++) {
		const struct diag_socket *s = &p->sockets[i].s;
		add_place(p, (struct who_place) { .addr = s->addr, .v6only = s->v6only == 1,
			.device = s->device, .held = true });
	}
	add_wildcard(p, AF_INET);
	add_wildcard(p, AF_INET6);
	return 0;
}

int who_try(struct who_port *p)
{
	if (list_places(p) < 0)
		return -1;
	for (size_t i = 0; i < p->place_count; i++) {
		try_place(p, &p->places[i]);
		if (p->type == SOCK_STREAM)
			learn(p, &p->places[i]);
	}
	return 0;
}
