/* SPDX-License-Identifier: MIT */
/*
 * loopback.c - 127.0.0.0/8 is this machine and never leaves it.
 *
 * Each of its 16 million addresses can be bound without being set up first.  Who
 * listens on 127.0.0.1 is found there and nowhere else, not from outside and not at
 * 127.0.0.2; who listens on 0.0.0.0 is found at all of them, and from outside.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "note.h"

enum { PORT = 7180 };

static bool try(const char *listening, const char *to, bool expected)
{
	int listener = note_listen(listening, PORT, 0);
	note_must(listener >= 0, listening);

	int client = note_connect(to, PORT, NULL);
	printf("listening on %-10s asked at %-10s %s\n", listening, to,
		client < 0 ? strerror(errno) : "connected");
	bool good = (client >= 0) == expected;
	if (client >= 0)
		close(client);
	close(listener);
	return good;
}

int main(void)
{
	bool good = try("127.0.0.1", "127.0.0.1", true);
	good = try("127.0.0.1", "127.0.0.2", false) && good;
	good = try("127.9.8.7", "127.9.8.7", true) && good;
	good = try("0.0.0.0", "127.0.0.2", true) && good;
	return good ? 0 : 1;
}
