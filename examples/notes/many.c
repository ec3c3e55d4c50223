/* SPDX-License-Identifier: MIT */
/*
 * many.c - one port serves many clients at once.
 *
 * 400 clients are connected to one port at the same time, each is sent its own
 * number, and each hears the right one.  accept() makes a new socket for each
 * connection; the port is not used up by it, descriptors are.
 */
#include <stdio.h>
#include <string.h>

#include "note.h"

enum { PORT = 7180, CLIENTS = 400 };

int main(void)
{
	int clients[CLIENTS], ends[CLIENTS], right = 0;
	int listener = note_listen("127.0.0.1", PORT, 0);
	note_must(listener >= 0, "listen");

	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = note_connect("127.0.0.1", PORT, NULL);
		note_must(clients[i] >= 0, "connect");
		ends[i] = accept(listener, NULL, NULL);
		note_must(ends[i] >= 0, "accept");
	}
	for (int i = 0; i < CLIENTS; i++)
		note_must(send(ends[i], &i, sizeof(i), 0) == sizeof(i), "send");
	for (int i = 0; i < CLIENTS; i++) {
		int heard = -1;
		note_must(recv(clients[i], &heard, sizeof(heard), MSG_WAITALL) == sizeof(heard), "recv");
		right += heard == i && note_local_port(ends[i]) == PORT;
	}
	printf("%d connections at once, on 1 port; %d heard what was for them\n", CLIENTS, right);
	return right == CLIENTS ? 0 : 1;
}
