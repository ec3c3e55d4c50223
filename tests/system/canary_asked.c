/* SPDX-License-Identifier: MIT */
/* canary_asked.c - what an operator may say of a canary, and what else is asked meanwhile. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "canary_rig.h"
#include "client.h"
#include "harness.h"

SYSTEM_SUITE(canary_asked);

/* ---- what the operator says ---- */

Test(canary_asked, off_on_the_command_line_does_without)
{
	struct server *s = server_start(MOODY("50%% " LONG, ""), 2);
	struct outcome o;

	verb_succeeds(&o, "reload", "--canary=off");
	cr_assert_eq(server_count(s, "canary:"), 0);
	canary_await_rest(2, 2);
	server_stop(s);
}

Test(canary_asked, on_the_command_line_counts_more_than_the_file)
{
	struct server *s = server_start(MOODY("off", ""), 2);
	struct outcome o;
	struct canary c;

	canary_await(&c, s, "--canary=30% 1h");
	server_await(s, "canary: generation 2 gets 30 % of new clients for 3600 s, in 1 worker");
	verb_succeeds(&o, "rollback", NULL);
	canary_rolled_back(&c, "as the operator said");
	canary_await_rest(2, 1);
	verb_succeeds(&o, "reload", "--canary=30% 300ms");
	canary_await_rest(2, 3);
	server_stop(s);
}

Test(canary_asked, that_is_none_is_refused)
{
	static const char *const wrong[] = { "--canary=lots", "--canary=0%", "--canary=10% now",
		"--canary=", "--canary=10% 1s 1s" };
	struct server *s = server_start(MOODY("off", ""), 2);
	struct outcome o;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		cr_assert_neq(verb(&o, "reload", wrong[i]), 0, "%s: %s", wrong[i], o.out);
		cr_assert_not_null(strstr(o.err, "10% 30s"), "%s: %s", wrong[i], o.err);
	}
	cr_assert_eq(status_number("generation"), 1);
	server_stop(s);
}

Test(canary_asked, promote_and_rollback_without_one_are_errors)
{
	struct server *s = server_start(MOODY("off", ""), 2);
	struct outcome o;

	cr_assert_eq(verb(&o, "promote", NULL), 1, "%d", o.code);
	cr_assert_not_null(strstr(o.err, "there is no canary that serves"), "%s", o.err);
	cr_assert_eq(verb(&o, "rollback", NULL), 1);
	cr_assert_not_null(strstr(o.err, "there is no canary that serves"), "%s", o.err);
	server_stop(s);
}

/* Between the word and the rest of its workers another word may come. */
Test(canary_asked, is_promoted_only_once)
{
	write_file("open", "yes");
	struct server *s = server_start(GATE("50%% " LONG), 2, path_of("open"));
	struct canary c;
	struct outcome o;

	canary_await(&c, s, NULL);
	unlink(path_of("open"));
	verb_succeeds(&o, "promote", NULL);
	server_await_count(s, "waiting at the gate", 4);
	cr_assert_neq(verb(&o, "promote", NULL), 0, "promoted twice: %s", o.out);
	write_file("open", "yes");
	canary_ended_well(&c);
	cr_assert_eq(server_count(s, "is promoted after"), 1);
	canary_await_rest(2, 2);
	server_stop(s);
}

Test(canary_asked, is_rolled_back_while_the_rest_of_it_starts)
{
	write_file("open", "yes");
	struct server *s = server_start(GATE("50%% " LONG), 2, path_of("open"));
	struct clients clients;
	struct canary c;
	struct outcome o;

	load_start(&clients.load, 8080, PER_SECOND);
	canary_await(&c, s, NULL);
	unlink(path_of("open"));
	verb_succeeds(&o, "promote", NULL);
	server_await_count(s, "waiting at the gate", 4);
	verb_succeeds(&o, "rollback", NULL);
	canary_rolled_back(&c, "as the operator said");
	canary_await_rest(2, 1);
	clients_lost_nothing(&clients, false);
	server_stop(s);
}

/* ---- what else is asked meanwhile ---- */

Test(canary_asked, others_wait_until_it_has_ended)
{
	struct server *s = server_start(MOODY("50%% " LONG, ""), 2);
	struct asked scale, second;
	struct canary c;
	struct outcome o;

	canary_await(&c, s, NULL);
	verb_begin(&scale, "scale", "3");
	verb_begin(&second, "reload", "--canary=off");
	cr_assert_eq(status_number("workers"), 2);
	cr_assert_not(verb_has_ended(&scale));
	cr_assert_not(verb_has_ended(&second));
	verb_succeeds(&o, "promote", NULL);
	canary_ended_well(&c);
	cr_assert_eq(verb_await(&scale, &o), 0, "%s", o.err);
	cr_assert_eq(verb_await(&second, &o), 0, "%s", o.err);
	cr_assert_eq(status_number("generation"), 3);
	server_stop(s);
}

