/* SPDX-License-Identifier: MIT */
/* limits.c - proto/limits.c: connections in all and of one client. */
#include "proto/limits.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "address.h"

static struct limits limits;

static void tear_down(void)
{
	limits_fini(&limits);
}

TestSuite(limits, .fini = tear_down);

static bool enters(const char *text, uint64_t *client)
{
	struct addr a = address_of(text);

	errno = 0;
	if (limits_enter(&limits, &a, client) == 0)
		return true;
	cr_assert_eq(errno, EUSERS);
	return false;
}

Test(limits, without_a_limit_everybody_enters)
{
	uint64_t client;

	limits_init(&limits, 0, 0);
	for (int i = 0; i < 1000; i++)
		cr_assert(enters("192.0.2.1", &client));
	cr_assert_null(limits.clients, "nobody asks who they are");
	for (int i = 0; i < 1000; i++)
		limits_leave(&limits, client);
	cr_assert_eq(limits.open, 0);
}

Test(limits, counts_all_connections)
{
	uint64_t a, b, c;

	limits_init(&limits, 2, 0);
	cr_assert(enters("192.0.2.1", &a));
	cr_assert(enters("192.0.2.2", &b));
	cr_assert_not(enters("192.0.2.3", &c));
	limits_leave(&limits, a);
	cr_assert(enters("192.0.2.3", &c));
	limits_leave(&limits, b);
	limits_leave(&limits, c);
}

Test(limits, counts_the_connections_of_each_client)
{
	uint64_t a, b;

	limits_init(&limits, 0, 2);
	cr_assert(enters("192.0.2.1", &a));
	cr_assert(enters("192.0.2.1", &a));
	cr_assert_not(enters("192.0.2.1", &b));
	cr_assert(enters("192.0.2.2", &b));
	limits_leave(&limits, a);
	cr_assert(enters("192.0.2.1", &a));
	limits_leave(&limits, a);
	limits_leave(&limits, a);
	limits_leave(&limits, b);
	cr_assert_eq(limits.taken, 0);
}

Test(limits, a_network_of_ipv6_is_one_client)
{
	uint64_t a, b;

	limits_init(&limits, 0, 1);
	cr_assert(enters("2001:db8:0:1::1", &a));
	cr_assert_not(enters("2001:db8:0:1:ffff::2", &b));
	cr_assert(enters("2001:db8:0:2::1", &b));
	limits_leave(&limits, a);
	cr_assert(enters("2001:db8:0:1:ffff::2", &a));
}

Test(limits, an_ipv4_address_in_ipv6_dress_is_the_same_client)
{
	uint64_t a, b;

	limits_init(&limits, 0, 1);
	cr_assert(enters("192.0.2.1", &a));
	cr_assert_not(enters("::ffff:192.0.2.1", &b));
	cr_assert(enters("::ffff:192.0.2.2", &b));
}

/* Against an array that is counted through: clients come and go at random. */
Test(limits, the_table_forgets_nobody_and_keeps_nobody)
{
	enum { CLIENTS = 500, MOST = 3, STEPS = 200000 };
	static unsigned open[CLIENTS];
	static uint64_t client[CLIENTS];
	size_t connected = 0;

	srand(1);
	limits_init(&limits, 0, MOST);
	for (int i = 0; i < STEPS; i++) {
		unsigned n = (unsigned)rand() % CLIENTS;
		struct addr a = { .in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(n * 77) } };
		if (rand() % 2) {
			int result = limits_enter(&limits, &a, &client[n]);
			cr_assert_eq(result, open[n] < MOST ? 0 : -1);
			connected += result == 0 && open[n] == 0;
			open[n] += result == 0;
		} else if (open[n] > 0) {
			limits_leave(&limits, client[n]);
			open[n]--;
			connected -= open[n] == 0;
		}
		cr_assert_eq(limits.taken, connected);
	}
	cr_assert_leq(limits.places, 2048);
}

Test(limits, a_place_is_kept_for_one_who_is_not_known_yet)
{
	uint64_t client;

	limits_init(&limits, 2, 1);
	cr_assert_eq(limits_reserve(&limits), 0);
	cr_assert(enters("192.0.2.1", &client));
	cr_assert_eq(limits_reserve(&limits), -1);
	cr_assert_eq(errno, EUSERS);
	limits_give_up(&limits);
	cr_assert_not(enters("192.0.2.1", &client), "of one client there is one");
	cr_assert_eq(limits.open, 1, "who is refused takes no place");
	cr_assert_eq(limits_reserve(&limits), 0);
	limits_give_up(&limits);
	limits_leave(&limits, client);
	cr_assert_eq(limits.open, 0);
}
