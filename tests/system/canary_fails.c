/* SPDX-License-Identifier: MIT */
/* canary_fails.c - a canary that is worse than the old ones is taken back, and nobody is cut. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "canary_rig.h"
#include "client.h"
#include "harness.h"

SYSTEM_SUITE(canary_fails);

/* ---- the other end ---- */

/* In all of them clients that stay at the canary are finished or handed on. */
static void fails(const char *stall, const char *mood, const char *why, bool may_be_wrong)
{
	struct server *s = server_start(PORTICO_IF("%s", "50%% " LONG) WEB, 2, stall);
	struct clients clients;
	struct canary c;

	clients_come(&clients, 20);
	write_file("portico.ini", PORTICO_IF("%s", "50%% " LONG) WEB "%s", 2, stall, mood);
	canary_await(&c, s, NULL);
	canary_rolled_back(&c, why);
	canary_await_rest(2, 1);
	clients_lost_nothing(&clients, may_be_wrong);
	server_stop(s);
}

Test(canary_fails, is_rolled_back_by_5xx)
{
	fails(PATIENT("0"), "status = 503\nevery = 5\n", "of its answers are 5xx", true);
}

/* By far: on a busy machine the old ones take their time, too. */
Test(canary_fails, is_rolled_back_when_it_is_slow)
{
	fails("0", "block = 100ms\nevery = 50\n", "its p99 is ", false);
}

Test(canary_fails, is_rolled_back_when_it_stalls)
{
	fails(PATIENT("100ms"), "block = 600ms\nevery = 100\n", "blocked", false);
}

/* It answers too few for a judgement of how long it takes, and the old ones enough for one of errors. */
Test(canary_fails, is_not_rolled_back_when_all_are_as_bad)
{
	struct server *s = server_start(PORTICO_IF("0", "10%% 2s") WEB "status = 503\nevery = 3\n", 2);
	struct clients clients;
	struct outcome o;

	load_start(&clients.load, 8080, PER_SECOND);
	verb_succeeds(&o, "reload", NULL);
	clients_lost_nothing(&clients, true);
	server_stop(s);
}

/* Only what it had in its hands is lost. */
Test(canary_fails, is_rolled_back_when_it_crashes)
{
	struct server *s = server_start(MOODY("50%% " LONG, ""), 2);
	struct clients clients;
	struct canary c;

	clients_come(&clients, 20);
	write_file("portico.ini", MOODY("50%% " LONG, "crash = yes\nevery = 20\n"), 2);
	canary_await(&c, s, NULL);
	canary_rolled_back(&c, "signal 6");
	canary_await_rest(2, 1);
	clients_ask();
	crowd_leave(&crowd, crowd.count);
	load_stop(&clients.load);
	struct load_result *r = clients.load.result;
	cr_assert_eq(r->refused + r->timed_out + r->wrong + r->others, 0, "refused %u, timed out %u, "
		"wrong %u, others %u", r->refused, r->timed_out, r->wrong, r->others);
	cr_assert_leq(r->reset + r->truncated, LOAD_IN_HAND, "reset %u, truncated %u", r->reset, r->truncated);
	server_stop(s);
}

/* Those that stay at it get another answer, or are told to come again; nobody is cut. */
Test(canary_fails, hands_its_clients_on_when_it_is_rolled_back)
{
	struct server *s = server_start(MOODY("40%% " LONG, ""), 2);
	struct canary c;
	struct outcome o;

	canary_await(&c, s, NULL);
	crowd_join(&crowd, 8080, 300);
	unsigned there = crowd_of(&crowd, 2);
	cr_assert_gt(there, 60, "only %u stay at the canary", there);
	verb_succeeds(&o, "rollback", NULL);
	canary_rolled_back(&c, "as the operator said");
	for (int i = 0; i < 5; i++)
		clients_ask();
	cr_assert_eq(crowd_of(&crowd, 2), 0, "%u are still there", crowd_of(&crowd, 2));
	cr_log_info("%u stayed at the canary, %u of them had to come again", there, crowd.moved);
	cr_assert_leq(crowd.moved, there);
	crowd_leave(&crowd, crowd.count);
	canary_await_rest(2, 1);
	server_stop(s);
}

/* ---- it cannot even begin ---- */

