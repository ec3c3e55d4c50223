/* SPDX-License-Identifier: MIT */
/* bus.c - sys/bus.c: what anybody says all hear, in order, or know that they missed it. */
#include "sys/bus.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/robust.h"

static struct bus *bus;
static struct bus_place place;
static struct bus_message m;
static uint64_t missed;

static void set_up(void)
{
	bus = bus_create(BUS_LEAST);
	cr_assert_not_null(bus, "%s", strerror(errno));
	bus_join(bus, &place);
}

static void tear_down(void)
{
	bus_destroy(bus);
}

TestSuite(bus, .init = set_up, .fini = tear_down, .timeout = 120);

static void say(const char *channel, const char *text)
{
	cr_assert_eq(bus_say(bus, channel, text, strlen(text)), 0, "%s", strerror(errno));
}

static void hears(struct bus_place *p, const char *channel, const char *text)
{
	cr_assert_eq(bus_hear(bus, p, &m, &missed), 1, "nothing instead of %s", text);
	cr_assert_str_eq(m.channel, channel);
	cr_assert_str_eq((char *)m.data, text);
	cr_assert_eq(m.len, strlen(text));
}

static bool is_readable(int ear)
{
	return poll(&(struct pollfd){ .fd = ear, .events = POLLIN }, 1, 0) == 1;
}

Test(bus, all_hear_what_is_said_since_they_joined)
{
	struct bus_place late;

	say("a", "one");
	bus_join(bus, &late);
	say("b", "");
	hears(&place, "a", "one");
	hears(&place, "b", "");
	hears(&late, "b", "");
	cr_assert_eq(bus_hear(bus, &place, &m, &missed), 0);
	cr_assert_eq(bus_hear(bus, &late, &m, &missed), 0);
	cr_assert_eq(missed, 0);
}

Test(bus, each_ear_is_told_once_a_ring)
{
	int a = bus_ear(bus), b = bus_ear(bus);

	bus_ear_clear(a);
	bus_ear_clear(b);
	for (int i = 0; i < 3; i++) {
		cr_assert(!is_readable(a) && !is_readable(b));
		say("a", "one");
		say("a", "two");
		cr_assert(is_readable(a) && is_readable(b));
		bus_ear_clear(a);
		cr_assert(!is_readable(a) && is_readable(b));
		bus_ear_clear(b);
	}
	close(a);
	close(b);
}

