/* SPDX-License-Identifier: MIT */
/*
 * tcp_and_udp.c - TCP and UDP have port numbers of their own: the same one is free in both.
 *
 * A packet says which protocol it is of before it says which port it is for.  So
 * DNS answers at 53/udp and at 53/tcp, and a web server speaks HTTP/2 at 443/tcp and HTTP/3
 * at 443/udp.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "note.h"

enum { PORT = 7180 };

static int try(const char *what, int flags)
{
	int fd = note_listen("127.0.0.1", PORT, flags);

	printf("%-16s %d: %s\n", what, PORT, fd < 0 ? strerror(errno) : "bound");
	return fd;
}

int main(void)
{
	bool tcp = try("TCP", 0) >= 0;
	bool udp = try("UDP", NOTE_UDP) >= 0;
	bool tcp_again = try("TCP once more", 0) >= 0;
	bool udp_again = try("UDP once more", NOTE_UDP) >= 0;

	return tcp && udp && !tcp_again && !udp_again ? 0 : 1;
}
