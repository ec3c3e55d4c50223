/* SPDX-License-Identifier: MIT */
/*
 * split.c - how the kernel splits clients between those who listen on one port, and how a
 * stranger takes its part.
 *
 * With SO_REUSEPORT a new connection goes to the socket that a hash of both addresses and
 * ports names: nobody is asked who has time.  The parts are even by number of sockets; a
 * program that joins, wanted or not, gets a part at once and needs no leave but
 * the same user.
 */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "note.h"

enum { PORT = 7180, CLIENTS = 3000, MOST = 3 };

/* Connects, sees whose queue it is in, and takes it out of there. */
static int serve_one(const int *listeners, int count)
{
	struct pollfd fds[MOST];
	int client = note_connect("127.0.0.1", PORT, NULL);

	note_must(client >= 0, "connect");
	for (int i = 0; i < count; i++)
		fds[i] = (struct pollfd) { .fd = listeners[i], .events = POLLIN };
	note_must(poll(fds, (nfds_t)count, 5000) == 1, "poll");
	for (int i = 0; i < count; i++) {
		if (!fds[i].revents)
			continue;
		/* Reset at once: no port of the client's stays in TIME_WAIT. */
		struct linger now = { .l_onoff = 1 };
		int end = accept(listeners[i], NULL, NULL);
		setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(client);
		close(end);
		return i;
	}
	return -1;
}

/* Whether each gets its even part, give or take a tenth of it. */
static bool show(const char *who, const int *listeners, int count)
{
	int got[MOST] = {0}, even = CLIENTS / count;
	bool good = true;

	for (int i = 0; i < CLIENTS; i++)
		got[serve_one(listeners, count)]++;
	printf("%-26s", who);
	for (int i = 0; i < count; i++) {
		printf(" %5d", got[i]);
		good = good && got[i] > even - even / 5 && got[i] < even + even / 5;
	}
	printf("   %s\n", good ? "even parts" : "not even");
	return good;
}

int main(void)
{
	int listeners[MOST];

	for (int i = 0; i < 2; i++)
		note_must((listeners[i] = note_listen("127.0.0.1", PORT, NOTE_REUSEPORT)) >= 0, "listen");
	bool good = show("two listeners", listeners, 2);
	note_must((listeners[2] = note_listen("127.0.0.1", PORT, NOTE_REUSEPORT)) >= 0, "listen");
	good = show("and a stranger", listeners, 3) && good;
	return good ? 0 : 1;
}
