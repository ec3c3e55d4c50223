/* SPDX-License-Identifier: MIT */
/*
 * sockets.c - a socket is an address and a port; a connection is two of them and a protocol.
 *
 * One server, two clients, all in this process.  Each end of each connection is
 * asked where it is (getsockname) and where the other is (getpeername).  The server's ends
 * have one and the same local socket, which is also the listener's: only the remote
 * one tells them apart.
 */
#include <stdio.h>
#include <string.h>

#include "note.h"

enum { PORT = 7180 };

static void show(const char *whose, int fd)
{
	printf("%-24s %-16s and %s\n", whose, note_local(fd), note_remote(fd));
}

int main(void)
{
	int listener = note_listen("127.0.0.1", PORT, 0);
	note_must(listener >= 0, "listen");
	printf("%-24s %s\n", "the listener", note_local(listener));

	int client_a = note_connect("127.0.0.1", PORT, NULL);
	int server_a = accept(listener, NULL, NULL);
	int client_b = note_connect("127.0.0.1", PORT, NULL);
	int server_b = accept(listener, NULL, NULL);
	note_must(client_a >= 0 && server_a >= 0 && client_b >= 0 && server_b >= 0, "connect");

	show("client A's end", client_a);
	show("the server's end of A", server_a);
	show("client B's end", client_b);
	show("the server's end of B", server_b);

	bool same_local = strcmp(note_local(server_a), note_local(server_b)) == 0;
	bool same_remote = strcmp(note_remote(server_a), note_remote(server_b)) == 0;
	printf("at the server the local socket is %s, the remote one %s\n",
		same_local ? "the same" : "another", same_remote ? "the same" : "another");
	return same_local && !same_remote ? 0 : 1;
}