Test(bus, refuses_what_has_no_channel_or_is_too_long)
{
	static char long_name[BUS_CHANNEL + 2], data[BUS_DATA + 1];

	memset(long_name, 'a', sizeof(long_name) - 1);
	cr_assert_eq(bus_say(bus, "", "", 0), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(bus_say(bus, long_name, "", 0), -1);
	cr_assert_eq(errno, EMSGSIZE);
	cr_assert_eq(bus_say(bus, "a", data, sizeof(data)), -1);
	cr_assert_eq(errno, EMSGSIZE);
	cr_assert_eq(bus_hear(bus, &place, &m, &missed), 0);
	cr_assert_eq(bus_say(bus, long_name + 1, data, BUS_DATA), 0);
	cr_assert_eq(bus_hear(bus, &place, &m, &missed), 1);
	cr_assert_eq(m.len, BUS_DATA);
}

Test(bus, who_is_slow_misses_the_oldest_and_knows_how_many)
{
	static char data[1000];
	enum { ALL = 5000 };
	unsigned heard = 0, last = 0;

	for (unsigned i = 1; i <= ALL; i++) {
		memcpy(data, &i, sizeof(i));
		cr_assert_eq(bus_say(bus, "n", data, i % sizeof(data) + sizeof(i) > sizeof(data) ? 4 : i % sizeof(data) + 4), 0);
	}
	while (bus_hear(bus, &place, &m, &missed)) {
		memcpy(&last, m.data, sizeof(last));
		heard++;
		cr_assert_eq(last, missed + heard, "out of order");
	}
	cr_assert_eq(last, ALL);
	cr_assert_eq(heard + missed, ALL);
	cr_assert_gt(heard, BUS_LEAST / 1100);
	say("a", "on");
	hears(&place, "a", "on");
}

/* ---- processes ---- */

/* A message is its length and speaker, again and again. */
static void speak(unsigned who, unsigned count)
{
	static unsigned data[256];

	for (unsigned i = 1; i <= count; i++) {
		size_t words = 3 + (i * 7 + who) % 200;
		data[0] = who;
		data[1] = i;
		for (size_t k = 2; k < words; k++)
			data[k] = who << 24 ^ i;
		if (bus_say(bus, "n", data, words * sizeof(*data)) < 0)
			_exit(1);
	}
}

static bool is_whole(unsigned *who, unsigned *number)
{
	const unsigned char *data = m.data;
	unsigned word;

	memcpy(who, data, sizeof(word));
	memcpy(number, data + sizeof(word), sizeof(word));
	for (size_t k = 2; k < m.len / sizeof(word); k++) {
		memcpy(&word, data + k * sizeof(word), sizeof(word));
		if (word != (*who << 24 ^ *number))
			return false;
	}
	return m.len % sizeof(word) == 0 && m.len >= 3 * sizeof(word);
}

Test(bus, what_many_say_comes_whole_and_in_each_ones_order)
{
	enum { SPEAKERS = 3, EACH = 30000 };
	unsigned last[SPEAKERS] = { 0 }, left = SPEAKERS, who, number;
	uint64_t heard = 0;

	for (unsigned i = 0; i < SPEAKERS; i++)
		if (fork() == 0) {
			speak(i, EACH);
			_exit(0);
		}
	for (bool more = true; more || left > 0;) {
		int status;
		while (left > 0 && waitpid(-1, &status, WNOHANG) > 0) {
			cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
			left--;
		}
		more = bus_hear(bus, &place, &m, &missed);
		if (!more)
			continue;
		cr_assert(is_whole(&who, &number) && who < SPEAKERS, "torn");
		cr_assert_gt(number, last[who], "out of order");
		last[who] = number;
		heard++;
	}
	unsigned ended = 0;
	for (unsigned i = 0; i < SPEAKERS; i++)
		ended += last[i] == EACH;
	cr_assert_gt(ended, missed > 0 ? 0 : SPEAKERS - 1, "last words are lost");   /* the very last never */
	cr_assert_eq(heard + missed, SPEAKERS * EACH);
}

Test(bus, killed_speakers_leave_it_whole)
{
	unsigned who, number;

	for (unsigned i = 0; i < 300; i++) {
		pid_t child = fork();
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				speak(i & 127, 1000);
		}
		usleep(100 + i % 7 * 100);       /* at any moment of its work */
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		while (bus_hear(bus, &place, &m, &missed))
			cr_assert(is_whole(&who, &number), "torn");
		say("a", "on");
		hears(&place, "a", "on");
	}
}

/* Of what a worker may write over: what has been said, and from where on it is still there. */
Test(bus, a_head_that_was_written_over_costs_messages_and_no_more)
{
	const size_t oldest = 2 + sizeof(struct robust) / sizeof(uint64_t), said = oldest + 1;
	const struct { size_t word; uint64_t value; } writes[] = {
		{ oldest, 1 << 20 }, { oldest, UINT64_MAX / 2 }, { oldest, 0 },
		{ said, UINT64_C(1) << 62 }, { said, 0 }, { said, 4711 },
	};
	uint64_t *words = mmap(NULL, BUS_LEAST, PROT_READ | PROT_WRITE, MAP_SHARED, bus_fd(bus), 0);

	cr_assert_neq(words, MAP_FAILED);
	say("a", "one");
	cr_assert_eq(words[oldest], 0);
	cr_assert_eq(words[said], 24);
	for (size_t i = 0; i < sizeof(writes) / sizeof(*writes); i++) {
		words[writes[i].word] = writes[i].value;
		(void)bus_hear(bus, &place, &m, &missed);
		for (unsigned k = 0; k < 3 * BUS_LEAST / 64; k++)
			say("a", "what goes round the ring, so that all of it is made room for");
		while (bus_hear(bus, &place, &m, &missed) > 0)
			;
		say("a", "on");
		hears(&place, "a", "on");
	}
	munmap(words, BUS_LEAST);
}

Test(bus, goes_on_in_another_program)
{
	struct bus *again = bus_open(dup(bus_fd(bus)), dup(bus_bell(bus)));
	int ear = bus_ear(bus);

	cr_assert_not_null(again);
	cr_assert_eq(bus_size(again), BUS_LEAST);
	bus_ear_clear(ear);
	cr_assert_eq(bus_say(again, "a", "one", 3), 0);
	cr_assert(is_readable(ear));
	hears(&place, "a", "one");
	bus_destroy(again);
	close(ear);
	int other = memfd_create("other", MFD_CLOEXEC);
	cr_assert_eq(ftruncate(other, BUS_LEAST), 0);
	cr_assert_null(bus_open(other, dup(other)));
	cr_assert_eq(errno, EINVAL);
}
