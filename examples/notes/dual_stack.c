/* SPDX-License-Identifier: MIT */
/*
 * dual_stack.c - a socket on [::] takes IPv4, too, until somebody listens on 0.0.0.0.
 *
 * Without IPV6_V6ONLY an IPv6 socket is a dual-stack one: IPv4 clients come in as
 * ::ffff:127.0.0.1.  But the kernel prefers a socket of IPv4: with SO_REUSEPORT one may be opened
 * on the same port, and from then on all IPv4 clients are its own, not half of them.
 * So portico binds 0.0.0.0 and [::] apart, always with IPV6_V6ONLY.
 */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "note.h"

enum { PORT = 7180, CLIENTS = 50 };

/* How many clients come to fd; all others come to none or to another. */
static int count_at(int fd, const char *to)
{
	int clients[CLIENTS], count = 0;

	for (int i = 0; i < CLIENTS; i++)
		note_must((clients[i] = note_connect(to, PORT, NULL)) >= 0, to);
	struct pollfd waiting = { .fd = fd, .events = POLLIN };
	while (poll(&waiting, 1, 0) == 1) {
		close(accept(fd, NULL, NULL));
		count++;
	}
	for (int i = 0; i < CLIENTS; i++)
		close(clients[i]);
	return count;
}

int main(void)
{
	int dual = note_listen("::", PORT, NOTE_REUSEPORT | NOTE_DUAL);
	note_must(dual >= 0, "listen on [::]");

	int before = count_at(dual, "127.0.0.1");
	printf("[::] alone: %d of %d IPv4 clients come to it\n", before, CLIENTS);

	int v4 = note_listen("0.0.0.0", PORT, NOTE_REUSEPORT);
	note_must(v4 >= 0, "listen on 0.0.0.0");
	int after = count_at(dual, "127.0.0.1");
	int v6 = count_at(dual, "::1");
	printf("beside 0.0.0.0: %d of %d IPv4 clients, and %d of %d IPv6 clients\n", after, CLIENTS,
		v6, CLIENTS);
	return before == CLIENTS && after == 0 && v6 == CLIENTS ? 0 : 1;
}
