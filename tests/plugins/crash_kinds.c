/* SPDX-License-Identifier: MIT */
/* crash_kinds.c - dies of the signal that the path names: /api/segv and so on.
 * Keeps what the client sent on its stack meanwhile, so that a log that shows memory would show it. */
#define _GNU_SOURCE
#include <portico.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile int zero;

/* Calls that another call follows, so that none becomes a jump. */
#define FRAME __attribute__((noinline))

static FRAME int overrun_the_stack(volatile char *above)
{
	volatile char block[4096];

	block[0] = *above;
	if (zero)
		return 0;
	return overrun_the_stack(block) + block[0];
}

static FRAME int touch_nothing(void)
{
	volatile char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*page = 1;
	return *page;
}

static FRAME int touch_behind_a_file(void)
{
	int fd = memfd_create("short", MFD_CLOEXEC);
	volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	return *page;
}

static FRAME int divide_by_zero(void)
{
#if defined(__x86_64__)
	int high = 0, low = 1;
	__asm__ volatile("idivl %2" : "+a"(low), "+d"(high) : "r"(zero) : "cc");
	return low;
#else
	return raise(SIGFPE);
#endif
}

static FRAME int run_nonsense(void)
{
	if (!zero)
		__builtin_trap();
	return zero;
}

static FRAME int give_up(void)
{
	if (!zero)
		abort();
	return zero;
}

static FRAME int call_nothing(void)
{
	int (*volatile nothing)(void) = NULL;

	return nothing() + 1;
}

static int crash(const char *path)
{
	volatile char here = 1;

	if (strcmp(path, "/api/segv") == 0)
		return touch_nothing() + 1;
	if (strcmp(path, "/api/deep") == 0)
		return overrun_the_stack(&here) + 1;
	if (strcmp(path, "/api/bus") == 0)
		return touch_behind_a_file() + 1;
	if (strcmp(path, "/api/fpe") == 0)
		return divide_by_zero() + 1;
	if (strcmp(path, "/api/ill") == 0)
		return run_nonsense() + 1;
	if (strcmp(path, "/api/abrt") == 0)
		return give_up() + 1;
	if (strcmp(path, "/api/null") == 0)
		return call_nothing() + 1;
	return 0;
}

static int request(struct portico_request *req)
{
	char copy[256] = "";
	const char *secret = portico_request_header(req, "Authorization");

	if (secret)
		strncpy(copy, secret, sizeof(copy) - 1);
	int died = crash(portico_request_path(req));
	return portico_reply_text(req, 200, died || copy[0] ? "known\n" : "fine\n");
}

PORTICO_PLUGIN(.name = "crash_kinds", .http_request = request)
