/* SPDX-License-Identifier: MIT */
/*
 * space.c - the network that the rig runs in.
 *
 * Root is enough; without it a user namespace of our own is tried, which also
 * needs a /dev/net/tun that we may open.
 */
#include "rig/space.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { QUEUE = 20000 };          /* packets that a TUN device holds for the relay */

#define DEVICE "rig0"
#define NETWORK 0x0a4d0000u      /* 10.77.0.0/24 */

/* ---- namespaces ---- */

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -1 : 0;
}

static int become_root_of_own(void)
{
	char map[2][48];

	snprintf(map[0], sizeof(map[0]), "0 %u 1", (unsigned)geteuid());
	snprintf(map[1], sizeof(map[1]), "0 %u 1", (unsigned)getegid());
	if (unshare(CLONE_NEWUSER) < 0)
		return -1;
	if (write_file("/proc/self/setgroups", "deny") < 0 ||
	    write_file("/proc/self/uid_map", map[0]) < 0)
		return -1;
	return write_file("/proc/self/gid_map", map[1]);
}

/* A descriptor of the namespace that we are in. */
static int here(void)
{
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* ---- devices ---- */

static int bring_up(int fd, const char *device)
{
	struct ifreq r = { 0 };

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", device);
	if (ioctl(fd, SIOCGIFFLAGS, &r) < 0)
		return -1;
	r.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &r);
}

/* Number 0 names the device, others an alias of it. */
static int give_address(int fd, int number, uint32_t address)
{
	struct ifreq r = { 0 };
	struct sockaddr_in in = { .sin_family = AF_INET };

	if (number == 0)
		snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", DEVICE);
	else
		snprintf(r.ifr_name, sizeof(r.ifr_name), "%s:%d", DEVICE, number);
	in.sin_addr.s_addr = htonl(address);
	memcpy(&r.ifr_addr, &in, sizeof(in));
	if (ioctl(fd, SIOCSIFADDR, &r) < 0)
		return -1;
	in.sin_addr.s_addr = htonl(0xffffff00u);
	memcpy(&r.ifr_netmask, &in, sizeof(in));
	return ioctl(fd, SIOCSIFNETMASK, &r);
}

static int widen_queue(int fd)
{
	struct ifreq r = { .ifr_name = DEVICE, .ifr_qlen = QUEUE };

	return ioctl(fd, SIOCSIFTXQLEN, &r);
}

static int open_tun(void)
{
	struct ifreq r = { .ifr_name = DEVICE, .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && ioctl(fd, TUNSETIFF, &r) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int furnish(int *tun, uint32_t first, int count)
{
	int result = -1;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bring_up(fd, "lo") < 0)
		goto out;
	if (tun) {
		*tun = open_tun();
		if (*tun < 0 || widen_queue(fd) < 0)
			goto out;
		for (int i = 0; i < count; i++)
			if (give_address(fd, i, first + (uint32_t)i) < 0)
				goto out;
		if (bring_up(fd, DEVICE) < 0)
			goto out;
	}
	result = 0;
out:
	if (fd >= 0)
		close(fd);
	return result;
}

/* ---- the whole ---- */

static struct addr address_of(uint32_t address)
{
	struct addr a = { .in = { .sin_family = AF_INET } };

	a.in.sin_addr.s_addr = htonl(address);
	return a;
}

int space_make(struct space *s, bool relayed, const char **what)
{
	*s = (struct space){ .server = -1, .client = -1, .tuns = { -1, -1 } };
	s->address = address_of(INADDR_LOOPBACK);

	*what = "a user namespace";
	if (geteuid() != 0 && become_root_of_own() < 0)
		return -1;
	*what = "a network namespace";
	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	*what = "the client's network";
	if (furnish(relayed ? &s->tuns[0] : NULL, NETWORK + 2, SPACE_SOURCES) < 0)
		return -1;
	if (!relayed)
		return 0;
	s->client = here();
	*what = "the server's network";
	if (s->client < 0 || unshare(CLONE_NEWNET) < 0 || furnish(&s->tuns[1], NETWORK + 1, 1) < 0)
		return -1;
	s->server = here();
	s->address = address_of(NETWORK + 1);
	s->source = address_of(NETWORK + 2);
	return s->server < 0 ? -1 : setns(s->client, CLONE_NEWNET);
}

int space_enter_server(const struct space *s)
{
	return s->server < 0 ? 0 : setns(s->server, CLONE_NEWNET);
}

/* The 12th number of its line in /proc/net/dev (proc(5)). */
static uint64_t drops_here(void)
{
	char line[512];
	unsigned long long drops = 0;
	FILE *f = fopen("/proc/thread-self/net/dev", "re");

	while (f && fgets(line, sizeof(line), f)) {
		char *at = strstr(line, DEVICE ":");
		if (at)
			(void)sscanf(at + sizeof(DEVICE),
				"%*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %llu", &drops);
	}
	if (f)
		fclose(f);
	return drops;
}

uint64_t space_drops(const struct space *s)
{
	uint64_t drops = 0;

	if (s->server < 0)
		return 0;
	drops = drops_here();
	if (setns(s->server, CLONE_NEWNET) == 0)
		drops += drops_here();
	(void)setns(s->client, CLONE_NEWNET);
	return drops;
}
