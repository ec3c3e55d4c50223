/* SPDX-License-Identifier: MIT */
/*
 * lost_queue.c - a listener that dies loses its queue, unless somebody else holds its socket.
 *
 * A client is connected as soon as the kernel has shaken hands with it: it waits in the queue of
 * one socket of the port, before any program has called accept().  When the last
 * descriptor of that socket is closed, all who wait in it are reset, though another
 * listener of the same port would have had time.  A duplicate in another process, or here in
 * this one, is enough to keep it: that is what portico's master does, and calls escrow.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "note.h"

enum { PORT = 7180, CLIENTS = 100 };

static bool was_reset(int client)
{
	char c;

	return recv(client, &c, 1, MSG_DONTWAIT) < 0 && errno != EAGAIN;
}

/* How many of CLIENTS that wait lose their connection when one of two listeners ends. */
static int lose(bool with_escrow)
{
	int clients[CLIENTS], lost = 0;
	int stays = note_listen("127.0.0.1", PORT, NOTE_REUSEPORT);
	int dies = note_listen("127.0.0.1", PORT, NOTE_REUSEPORT);
	note_must(stays >= 0 && dies >= 0, "listen");
	int escrow = with_escrow ? dup(dies) : -1;

	for (int i = 0; i < CLIENTS; i++)
		note_must((clients[i] = note_connect("127.0.0.1", PORT, NULL)) >= 0, "connect");
	close(dies);
	for (int i = 0; i < CLIENTS; i++) {
		lost += was_reset(clients[i]);
		close(clients[i]);
	}
	if (escrow >= 0)
		close(escrow);
	close(stays);
	return lost;
}

int main(void)
{
	int bare = lose(false);
	int kept = lose(true);

	printf("one of two listeners closes: %s of %d who waited are reset\n",
		bare == 0 ? "none" : bare > CLIENTS / 4 && bare < CLIENTS * 3 / 4 ? "about half" : "many",
		CLIENTS);
	printf("the same, with a duplicate of its socket: %d are reset\n", kept);
	return bare > 0 && kept == 0 ? 0 : 1;
}