Test(canary_asked, a_second_hup_waits_and_has_a_canary_of_its_own)
{
	struct server *s = server_start(MOODY("50%% " LONG, ""), 2);
	struct outcome o;

	server_signal(s, SIGHUP);
	server_await(s, "canary: generation 2 gets 50 %");
	server_signal(s, SIGHUP);
	verb_succeeds(&o, "status", NULL);
	cr_assert_eq(server_count(s, "canary: generation 3"), 0);
	verb_succeeds(&o, "promote", NULL);
	server_await(s, "canary: generation 3 gets 50 %");
	verb_succeeds(&o, "rollback", NULL);
	server_await(s, "canary rolled back: as the operator said; generation 2 goes on");
	canary_await_rest(2, 2);
	server_stop(s);
}

Test(canary_asked, an_upgrade_waits_until_it_has_ended)
{
	struct asked upgrade;
	struct canary c;
	struct outcome o;

	copy_file(portico_binary(), "live");
	setenv("PORTICO", path_of("live"), 1);
	struct server *s = server_start(MOODY("50%% " LONG, ""), 2);
	struct clients clients;
	clients_come(&clients, 20);
	canary_await(&c, s, NULL);
	verb_begin(&upgrade, "upgrade", NULL);
	cr_assert_eq(status_number("generation"), 1);
	cr_assert_not(verb_has_ended(&upgrade));
	verb_succeeds(&o, "rollback", NULL);
	canary_rolled_back(&c, "as the operator said");
	cr_assert_eq(verb_await(&upgrade, &o), 0, "%s", o.err);
	cr_assert_eq(status_number("upgrades"), 1);
	clients_lost_nothing(&clients, false);
	server_stop(s);
}

Test(canary_asked, stop_ends_it_with_all_the_rest)
{
	struct server *s = server_start(MOODY("50%% " LONG, ""), 2);
	struct clients clients;
	struct canary c;
	struct outcome o;

	load_start(&clients.load, 8080, PER_SECOND);
	canary_await(&c, s, NULL);
	load_await(&clients.load, 50);
	load_stop(&clients.load);
	load_lost_nothing(clients.load.result);
	server_stop(s);
	cr_assert_neq(verb_await(&c.reload, &o), 0);
	cr_assert_not_null(strstr(o.err, "stopping"), "%s", o.err);
}

Test(canary_asked, a_kill_of_the_master_ends_it_too)
{
	struct server *s = server_start(MOODY("50%% " LONG, ""), 2);
	struct canary c;
	struct outcome o;

	canary_await(&c, s, NULL);
	server_signal(s, SIGKILL);
	cr_assert_eq(server_await_exit(s, PATIENCE), -1);
	server_assert_gone(s);
	cr_assert_neq(verb_await(&c.reload, &o), 0);
}

Test(canary_asked, a_crash_of_an_old_worker_is_none_of_its_business)
{
	struct server *s = server_start(MOODY("50%% " LONG, ""), 2);
	struct canary c;
	struct outcome o;
	pid_t old = status_worker(0);

	canary_await(&c, s, NULL);
	cr_assert_eq(kill(old, SIGKILL), 0);
	for (double end = seconds_now() + PATIENCE; status_worker(0) == old || status_worker(0) == 0;)
		cr_assert_lt(seconds_now(), end);
	slots_await_all(8080, 3);
	verb_succeeds(&o, "promote", NULL);
	canary_ended_well(&c);
	canary_await_rest(2, 2);
	server_stop(s);
}

/* Its workers are not even ready. */
Test(canary_asked, stop_ends_one_that_is_on_its_way)
{
	write_file("open", "yes");
	struct server *s = server_start(GATE("50%% " LONG), 2, path_of("open"));
	struct asked reload;
	struct outcome o;

	unlink(path_of("open"));
	verb_begin(&reload, "reload", NULL);
	server_await_count(s, "waiting at the gate", 3);
	cr_assert_eq(verb(&o, "promote", NULL), 1);
	cr_assert_eq(verb(&o, "rollback", NULL), 1);
	server_stop(s);
	cr_assert_neq(verb_await(&reload, &o), 0);
	cr_assert_not_null(strstr(o.err, "stopping"), "%s", o.err);
}

/* The balance of the others goes on by weights; as an ordinary user, too. */
Test(canary_asked, an_ordinary_user_has_one_beside_load)
{
	static struct census all;
	const struct census_of web = { .how = CENSUS_HTTP, .port = 8080 };
	struct canary c;
	struct outcome o;

	write_file("portico.ini", PORTICO("20%% " LONG)
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\nbalance = load\n"
		"[handler web /]\nplugin = ${T}/moody.so\n", 2);
	struct server *s = server_spawn(&(struct spawn){ .uid = 65534 });
	server_await_generation(s, 1);
	canary_await(&c, s, NULL);
	census_take(&all, &web, 4000);
	double share = census_share(&all, 2);
	cr_assert(share > .17 && share < .23, "%.3f", share);
	verb_succeeds(&o, "promote", NULL);
	canary_ended_well(&c);
	canary_await_rest(2, 2);
	server_stop(s);
}