Test(canary_fails, whose_workers_fail_is_a_reload_that_failed)
{
	struct server *s = server_start(MOODY("50%% " LONG, ""), 2);
	struct clients clients;
	struct outcome o;

	clients_come(&clients, 20);
	write_file("portico.ini", PORTICO("50%% " LONG)
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/fail_in_start.so\n", 2);
	cr_assert_eq(verb(&o, "reload", NULL), 1, "%s", o.out);
	cr_assert_not_null(strstr(o.err, "reload failed: "), "%s", o.err);
	canary_await_rest(2, 1);
	clients_lost_nothing(&clients, false);
	server_stop(s);
}

Test(canary_fails, with_an_address_that_is_new_is_refused_with_advice)
{
	struct server *s = server_start(MOODY("50%% " LONG, ""), 2);
	struct outcome o;

	write_file("portico.ini", MOODY("50%% " LONG, "")
		"[service more]\nprotocol = http\nlisten = 127.0.0.1:8081\n"
		"[handler more /]\nplugin = ${T}/moody.so\n", 2);
	cr_assert_eq(verb(&o, "reload", NULL), 1);
	cr_assert_not_null(strstr(o.err, "a canary cannot have an address that is new; portico reload "
		"--canary off does without one"), "%s", o.err);
	cr_assert_eq(status_number("generation"), 1);
	verb_succeeds(&o, "reload", "--canary=off");
	cr_assert_eq(http_status(8081, "/"), 200);
	server_stop(s);
}

Test(canary_fails, with_more_slots_than_there_can_be_is_refused)
{
	struct server *s = server_start(MOODY("off", ""), 12);
	struct outcome o;

	write_file("portico.ini", MOODY("99%% " LONG, ""), 1024);
	cr_assert_eq(verb(&o, "reload", NULL), 1);
	cr_assert_not_null(strstr(o.err, "there is no room for so many workers of a canary"), "%s", o.err);
	canary_await_rest(12, 1);
	server_stop(s);
}

/* A worker of it dies while the rest of it is on its way up. */
Test(canary_fails, is_rolled_back_when_it_dies_after_it_was_promoted)
{
	write_file("open", "yes");
	struct server *s = server_start(GATE("50%% " LONG), 2, path_of("open"));
	struct clients clients;
	struct canary c;
	struct outcome o;

	load_start(&clients.load, 8080, PER_SECOND);
	canary_await(&c, s, NULL);
	json_t *status = status_read();
	pid_t there = (pid_t)json_integer_value(json_object_get(
		json_array_get(json_object_get(status, "slots"), 2), "pid"));
	json_decref(status);
	unlink(path_of("open"));
	verb_succeeds(&o, "promote", NULL);
	server_await_count(s, "waiting at the gate", 4);
	cr_assert_eq(kill(there, SIGKILL), 0);
	canary_rolled_back(&c, "signal 9");
	canary_await_rest(2, 1);
	load_stop(&clients.load);
	cr_assert_leq(clients.load.result->reset + clients.load.result->truncated, LOAD_IN_HAND);
	cr_assert_eq(clients.load.result->refused + clients.load.result->timed_out, 0);
	server_stop(s);
}

/* One of its services is gone, and the other one's balance is another. */
Test(canary_fails, leaves_an_address_that_it_does_not_have_to_the_old_ones)
{
	struct server *s = server_start(MOODY("50%% " LONG, "")
		"[service more]\nprotocol = http\nlisten = 127.0.0.1:8081\n"
		"[handler more /]\nplugin = ${T}/moody.so\n", 2);
	struct canary c;
	struct outcome o;

	write_file("portico.ini", MOODY("50%% " LONG, ""), 2);
	canary_await(&c, s, NULL);
	for (int i = 0; i < 200; i++)
		cr_assert_lt(slot_of(8081), 2);
	verb_succeeds(&o, "rollback", NULL);
	canary_rolled_back(&c, "as the operator said");
	for (int i = 0; i < 200; i++)
		cr_assert_lt(slot_of(8081), 2);
	canary_await_rest(2, 1);
	cr_assert_eq(sockets_on("tcp", 8081), 2);
	canary_await(&c, s, NULL);
	verb_succeeds(&o, "promote", NULL);
	canary_ended_well(&c);
	client_await_refusal(8081);
	canary_await_rest(2, 3);
	server_stop(s);
}

/* It drains for as long as it may, and the reload that mends it does not wait for that. */
Test(canary_fails, is_drained_while_the_next_reload_goes_on)
{
	struct server *s = server_start("[portico]\nworkers = 2\ndrain = 1h\ncanary = 50%% " LONG "\n"
		"[service lines]\nprotocol = tcp\nlisten = 127.0.0.1:7000\n"
		"[handler lines]\nplugin = ${E}/echo.so\n");
	enum { CLIENTS = 40 };
	struct canary c;
	struct outcome o;
	int fds[CLIENTS];
	char byte;

	canary_await(&c, s, NULL);
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = client_connect(7000);
		client_send(fds[i], "x", 1);
		client_read(fds[i], &byte, 1);
	}
	verb_succeeds(&o, "rollback", NULL);
	canary_rolled_back(&c, "as the operator said");
	verb_succeeds(&o, "reload", "--canary=off");
	cr_assert_eq(status_number("generation"), 3);
	canary_await(&c, s, NULL);
	for (int i = 0; i < CLIENTS; i++) {
		client_send(fds[i], "y", 1);
		client_read(fds[i], &byte, 1);
	}
	verb_succeeds(&o, "promote", NULL);
	canary_ended_well(&c);
	for (int i = 0; i < CLIENTS; i++)
		close(fds[i]);
	server_stop(s);
}
