/* SPDX-License-Identifier: MIT */
/*
 * bind.c - make the sockets that a slot does not have yet.
 *
 * Slots bind one after another, in their order, because a UDP socket takes
 * its place in the group when it is bound; a TCP one takes it at listen(),
 * which the master calls in the same order on its duplicates.
 *
 * The first slot looks first whether anybody else holds the address: with
 * SO_REUSEPORT both sides the kernel would let us in, and the two programs
 * would silently share the clients.
 */
#include "worker/bind.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "sys/channel.h"
#include "sys/sock.h"
#include "sys/stranger.h"
#include "worker/report.h"
#include "worker/scribes.h"
#include "worker/worker.h"

static bool has_all(const struct worker_birth *b)
{
	for (size_t i = 0; i < b->socket_count; i++)
		if (b->sockets[i] < 0)
			return false;
	return true;
}

static const char *advice(int error)
{
	switch (error) {
	case EACCES:
		return "; ports under 1024 need root, CAP_NET_BIND_SERVICE or a lower "
			"net.ipv4.ip_unprivileged_port_start";
	case EADDRINUSE:
		return "; stop it, choose another port, or say share = yes if it uses SO_REUSEPORT "
			"under the same user";
	case EADDRNOTAVAIL:
		return "; no interface of this machine has that address";
	case EAFNOSUPPORT:
		return "; this machine has no IPv6: leave the address out";
	case EMFILE:
	case ENFILE:
		return "; raise the limit of descriptors (ulimit -n, LimitNOFILE=)";
	default:
		return "";
	}
}

static int exit_code(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return EX_NOPERM;
	case EADDRINUSE:
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
		return EX_UNAVAILABLE;
	default:
		return EX_OSERR;
	}
}

static int type_of(const struct config_service *s)
{
	return s->protocol == CONFIG_UDP ? SOCK_DGRAM : SOCK_STREAM;
}

/* Somebody else who holds the address: how many, and the first of them. */
static size_t find_strangers(const struct config_service *s, const struct addr *a,
	unsigned long own, bool listening, struct stranger *first)
{
	const struct strangers_known known = {
		.listening = listening,
		.inodes = &own,
		.inode_count = 1,
	};
	return strangers_find(a, type_of(s), &known, first, 1);
}

/* ": held by nginx (pid 4711, ...) and 3 more", or "". */
static void name_holder(const struct config_service *s, const struct addr *a, char *out, size_t size)
{
	struct stranger first;
	char who[STRANGER_TEXT];
	size_t count = find_strangers(s, a, 0, false, &first);

	out[0] = '\0';
	if (count == 0)
		return;
	stranger_tell(&first, who, sizeof(who));
	if (count == 1)
		snprintf(out, size, ": held by %s", who);
	else
		snprintf(out, size, ": held by %s and %zu more", who, count - 1);
}

static int refuse(const struct worker_birth *b, const struct config_service *s,
	const struct addr *a)
{
	char text[ADDR_TEXT], holder[STRANGER_TEXT + 64] = "";
	int error = errno;

	if (error == EADDRINUSE)
		name_holder(s, a, holder, sizeof(holder));
	report(b->channel, exit_code(error), "%s:%u: service %s: bind %s: %s%s%s", s->file, s->line,
		s->name, addr_format(a, text), strerror(error), holder, advice(error));
	return exit_code(error);
}

static int hand_over(const struct worker_birth *b, size_t number)
{
	struct message m = { .type = MESSAGE_BOUND, .value = (uint32_t)number };

	return channel_send(b->channel, &m, b->sockets[number]) < 0 ? EX_OSERR : EX_OK;
}

/* Who binds as we do, at the same moment, and does not listen yet is not met by a
 * probe.  If both see the other, both are refused: better than to share in silence.  The
 * kernel tells who listens before who is only bound, and one may change over between: so those who
 * listen are looked for once more, which costs little; the others cost a walk over all of TIME_WAIT. */
static bool somebody_came(const struct config_service *s, const struct addr *a, int fd)
{
	struct stat own;
	struct stranger first;
	bool came = fstat(fd, &own) == 0 && (find_strangers(s, a, own.st_ino, false, &first) > 0
		|| find_strangers(s, a, own.st_ino, true, &first) > 0);

	errno = EADDRINUSE;
	return came;
}

static int bind_one(const struct worker_birth *b, const struct config_service *s, size_t i,
	size_t number)
{
	const struct addr *a = &s->listens[i];
	bool alone = b->slot == 0 && !s->share && !b->ours[number];

	if (b->sockets[number] >= 0)
		return EX_OK;
	if (alone && sock_probe(a, type_of(s)) < 0)
		return refuse(b, s, a);
	b->sockets[number] = sock_bind(a, type_of(s));
	if (b->sockets[number] < 0)
		return refuse(b, s, a);
	if (alone && somebody_came(s, a, b->sockets[number]))
		return refuse(b, s, a);
	return hand_over(b, number);
}

static int bind_all(const struct worker_birth *b)
{
	size_t number = 0;

	for (size_t n = 0; n < b->config->service_count; n++) {
		const struct config_service *s = &b->config->services[n];
		for (size_t i = 0; i < s->listen_count; i++) {
			int code = bind_one(b, s, i, number++);
			if (code != EX_OK)
				return code;
		}
	}
	return EX_OK;
}

static int await_turn(const struct worker_birth *b)
{
	struct message m;
	int fd;

	while (channel_wait(b->channel, &m, &fd) > 0) {
		if (m.type == MESSAGE_BIND)
			return EX_OK;
		if (m.type == MESSAGE_LOG)
			worker_change_log(b, m.value, fd);
		else if (m.type == MESSAGE_ACCESS)
			scribes_change_file(b, &m, fd);
		else
			break;           /* the generation has been given up */
	}
	return EX_UNAVAILABLE;
}

int bind_sockets(const struct worker_birth *b)
{
	struct message done = { .type = MESSAGE_BOUND_ALL };

	pulse_phase(b->page, PULSE_BINDING);
	if (!has_all(b)) {
		int code = await_turn(b);
		if (code == EX_OK)
			code = bind_all(b);
		if (code != EX_OK)
			return code;
	}
	return channel_send(b->channel, &done, -1) < 0 ? EX_OSERR : EX_OK;
}
