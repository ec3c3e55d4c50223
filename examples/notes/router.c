/* SPDX-License-Identifier: MIT */
/*
 * router.c - two users behind one address do not clash, though both have the same port.
 *
 * The users are 127.0.0.2 and 127.0.0.3, both with the local port 5000.  Between them and
 * the server stands what a home's router is: it speaks for both from its one address,
 * 127.0.0.1, each time with a port of its own, and remembers whose that is.  (A
 * router changes packets; this one makes connections.  What the server sees is the same.)
 */
#include <stdio.h>
#include <string.h>

#include "note.h"

enum { ROUTER = 7180, SERVER = 7190, USER = 5000, USERS = 2 };

struct way {                     /* of one user, through the router, to the server */
	int user, inside;        /* the connection at home */
	int outside, server;     /* the connection to the server */
};

static struct way open_way(const char *home, int router, int server)
{
	struct note_addr local = note_addr(home, USER);
	struct way w;

	w.user = note_connect("127.0.0.1", ROUTER, &local);
	w.inside = accept(router, NULL, NULL);
	w.outside = note_connect("127.0.0.1", SERVER, NULL);
	w.server = accept(server, NULL, NULL);
	note_must(w.user >= 0 && w.inside >= 0 && w.outside >= 0 && w.server >= 0, home);
	return w;
}

/* The server answers with a name for whoever it is; the router passes it in. */
static bool hears_its_own(const struct way *w, char name)
{
	char c = 0, heard = 0;

	note_must(send(w->server, &name, 1, 0) == 1, "send");
	note_must(recv(w->outside, &c, 1, 0) == 1, "recv");
	note_must(send(w->inside, &c, 1, 0) == 1, "send");
	note_must(recv(w->user, &heard, 1, 0) == 1, "recv");
	return heard == name;
}

int main(void)
{
	int router = note_listen("127.0.0.1", ROUTER, 0);
	int server = note_listen("127.0.0.1", SERVER, 0);
	note_must(router >= 0 && server >= 0, "listen");

	struct way a = open_way("127.0.0.2", router, server);
	struct way b = open_way("127.0.0.3", router, server);
	printf("user A is %s; the server sees %s\n", note_local(a.user), note_remote(a.server));
	printf("user B is %s; the server sees %s\n", note_local(b.user), note_remote(b.server));

	bool apart = strcmp(note_remote(a.server), note_remote(b.server)) != 0;
	bool right = hears_its_own(&a, 'A') && hears_its_own(&b, 'B');
	printf("one address, %s; each user hears %s\n", apart ? "two ports" : "one port",
		right ? "its own answer" : "another's answer");
	return apart && right ? 0 : 1;
}
