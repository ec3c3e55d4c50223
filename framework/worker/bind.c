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
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "sys/channel.h"
#include "sys/sock.h"
#include "worker/report.h"
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
		return "; another program holds it (ss -lnp shows which): stop it, choose another "
			"port, or say share = yes if it uses SO_REUSEPORT under the same user";
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

static int refuse(const struct worker_birth *b, const struct config_service *s,
	const struct addr *a)
{
	char text[ADDR_TEXT];
	int error = errno;

	report(b->channel, exit_code(error), "%s:%u: service %s: bind %s: %s%s", s->file, s->line,
		s->name, addr_format(a, text), strerror(error), advice(error));
	return exit_code(error);
}

static int hand_over(const struct worker_birth *b, size_t number)
{
	struct message m = { .type = MESSAGE_BOUND, .value = (uint32_t)number };

	return channel_send(b->channel, &m, b->sockets[number]) < 0 ? EX_OSERR : EX_OK;
}

static int bind_one(const struct worker_birth *b, const struct config_service *s, size_t i,
	size_t number)
{
	int type = s->protocol == CONFIG_UDP ? SOCK_DGRAM : SOCK_STREAM;

	if (b->sockets[number] >= 0)
		return EX_OK;
	if (b->slot == 0 && !s->share && !b->ours[number] && sock_probe(&s->listens[i], type) < 0)
		return refuse(b, s, &s->listens[i]);
	b->sockets[number] = sock_bind(&s->listens[i], type);
	if (b->sockets[number] < 0)
		return refuse(b, s, &s->listens[i]);
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
		if (m.type != MESSAGE_LOG)
			break;           /* the generation has been given up */
		worker_change_log(b, fd);
	}
	return EX_UNAVAILABLE;
}

int bind_sockets(const struct worker_birth *b)
{
	struct message done = { .type = MESSAGE_BOUND_ALL };

	pulse_phase(b->pulse, PULSE_BINDING);
	if (!has_all(b)) {
		int code = await_turn(b);
		if (code == EX_OK)
			code = bind_all(b);
		if (code != EX_OK)
			return code;
	}
	return channel_send(b->channel, &done, -1) < 0 ? EX_OSERR : EX_OK;
}
