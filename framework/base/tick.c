/* SPDX-License-Identifier: MIT */
/*
 * tick.c - whether the processor's counter can be trusted, and how fast it counts.
 *
 * Whether it is constant, goes on in sleep and is the same on all cores is what the kernel
 * finds out and watches: if it keeps its own time by the counter, we may.
 */
#include "base/tick.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define CLOCK_SOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"

#ifdef __x86_64__
static bool is_clock_of_kernel(void)
{
	char name[8] = "";
	int fd = open(CLOCK_SOURCE, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	ssize_t n = read(fd, name, sizeof(name));
	close(fd);
	return n == 4 && memcmp(name, "tsc\n", 4) == 0;
}
#else
static bool is_clock_of_kernel(void)
{
	return false;
}
#endif

void tick_init(struct tick *t)
{
	*t = (struct tick){ .counts = is_clock_of_kernel() };
}

static bool is_near(uint64_t rate, uint64_t other)
{
	uint64_t apart = rate > other ? rate - other : other - rate;

	return apart <= other / 128;
}

/* What lies between the two readings of an anchor, or a machine that was asleep or moved, makes a
 * rate that the next one does not confirm. */
void tick_learn(struct tick *t)
{
	double ns = (double)(t->ns - t->since_ns);
	double counts = (double)(t->count - t->since_count);
	uint64_t rate = counts > ns / 16. && counts < ns * 16. ? (uint64_t)(ns / counts * 0x1p32) : 0;

	t->span = rate > 0 && is_near(rate, t->rate) ? (uint64_t)(TICK_SPAN / ns * counts) : 0;
	t->rate = rate;
	t->since_ns = t->ns;
	t->since_count = t->count;
}
