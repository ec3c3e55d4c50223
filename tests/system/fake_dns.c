/* SPDX-License-Identifier: MIT */
/*
 * fake_dns.c - a name server for this test alone (RFC 1035, 4.1).
 */
#include "fake_dns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

enum { HEAD = 12, TYPE_A = 1 };

/* An answer for the name of the question, at offset 12. */
static size_t put_address(unsigned char *at, unsigned char last)
{
	const unsigned char record[] = { 0xc0, HEAD, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, last };

	memcpy(at, record, sizeof(record));
	return sizeof(record);
}

/* Turns the question of len bytes into its answer; 0: there is none. */
static size_t answer(unsigned char *m, size_t len)
{
	const char *name = (const char *)m + HEAD;
	size_t end = HEAD + strlen(name) + 1 + 4;

	if (len < end || strcmp(name, "\6silent\4test") == 0)
		return 0;
	m[2] = 0x84;             /* an answer, of one who knows */
	m[3] = 0x80;
	memset(m + 6, 0, 6);
	if (strcmp(name, "\7backend\4test") != 0) {
		m[3] |= 3;       /* NXDOMAIN */
		return end;
	}
	if (m[end - 3] != TYPE_A)
		return end;
	m[7] = 2;
	end += put_address(m + end, 2);
	return end + put_address(m + end, 1);
}

static void serve(int fd, _Atomic unsigned *asked)
{
	unsigned char message[1024];
	struct sockaddr_storage from;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(fd, message, 512, 0, (struct sockaddr *)&from, &from_len);
		if (n < HEAD + 5)
			continue;
		atomic_fetch_add(asked, 1);
		size_t len = answer(message, (size_t)n);
		if (len > 0)
			(void)sendto(fd, message, len, 0, (struct sockaddr *)&from, from_len);
	}
}

/* Over the machine's own, in this process and its children alone. */
static void become_the_resolver(void)
{
	char *there = realpath("/etc/resolv.conf", NULL);

	cr_assert_not_null(there);
	write_file("resolv.conf", "nameserver 127.0.0.1\n");
	cr_assert_eq(unshare(CLONE_NEWNS), 0);
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cr_assert_eq(mount(path_of("resolv.conf"), there, NULL, MS_BIND, NULL), 0);
	free(there);
}

void fake_dns_name(const char *server)
{
	FILE *f = fopen("/etc/resolv.conf", "we");       /* in place: it is a mount */

	cr_assert_not_null(f);
	fprintf(f, "nameserver %s\n", server);
	cr_assert_eq(fclose(f), 0);
}

_Atomic unsigned *fake_dns_start(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(53) };
	_Atomic unsigned *asked = mmap(NULL, sizeof(*asked), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	become_the_resolver();
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(bind(fd, (struct sockaddr *)&here, sizeof(here)), 0);
	pid_t pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0)
		serve(fd, asked);
	close(fd);
	return asked;
}
