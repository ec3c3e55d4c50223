/* SPDX-License-Identifier: MIT */
/* balance.c - balance = KIND for new connections: each slot gets what was asked for. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "balance_rig.h"
#include "harness.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(balance);

/* ---- shares ---- */

Test(balance, random_gives_all_the_same)
{
	struct server *s = server_start(TCP("random"), 4);
	struct census c;

	balance_runs("lines", "random", "chance by weight, classic BPF", "");
	census_take(&c, &lines, MANY);
	census_expect(&c, (double[]){ .25, .25, .25, .25 }, 4, POINTS);
	server_stop(s);
}

Test(balance, weights_give_each_slot_its_part)
{
	struct server *s = server_start(TCP("weights 3,1"), 2);
	struct census c;

	balance_runs("lines", "weights", "chance by weight, classic BPF", "");
	census_take(&c, &lines, MANY);
	census_expect(&c, (double[]){ .75, .25 }, 2, POINTS);
	server_stop(s);
}

Test(balance, a_weight_of_0_gets_nobody)
{
	struct server *s = server_start(WEB("weights 3,1,0"), 3);
	struct census c;

	census_take(&c, &web, MANY);
	census_expect(&c, (double[]){ .75, .25, 0. }, 3, POINTS);
	server_stop(s);
}

/* The kernel's hash is as even as chance. */
Test(balance, hash_is_even_within_chance)
{
	struct server *s = server_start(TCP("hash"), 4);
	struct census c;

	balance_runs("lines", "hash", "kernel's hash", "");
	census_take(&c, &lines, MANY);
	census_expect(&c, (double[]){ .25, .25, .25, .25 }, 4, POINTS);
	server_stop(s);
}

static void pin_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	cr_assert_eq(sched_setaffinity(0, sizeof(set), &set), 0);
}

Test(balance, cpu_goes_by_the_clients_cpu)
{
	cpu_set_t mine;

	sched_getaffinity(0, sizeof(mine), &mine);
	if (!CPU_ISSET(0, &mine) || !CPU_ISSET(1, &mine))
		SKIP_TEST("CPUs 0 and 1 are not both to be had");
	struct server *s = server_start(TCP("cpu"), 2);
	struct census c;
	balance_runs("lines", "cpu", "CPU of the packet, classic BPF", "");
	for (int cpu = 0; cpu < 2; cpu++) {
		pin_to(cpu);
		census_take(&c, &lines, 1000);
		cr_assert_eq(c.hits[cpu], 1000, "slot %d has %u of 1000", cpu, c.hits[cpu]);
	}
	server_stop(s);
}

/* ---- source ---- */

static bool all_serve(void *workers)
{
	for (unsigned i = 0; i < *(unsigned *)workers; i++)
		if (status_worker(i) == 0)
			return false;
	return status_lent() == 0;
}

static void await_all(unsigned workers)
{
	cr_assert(wait_until(all_serve, &workers, PATIENCE), "a slot has no worker");
}

static void kill_slot(unsigned slot, unsigned workers)
{
	pid_t pid = status_await_worker(slot);

	cr_assert_eq(kill(pid, SIGKILL), 0);
	for (double end = seconds_now() + PATIENCE; status_worker(slot) == pid;)
		cr_assert_lt(seconds_now(), end);
	await_all(workers);
}

Test(balance, an_address_keeps_its_slot_over_reload_crash_and_upgrade)
{
	unsigned slots[ADDRESSES], even = 0;
	struct outcome o;

	copy_file(portico_binary(), "live");
	setenv("PORTICO", path_of("live"), 1);
	struct server *s = server_start(TCP("source"), 4);
	balance_runs("lines", "source", "sender's address, classic BPF", "");
	addresses_know(&lines, slots);
	for (unsigned i = 0; i < ADDRESSES; i++)
		even += slots[i] == 0;
	cr_assert(even > ADDRESSES / 8 && even < ADDRESSES / 2, "slot 0 has %u of %d", even, ADDRESSES);
	addresses_stay(&lines, slots, "nothing");
	verb_succeeds(&o, "reload", NULL);
	addresses_stay(&lines, slots, "a reload");
	kill_slot(2, 4);
	addresses_stay(&lines, slots, "a crash");
	verb_succeeds(&o, "upgrade", NULL);
	balance_runs("lines", "source", "sender's address, classic BPF", "");
	addresses_stay(&lines, slots, "an upgrade");
	server_stop(s);
}

Test(balance, source_with_a_prefix_keeps_a_network_together)
{
	struct server *s = server_start(WEB("source /24,/64"), 4);
	bool seen[4] = { false };
	char address[32];

	for (unsigned net = 0; net < 40; net++) {
		snprintf(address, sizeof(address), "127.9.%u.1", net);
		unsigned slot = census_ask_from(&web, address);
		seen[slot] = true;
		for (unsigned host = 2; host < 250; host += 31) {
			snprintf(address, sizeof(address), "127.9.%u.%u", net, host);
			cr_assert_eq(census_ask_from(&web, address), slot, "%s", address);
		}
	}
	cr_assert(seen[0] && seen[1] && seen[2] && seen[3]);
	server_stop(s);
}

/* On v6 there is one address here: it has one slot. */
Test(balance, a_service_has_v4_and_v6_and_balances_both)
{
	struct server *s = server_start("[portico]\nworkers = 4\nstall = 0\n"
		SERVICE("lines", "tcp", "127.0.0.1:7000, [::1]:7000", "weights 0,1,1,2")
		SERVICE("web", "http", "[::1]:8080, 127.0.0.1:8080", "source"));
	const struct census_of lines6 = { .how = CENSUS_TCP, .host = "::1", .port = 7000 };
	const struct census_of web6 = { .how = CENSUS_HTTP, .host = "::1", .port = 8080 };
	struct census c;

	census_take(&c, &lines, 4000);
	census_expect(&c, (double[]){ 0., .25, .25, .5 }, 4, 2 * POINTS);
	census_take(&c, &lines6, 4000);
	census_expect(&c, (double[]){ 0., .25, .25, .5 }, 4, 2 * POINTS);
	unsigned slot = census_ask(&web6, 0);
	census_take(&c, &web6, 200);
	cr_assert_eq(c.hits[slot], 200);
	server_stop(s);
}

Test(balance, each_service_has_its_own)
{
	struct server *s = server_start("[portico]\nworkers = 3\nstall = 0\n"
		SERVICE("lines", "tcp", "127.0.0.1:7000", "weights 0,0,1")
		SERVICE("web", "http", "127.0.0.1:8080", "weights 1,0,0")
		SERVICE("more", "http", "127.0.0.1:8081", "hash")
		SERVICE("flows", "udp", "127.0.0.1:7001", "weights 0,1,0"));
	const struct census_of more = { .how = CENSUS_HTTP, .port = 8081 };
	struct census c;

	census_take(&c, &lines, 500);
	cr_assert_eq(c.hits[2], 500);
	census_take(&c, &web, 500);
	cr_assert_eq(c.hits[0], 500);
	census_take(&c, &flows, 500);
	cr_assert_eq(c.hits[1], 500);
	census_take(&c, &more, 900);
	census_expect(&c, (double[]){ .333, .333, .333 }, 3, .1);
	server_stop(s);
}
