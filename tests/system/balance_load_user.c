/* SPDX-License-Identifier: MIT */
/* balance_load_user.c - balance = load without CAP_BPF: weights that follow. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balance_rig.h"
#include "client.h"
#include "harness.h"
#include "load.h"
#include "load_rig.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(balance_load_user);

enum { NOBODY = 65534 };

static struct server *start_as_nobody(unsigned workers)
{
	write_file("portico.ini", WHO, workers);
	struct server *s = server_spawn(&(struct spawn){ .uid = NOBODY });
	server_await_generation(s, 1);
	return s;
}

#define BY_WEIGHTS "weights renewed 10 times a second, classic BPF"

static long overflows(void)
{
	unsigned long names = 0;
	const char *text = read_file("/proc/self/net/netstat");
	char copy[8192], values[8192];
	const char *second = strstr(text, "\nTcpExt: ");

	cr_assert_not_null(second);
	snprintf(copy, sizeof(copy), "%.*s", (int)(second - text), text);
	snprintf(values, sizeof(values), "%.*s", (int)strcspn(second + 1, "\n"), second + 1);
	char *at = strstr(copy, " ListenOverflows");
	cr_assert_not_null(at);
	for (const char *c = copy; c < at; c++)
		names += *c == ' ';
	const char *v = values;
	for (unsigned long i = 0; i <= names; i++)
		v = strchr(v, ' ') + 1;
	return strtol(v, NULL, 10);
}

Test(balance_load_user, an_ordinary_user_falls_back_to_weights_and_is_told_why)
{
	struct server *s = start_as_nobody(4);

	server_await(s, "service web: balance = load by weights that are renewed ten times a second: "
		"BPF array: Operation not permitted: CAP_BPF is missing");
	balance_runs("web", "load", BY_WEIGHTS,
		"BPF array: Operation not permitted: CAP_BPF is missing");
	load_end(s);
}

/* 2000 clients in some 4 seconds: their pace is the case, weights follow ten times a second. */
static void load_stay_slowly(unsigned count)
{
	double begin = seconds_now();

	for (unsigned i = 0; i < count; i++) {
		load_stay(1);
		while (seconds_now() < begin + i * .002)
			poll(NULL, 0, 1);
	}
}

Test(balance_load_user, an_ordinary_user_has_it_nearly_even)
{
	struct server *s = start_as_nobody(4);

	load_stay_slowly(STAY);
	load_expect_even(4, EVEN_WITHOUT_CAP_BPF, "2000 connections by weights");
	load_expect_uncut();
	cr_assert_eq(overflows(), 0, "%ld connections met a full queue", overflows());
	load_end(s);
}

/* All at once, within one tenth of a second: as even as chance, and no queue runs over. */
Test(balance_load_user, a_burst_overflows_no_queue)
{
	struct server *s = start_as_nobody(4);

	load_stay(STAY / 2);
	crowd_leave(&crowd, STAY / 2);
	load_stay(STAY / 2);
	load_expect_even(4, 1.5, "a burst");
	cr_assert_eq(overflows(), 0);
	load_end(s);
}

Test(balance_load_user, an_ordinary_users_new_slots_get_the_next_ones)
{
	struct server *s = start_as_nobody(2);
	struct outcome o;

	load_stay_slowly(600);
	verb_succeeds(&o, "scale", "4");
	cr_assert_str_eq(balance_says("web", "runs"), BY_WEIGHTS);
	load_stay_slowly(900);
	load_expect_even(4, 1.2, "two more slots, by weights");
	verb_succeeds(&o, "scale", "3");
	load_expect_uncut();
	cr_assert_eq(overflows(), 0);
	load_end(s);
}
