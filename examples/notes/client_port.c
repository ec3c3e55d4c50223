/* SPDX-License-Identifier: MIT */
/*
 * client_port.c - why a client's port looks random, and when one can be used twice.
 *
 * Who connects without bind() gets a free port of net.ipv4.ip_local_port_range.  Nobody needs to
 * know it beforehand, and one that is hard to guess is harder to forge.  It
 * only has to make the connection unique: one local port serves two connections that
 * go to different places, and never two that go to the same.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "note.h"

enum { PORT = 7180, OTHER = 7181, CLIENTS = 8, CHOSEN = 5180 };

static bool is_in_range(uint16_t port)
{
	unsigned low = 0, high = 0;
	FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");

	note_must(f && fscanf(f, "%u %u", &low, &high) == 2, "ip_local_port_range");
	fclose(f);
	return port >= low && port <= high;
}

static bool show_given(void)
{
	uint16_t ports[CLIENTS];
	int in_range = 0, twice = 0;

	for (int i = 0; i < CLIENTS; i++) {
		int fd = note_connect("127.0.0.1", PORT, NULL);
		note_must(fd >= 0, "connect");
		ports[i] = note_local_port(fd);
		in_range += is_in_range(ports[i]);
		for (int k = 0; k < i; k++)
			twice += ports[k] == ports[i];
	}
	printf("%d clients of one port: %d ports of the range, %d of them given twice\n", CLIENTS,
		in_range, twice);
	return in_range == CLIENTS && twice == 0;
}

static int from_chosen(uint16_t to)
{
	struct note_addr local = note_addr("127.0.0.1", CHOSEN);
	int fd = note_connect("127.0.0.1", to, &local);

	printf("from port %d to port %d: %s\n", CHOSEN, to, fd < 0 ? strerror(errno) : "connected");
	return fd;
}

int main(void)
{
	note_must(note_listen("127.0.0.1", PORT, 0) >= 0, "listen");
	note_must(note_listen("127.0.0.1", OTHER, 0) >= 0, "listen");

	bool good = show_given();
	good = from_chosen(PORT) >= 0 && good;
	good = from_chosen(OTHER) >= 0 && good;
	good = from_chosen(PORT) < 0 && errno == EADDRNOTAVAIL && good;
	return good ? 0 : 1;
}
