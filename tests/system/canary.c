/* SPDX-License-Identifier: MIT */
/* canary.c - a reload that shows the new generation to a few clients first: its share, and that it is promoted. */
#include <string.h>
#include <unistd.h>

#include "canary_rig.h"
#include "client.h"
#include "harness.h"

SYSTEM_SUITE(canary);

enum { MANY = 20000 };

#define POINTS .02

static const struct census_of web = { .how = CENSUS_HTTP, .port = 8080, .addresses = 400 };

/* ---- its share ---- */

Test(canary, gets_its_share_of_new_clients)
{
	struct server *s = server_start(MOODY("10%% " LONG, ""), 4);
	struct canary c;
	struct outcome o;
	struct census all;

	canary_await(&c, s, NULL);
	server_await(s, "canary: generation 2 gets 10 % of new clients for 3600 s, in 1 worker");
	census_take(&all, &web, MANY);
	census_expect(&all, (double[]){ .225, .225, .225, .225, .1 }, 5, POINTS);
	json_t *status = status_read(), *told = json_object_get(status, "canary");
	cr_assert_eq(json_integer_value(json_object_get(told, "generation")), 2);
	cr_assert_eq(json_integer_value(json_object_get(told, "workers")), 1);
	json_decref(status);
	verb_succeeds(&o, "status", NULL);
	cr_assert_not_null(strstr(o.out, "canary"), "%s", o.out);
	verb_succeeds(&o, "promote", NULL);
	canary_ended_well(&c);
	canary_await_rest(4, 2);
	server_stop(s);
}

/* Whatever the balance: what it is falls back to parts while a canary runs. */
static void has_share_with(const char *balance)
{
	struct server *s = server_start(PORTICO("20%% " LONG)
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\nbalance = %s\n"
		"[handler web /]\nplugin = ${T}/moody.so\n", 2, balance);
	const struct census_of everybody = { .how = CENSUS_HTTP, .port = 8080, .addresses = 4000 };
	struct canary c;
	struct census all;
	struct outcome o;

	canary_await(&c, s, NULL);
	census_take(&all, &everybody, 4000);
	double share = census_share(&all, 2);
	cr_assert(share > .17 && share < .23, "%s: %.3f", balance, share);
	verb_succeeds(&o, "rollback", NULL);
	canary_rolled_back(&c, "as the operator said");
	census_take(&all, &everybody, 1000);
	cr_assert_eq(all.hits[2], 0);
	server_stop(s);
}

Test(canary, has_its_share_beside_weights)
{
	has_share_with("weights 3,1");
}

Test(canary, has_its_share_beside_source)
{
	has_share_with("source");
}

Test(canary, has_its_share_beside_cpu)
{
	has_share_with("cpu");
}

Test(canary, has_its_share_beside_load)
{
	has_share_with("load");
}

/* ---- the good end ---- */

Test(canary, is_promoted_when_its_time_is_up)
{
	struct server *s = server_start(MOODY("25%% 1s", ""), 4);
	struct clients clients;
	struct outcome o;

	clients_come(&clients, 40);
	verb_succeeds(&o, "reload", NULL);
	cr_assert_geq(o.seconds, 1.);
	server_await(s, "canary: generation 2 is promoted after ");
	clients_ask();
	canary_await_rest(4, 2);
	clients_lost_nothing(&clients, false);
	server_stop(s);
}

Test(canary, is_promoted_by_the_operator)
{
	struct server *s = server_start(MOODY("25%% " LONG, ""), 4);
	struct clients clients;
	struct canary c;
	struct outcome o;

	clients_come(&clients, 40);
	canary_await(&c, s, NULL);
	crowd_join(&crowd, 8080, 100);
	cr_assert_gt(crowd_of(&crowd, 4), 5, "nobody stays at the canary");
	verb_succeeds(&o, "promote", NULL);
	canary_ended_well(&c);
	canary_await_rest(4, 2);
	clients_lost_nothing(&clients, false);
	cr_assert_eq(crowd.cut, 0);
	server_stop(s);
}

Test(canary, may_have_more_workers_when_it_is_promoted)
{
	struct server *s = server_start(MOODY("25%% " LONG, ""), 2);
	struct clients clients;
	struct canary c;
	struct outcome o;

	clients_come(&clients, 20);
	write_file("portico.ini", MOODY("25%% " LONG, ""), 6);
	canary_await(&c, s, NULL);
	server_await(s, "in 2 workers");
	load_await(&clients.load, 50);
	verb_succeeds(&o, "promote", NULL);
	canary_ended_well(&c);
	canary_await_rest(6, 2);
	slots_await_all(8080, 6);
	clients_lost_nothing(&clients, false);
	server_stop(s);
}

Test(canary, may_have_fewer_workers_when_it_is_promoted)
{
	struct server *s = server_start(MOODY("25%% " LONG, ""), 4);
	struct clients clients;
	struct canary c;
	struct outcome o;

	clients_come(&clients, 40);
	write_file("portico.ini", MOODY("25%% " LONG, ""), 2);
	canary_await(&c, s, NULL);
	load_await(&clients.load, 50);
	verb_succeeds(&o, "promote", NULL);
	canary_ended_well(&c);
	canary_await_rest(2, 2);
	slots_await_all(8080, 2);
	clients_lost_nothing(&clients, false);
	server_stop(s);
}

/* ---- tcp and udp ---- */

#define FLOWS(canary)                                                        \
	PORTICO(canary) "[service flows]\nprotocol = udp\nlisten = 127.0.0.1:7001\n" \
	"[handler flows]\nplugin = ${E}/udp_echo.so\n"                       \
	"[service lines]\nprotocol = tcp\nlisten = 127.0.0.1:7000\n"         \
	"[handler lines]\nplugin = ${E}/echo.so\n"

enum { TALKS = 100 };

static void all_talk(const int *fds)
{
	char byte;

	for (int i = 0; i < TALKS; i++) {
		if (i % 2)
			client_send(fds[i], "x", 1), client_read(fds[i], &byte, 1);
		else
			cr_assert_eq(udp_ask(fds[i], "x", 1, &byte, 1), 1);
	}
}

static void flows_go_on(const char *end)
{
	struct server *s = server_start(FLOWS("50%% " LONG), 2);
	struct load l;
	struct canary c;
	struct outcome o;
	int fds[TALKS];

	for (int i = 0; i < TALKS; i++)
		fds[i] = i % 2 ? client_connect(7000) : udp_client("127.0.0.1", 7001);
	all_talk(fds);
	load_start_udp(&l, 7001, PER_SECOND);
	canary_await(&c, s, NULL);
	all_talk(fds);
	load_await(&l, 100);
	verb_succeeds(&o, end, NULL);
	all_talk(fds);
	verb_await(&c.reload, &o);
	all_talk(fds);
	sockets_await("udp", 7001, 2);
	all_talk(fds);
	load_stop(&l);
	load_lost_nothing(l.result);
	for (int i = 0; i < TALKS; i++)
		close(fds[i]);
	server_stop(s);
}

Test(canary, flows_and_connections_go_on_when_it_is_promoted)
{
	flows_go_on("promote");
}

Test(canary, flows_and_connections_go_on_when_it_is_rolled_back)
{
	flows_go_on("rollback");
}
