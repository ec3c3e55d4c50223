/* SPDX-License-Identifier: MIT */
/* balance_change.c - what becomes of a balance when the configuration, the workers or the binary change. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balance_rig.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(balance_change);

/* Of some thousand only: two points are three standard deviations, and so many are less once in a few hundred runs. */
#define OF_FEWER (2 * POINTS)

static void lost_nothing(struct load *l)
{
	load_stop(l);
	load_lost_nothing(l->result);
}

Test(balance_change, a_reload_changes_it_and_loses_nothing)
{
	static const char *const kinds[] = { "weights 1,3", "load", "source", "hash", "cpu", "load",
		"random", "hash", "weights 0,1" };
	struct server *s = server_start(WEB("hash"), 2);
	struct load l;
	struct outcome o;
	struct census c;

	load_start(&l, 8080, PER_SECOND);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		write_file("portico.ini", WEB("%s"), 2, kinds[i]);
		verb_succeeds(&o, "reload", NULL);
		load_await(&l, 100);
	}
	lost_nothing(&l);
	census_take(&c, &web, 300);
	cr_assert_eq(c.hits[1], 300);
	server_stop(s);
}

Test(balance_change, what_is_wrong_is_refused_by_check_and_by_reload)
{
	static const struct {
		const char *balance, *why;
	} wrong[] = {
		{ "weights 3,1,1", "3 weights for 2 workers; write one for each worker" },
		{ "hsah", "did you mean hash" },
		{ "weights 0,0", "nobody would get anything" },
		{ "payload 0 4", "only a datagram comes with its payload" },
		{ "source /40", "not a prefix" },
	};
	struct server *s = server_start(WEB("weights 0,1"), 2);
	struct outcome o;
	struct census c;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		write_file("portico.ini", WEB("%s"), 2, wrong[i].balance);
		cr_assert_eq(verb(&o, "check", NULL), 78, "%d", o.code);
		cr_assert_not_null(strstr(o.err, wrong[i].why), "%s", o.err);
		cr_assert_not_null(strstr(o.err, "portico.ini:7: balance = "), "%s", o.err);
		cr_assert_neq(verb(&o, "reload", NULL), 0);
		server_await(s, wrong[i].why);
	}
	census_take(&c, &web, 100);
	cr_assert_eq(c.hits[1], 100, "a reload that was refused has changed the balance");
	server_stop(s);
}

Test(balance_change, slots_behind_the_list_have_the_last_ones_part)
{
	struct server *s = server_start(WEB("weights 1,3"), 2);
	struct load l;
	struct outcome o;
	struct census c;

	load_start(&l, 8080, PER_SECOND);
	verb_succeeds(&o, "scale", "3");
	census_take(&c, &web, 6000);
	census_expect(&c, (double[]){ 1. / 7, 3. / 7, 3. / 7 }, 3, OF_FEWER);
	verb_succeeds(&o, "scale", "2");
	census_take(&c, &web, 4000);
	census_expect(&c, (double[]){ .25, .75 }, 2, OF_FEWER);
	lost_nothing(&l);
	server_stop(s);
}

Test(balance_change, a_slot_that_retires_gets_nobody)
{
	struct server *s = server_start(WEB("weights 1,1,1,1"), 4);
	struct asked asked;
	struct outcome o;
	struct census c;

	verb_begin(&asked, "scale", "2");
	for (double end = seconds_now() + PATIENCE; status_number("workers") != 2;)
		cr_assert_lt(seconds_now(), end);
	cr_assert_not(verb_has_ended(&asked));
	census_take(&c, &web, 2000);
	census_expect(&c, (double[]){ .5, .5 }, 2, .05);
	cr_assert_eq(verb_await(&asked, &o), 0, "%s", o.err);
	server_stop(s);
}

/* Those that stay have a weight of 0: somebody must serve all the same. */
Test(balance_change, scaling_down_to_weights_of_0_leaves_all_to_those_that_are_left)
{
	struct server *s = server_start(WEB("weights 0,0,1"), 3);
	struct load l;
	struct outcome o;
	struct census c;

	load_start(&l, 8080, PER_SECOND);
	verb_succeeds(&o, "scale", "2");
	load_await(&l, 100);
	lost_nothing(&l);
	census_take(&c, &web, 1000);
	census_expect(&c, (double[]){ .5, .5 }, 2, .1);
	cr_assert_eq(server_count(s, "cannot be steered"), 0);
	server_stop(s);
}

Test(balance_change, a_drained_slot_is_not_the_last_one_that_gets_anybody)
{
	struct server *s = server_start(WEB("weights 1,0"), 2);
	struct outcome o;
	struct census c;

	cr_assert_neq(verb(&o, "drain", "0"), 0, "drained, though slot 1 gets nobody: %s", o.out);
	census_take(&c, &web, 100);
	cr_assert_eq(c.hits[0], 100);
	server_stop(s);
}

Test(balance_change, an_upgrade_keeps_it)
{
	struct load l;
	struct outcome o;
	struct census c;

	copy_file(portico_binary(), "live");
	setenv("PORTICO", path_of("live"), 1);
	struct server *s = server_start(WEB("weights 3,1"), 2);
	load_start(&l, 8080, PER_SECOND);
	verb_succeeds(&o, "upgrade", NULL);
	census_take(&c, &web, 6000);
	census_expect(&c, (double[]){ .75, .25 }, 2, OF_FEWER);
	lost_nothing(&l);
	server_stop(s);
}

/* Without privilege all of it but load is to be had. */
Test(balance_change, an_ordinary_user_has_it_too)
{
	struct census c;

	write_file("portico.ini", WEB("weights 3,1"), 2);
	struct server *s = server_spawn(&(struct spawn){ .uid = 65534 });
	server_await_generation(s, 1);
	census_take(&c, &web, 6000);
	census_expect(&c, (double[]){ .75, .25 }, 2, OF_FEWER);
	balance_runs("web", "weights", "chance by weight, classic BPF", "");
	server_stop(s);
}
