/* SPDX-License-Identifier: MIT */
/*
 * harness.c - what every system test stands on.
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <math.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "server.h"

enum { PATHS = 8 };

static char dir[64];

/* ---- time ---- */

double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void rest(double seconds)
{
	struct timespec t = { .tv_sec = (time_t)seconds, .tv_nsec = (long)(fmod(seconds, 1.) * 1e9) };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t) == EINTR)
		continue;
}

/* To ask may be dear, a program that runs or all of /proc: what takes longer is asked more seldom, so that those
 * who wait do not take the cores from those they wait for. */
bool wait_until(bool (*is_so)(void *arg), void *arg, double seconds)
{
	double begin = seconds_now(), waited;

	while (!is_so(arg)) {
		waited = seconds_now() - begin;
		if (waited > seconds)
			return false;
		rest(fmin(fmax(waited / 10., 0.002), 0.04));
	}
	return true;
}

void let_pass(double seconds)
{
	rest(fmax(seconds, 0.));
}

bool has_sanitizers(void)
{
#ifdef __SANITIZE_ADDRESS__
	return true;
#endif
#ifdef __has_feature
#if __has_feature(address_sanitizer)
	return true;
#endif
#endif
	const char *san = getenv("PORTICO_SAN");
	return san && *san;
}

/* ---- the network ---- */

/* Only the loopback, and all its ports. */
static void enter_network(void)
{
	struct ifreq lo = { .ifr_name = "lo" };

	cr_assert_eq(unshare(CLONE_NEWNET), 0, "a network namespace needs root");
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_geq(fd, 0);
	cr_assert_eq(ioctl(fd, SIOCGIFFLAGS, &lo), 0);
	lo.ifr_flags |= IFF_UP;
	cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
	close(fd);
}

/* ---- files ---- */

const char *harness_dir(void)
{
	return dir;
}

static char *path_buffer(void)
{
	static char paths[PATHS][PATH_MAX];
	static unsigned next;

	return paths[next++ % PATHS];
}

const char *path_of(const char *name)
{
	char *path = path_buffer();

	snprintf(path, PATH_MAX, "%s/%s", dir, name);
	return path;
}

void vwrite_file(const char *name, const char *fmt, va_list args)
{
	const char *path = path_of(name), *fresh = path_of(".fresh");
	FILE *f = fopen(fresh, "we");

	cr_assert_not_null(f, "%s", fresh);
	cr_assert_geq(vfprintf(f, fmt, args), 0);
	cr_assert_eq(fclose(f), 0);
	cr_assert_eq(rename(fresh, path), 0);
}

void write_file(const char *name, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vwrite_file(name, fmt, args);
	va_end(args);
}

void copy_file(const char *from, const char *name)
{
	char block[1 << 16];
	ssize_t n;
	const char *path = path_of(name), *fresh = path_of(".fresh");
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	cr_assert_geq(in, 0, "%s is missing", from);
	cr_assert_geq(out, 0);
	while ((n = read(in, block, sizeof(block))) > 0)
		cr_assert_eq(write(out, block, (size_t)n), n);
	close(in);
	cr_assert_eq(close(out), 0);
	cr_assert_eq(rename(fresh, path), 0);
}

const char *read_file(const char *path)
{
	static char text[1 << 20];
	size_t len = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	if (fd >= 0)
		close(fd);
	text[len] = '\0';
	return text;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

/* ---- what is tested ---- */

static const char *from_environment(const char *name, const char *otherwise)
{
	char *path = path_buffer();
	const char *given = getenv(name);

	if (!given || !*given)
		given = otherwise;
	cr_assert_not_null(realpath(given, path), "%s: %s is missing", name, given);
	return path;
}

const char *portico_binary(void)
{
	return from_environment("PORTICO", "build/portico");
}

static const char *in_folder(const char *folder, const char *so)
{
	char *path = path_buffer();

	snprintf(path, PATH_MAX, "%s/%s", getenv(folder), so);
	return path;
}

const char *example(const char *so)
{
	return in_folder("E", so);
}

const char *test_plugin(const char *so)
{
	return in_folder("T", so);
}

/* ---- the whole ---- */

void harness_set_up(void)
{
	signal(SIGPIPE, SIG_IGN);
	umask(022);
	setenv("E", from_environment("PORTICO_EXAMPLES", "build/examples"), 1);
	setenv("T", from_environment("PORTICO_TEST_PLUGINS", "build/tests/plugins"), 1);
	enter_network();
	strcpy(dir, "/tmp/portico-system-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(chmod(dir, 0755), 0);
}

void harness_tear_down(void)
{
	servers_end();
	if (*dir)
		nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
