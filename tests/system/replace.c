/* SPDX-License-Identifier: MIT */
/* replace.c - portico drain, undrain and retire: one slot, and nobody notices. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "blocked.h"
#include "client.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(replace);

enum { PORT = 8080, PER_SECOND = 400 };

/* Without stalls, which a busy machine makes: a slot that is blocked has its clients served by others. */
#define WHO(workers)                                                         \
	"[portico]\nworkers = " #workers "\nstall = 0\n"                     \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/who.so\n%s"
#define MORTAL                                                               \
	"[portico]\nworkers = 2\n"                                           \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/die_in_start.so\nfile = %s\n"
#define GATE                                                                 \
	"[portico]\nworkers = 2\n"                                           \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/gate.so\nfile = %s\n"

static void is_refused(const char *name, const char *argument, int code, const char *words)
{
	struct outcome o;

	cr_assert_eq(verb(&o, name, argument), code, "portico %s %s gave %d: %s", name,
		argument ? argument : "", o.code, o.err);
	cr_assert(strstr(o.err, words), "it does not say: %s\nbut: %s", words, o.err);
}

static unsigned asks_again(int fd)
{
	struct response r;

	client_get(fd, "/", &r);
	cr_assert_not(r.close);
	return (unsigned)(r.body[0] - '0');
}

/* ---- drain ---- */

Test(replace, a_drained_slot_gets_no_new_client_and_keeps_those_it_has)
{
	struct server *s = server_start(WHO(2), "");
	int old = connect_to(1);
	struct outcome o;

	verb_succeeds(&o, "drain", "1");
	cr_assert_str_eq(o.out, "it gets no new clients\n");
	cr_assert(slot_is(1, "drained"));
	clients_go_to(0, 200);
	cr_assert_eq(asks_again(old), 1);
	verb_succeeds(&o, "undrain", "1");
	cr_assert_str_eq(o.out, "it gets new clients again\n");
	cr_assert(slot_is(1, "serving"));
	clients_go_to_both();
	cr_assert_eq(asks_again(old), 1);
	close(old);
	server_stop(s);
}

Test(replace, a_drain_loses_nothing)
{
	struct server *s = server_start(WHO(3), "");
	const char *const slots[] = { "0", "1", "2" };
	struct outcome o;
	struct load l;

	load_start(&l, PORT, PER_SECOND);
	for (size_t i = 0; i < 12; i++) {
		verb_succeeds(&o, "drain", slots[i % 3]);
		load_await(&l, 20);
		verb_succeeds(&o, "undrain", slots[i % 3]);
	}
	load_stop(&l);
	load_lost_nothing(l.result);
	server_stop(s);
}

Test(replace, the_last_open_slot_cannot_be_drained)
{
	struct server *s = server_start(WHO(2), "");
	struct outcome o;

	verb_succeeds(&o, "drain", "0");
	is_refused("drain", "1", 1, "no other slot would be left for new clients");
	verb_succeeds(&o, "drain", "0");
	clients_go_to(1, 40);
	server_stop(s);
}

Test(replace, the_only_slot_cannot_be_drained)
{
	struct server *s = server_start(WHO(1), "");

	is_refused("drain", "0", 1, "no other slot would be left for new clients");
	clients_go_to(0, 5);
	server_stop(s);
}

/* The slot that was left open goes: who is left must serve, drained or not. */
Test(replace, a_drained_slot_that_is_the_last_one_serves)
{
	struct server *s = server_start(WHO(2), "");
	struct outcome o;

	verb_succeeds(&o, "drain", "0");
	verb_succeeds(&o, "scale", "1");
	clients_go_to(0, 40);
	server_stop(s);
}

Test(replace, a_slot_stays_drained_over_an_upgrade)
{
	struct server *s = server_start(WHO(2), "");
	struct outcome o;

	verb_succeeds(&o, "drain", "1");
	verb_succeeds(&o, "upgrade", NULL);
	cr_assert(slot_is(1, "drained"));
	clients_go_to(0, 60);
	verb_succeeds(&o, "undrain", "1");
	clients_go_to_both();
	server_stop(s);
}

Test(replace, a_slot_stays_drained_over_a_reload_and_a_crash)
{
	struct server *s = server_start(WHO(2), "");
	struct outcome o;

	verb_succeeds(&o, "drain", "1");
	verb_succeeds(&o, "reload", NULL);
	cr_assert(slot_is(1, "drained"));
	clients_go_to(0, 60);
	pid_t worker = status_worker(1);
	cr_assert_eq(kill(worker, SIGKILL), 0);
	server_await(s, "of signal 9 (Killed)");
	cr_assert_neq(status_await_worker(1), worker);
	cr_assert(slot_is(1, "drained"));
	clients_go_to(0, 60);
	server_stop(s);
}

Test(replace, a_slot_that_is_none_is_refused)
{
	struct server *s = server_start(WHO(2), "");
	static const char *const verbs[] = { "drain", "undrain", "retire" };

	for (size_t i = 0; i < 3; i++) {
		is_refused(verbs[i], "2", 1, "slot");
		is_refused(verbs[i], "1023", 1, "slot");
		is_refused(verbs[i], "1024", 64, "needs the number of a slot, from 0");
		is_refused(verbs[i], "-1", 64, "");
		is_refused(verbs[i], "one", 64, "needs the number of a slot, from 0");
		is_refused(verbs[i], NULL, 64, "needs the number of a slot, from 0");
	}
	clients_go_to_both();
	server_stop(s);
}

