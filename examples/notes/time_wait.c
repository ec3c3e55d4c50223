/* SPDX-License-Identifier: MIT */
/*
 * time_wait.c - "Address already in use", and nobody listens: an old connection is in TIME_WAIT.
 *
 * The side that closes a connection first keeps its end for a minute, lest a late packet
 * be taken for one of a new connection.  If that is the server, its port is not free for a
 * bare bind() until then.  SO_REUSEADDR allows it, if who left the connection behind had set it,
 * too.  Every server sets it.
 */
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>

#include "note.h"

/* A server that hangs up first, and ends. */
static void leave_one(uint16_t port, int flags)
{
	int listener = note_listen("127.0.0.1", port, flags);
	note_must(listener >= 0, "listen");
	int client = note_connect("127.0.0.1", port, NULL);
	int end = accept(listener, NULL, NULL);
	char c;

	note_must(client >= 0 && end >= 0, "connect");
	close(end);
	note_must(recv(client, &c, 1, 0) == 0, "recv");
	close(client);
	close(listener);
}

static bool try(const char *what, uint16_t port, int first, int second, int expected)
{
	leave_one(port, first);
	int fd = note_listen("127.0.0.1", port, second);
	int error = fd < 0 ? errno : 0;

	printf("%-36s %s\n", what, error ? strerror(error) : "bound");
	if (fd >= 0)
		close(fd);
	return error == expected;
}

int main(void)
{
	bool good = try("neither sets SO_REUSEADDR", 7182, NOTE_BARE, NOTE_BARE, EADDRINUSE);

	good = try("only the new server", 7183, NOTE_BARE, 0, EADDRINUSE) && good;
	good = try("both, the old one and the new one", 7184, 0, 0, 0) && good;
	return good ? 0 : 1;
}