/* ---- retire ---- */

Test(replace, retire_changes_the_worker_of_that_slot_only)
{
	struct server *s = server_start(WHO(3), "");
	pid_t before[3];
	struct outcome o;

	for (unsigned i = 0; i < 3; i++)
		before[i] = status_worker(i);
	verb_succeeds(&o, "retire", "1");
	cr_assert(strstr(o.out, "slot 1: worker "), "%s", o.out);
	cr_assert_eq(status_worker(0), before[0]);
	cr_assert_neq(status_worker(1), before[1]);
	cr_assert_eq(status_worker(2), before[2]);
	server_await_workers(s, 3);
	cr_assert_eq(status_number("generation"), 1);
	cr_assert_eq(status_number("crashes"), 0);
	sockets_await_own(3);
	slots_await_all(PORT, 3);
	server_stop(s);
}

Test(replace, retire_loses_nothing)
{
	struct server *s = server_start(WHO(2), "");
	struct outcome o;
	struct load l;

	load_start(&l, PORT, PER_SECOND);
	for (size_t i = 0; i < 10; i++) {
		verb_succeeds(&o, "retire", i % 2 ? "1" : "0");
		load_await(&l, 30);
	}
	load_stop(&l);
	load_lost_nothing(l.result);
	server_await_workers(s, 2);
	server_stop(s);
}

Test(replace, retire_hands_idle_connections_on)
{
	struct server *s = server_start(WHO(2), "");
	struct outcome o;
	struct response r;
	char said[64];
	int fd = connect_to(1);

	for (int i = 0; i < 5; i++) {
		verb_succeeds(&o, "retire", "1");
		server_await_workers(s, 2);
		snprintf(said, sizeof(said), "1 %d\n", (int)status_worker(1));
		client_get(fd, "/", &r);
		cr_assert_str_eq(r.body, said);
		cr_assert_not(r.close);
	}
	close(fd);
	server_stop(s);
}

Test(replace, retire_whose_successor_does_not_start_changes_nothing)
{
	struct server *s = server_start(MORTAL, path_of("die"));
	pid_t before = status_worker(1);
	int fd = connect_to(1);
	struct response r;

	write_file("die", "now");
	is_refused("retire", "1", 1, "retire failed: ");
	is_refused("retire", "1", 1, "the worker of slot 1 goes on");
	cr_assert_eq(status_worker(1), before);
	client_get(fd, "/", &r);
	cr_assert_not(r.close);
	close(fd);
	server_await_workers(s, 2);
	clients_go_to_both();
	server_stop(s);
}

/* Nobody but its successor is left for the slot. */
Test(replace, a_worker_that_dies_before_its_successor_is_ready_is_stood_in_for)
{
	write_file("open", "yes");
	struct server *s = server_start(GATE, path_of("open"));
	pid_t old = status_worker(1);
	struct asked a;
	struct outcome o;

	cr_assert_eq(unlink(path_of("open")), 0);
	verb_begin(&a, "retire", "1");
	server_await_count(s, "waiting at the gate", 3);
	cr_assert_eq(kill(old, SIGKILL), 0);
	cr_assert_eq(verb_await(&a, &o), 0, "%s", o.err);
	cr_assert(strstr(o.out, "comes; the one before it died"), "%s", o.out);
	for (int i = 0; i < 40; i++)
		cr_assert_str_eq(http_get(PORT, "/"), "through\n");
	write_file("open", "yes");
	status_await_worker(1);
	server_await_workers(s, 2);
	sockets_await_own(2);
	server_stop(s);
}

static void is_under_way(const char *operation)
{
	json_t *status = status_read();
	struct outcome o;
	char said[64];

	cr_assert_str_eq(json_string_value(json_object_get(status, "operation")), operation);
	json_decref(status);
	verb_succeeds(&o, "status", NULL);
	snprintf(said, sizeof(said), "under way: %s\n", operation);
	cr_assert(strstr(o.out, said), "%s", o.out);
}

Test(replace, what_is_asked_during_a_retire_waits_for_it)
{
	write_file("open", "yes");
	struct server *s = server_start(GATE, path_of("open"));
	struct asked retire, reload;
	struct outcome o;

	cr_assert_eq(unlink(path_of("open")), 0);
	verb_begin(&retire, "retire", "0");
	server_await_count(s, "waiting at the gate", 3);
	verb_begin(&reload, "reload", NULL);
	is_under_way("retire");
	cr_assert_str_eq(http_get(PORT, "/"), "through\n");
	cr_assert_not(verb_has_ended(&retire));
	write_file("open", "yes");
	cr_assert_eq(verb_await(&retire, &o), 0, "%s", o.err);
	cr_assert_eq(verb_await(&reload, &o), 0, "%s", o.err);
	server_await_workers(s, 2);
	cr_assert_eq(status_number("generation"), 2);
	sockets_await_own(2);
	server_stop(s);
}
