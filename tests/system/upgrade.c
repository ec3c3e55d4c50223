/* SPDX-License-Identifier: MIT */
/* upgrade.c - another binary takes over in place: same pid, same sockets, nobody lost. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "control_rig.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "proc.h"
#include "server.h"
#include "upgrade_rig.h"

SYSTEM_SUITE(upgrade);

enum { PER_SECOND = 400 };

#define DEFERRED_AND_WHO DEFERRED "[handler web /who]\nplugin = ${T}/who.so\n"

#define WHO_AND_WEB                                                          \
	"[portico]\nworkers = 2\nlog = %s\ncontrol = %s\n"                   \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/who.so\n"

/* ---- it works ---- */

Test(upgrade, gives_the_new_file_in_the_same_process)
{
	write_file("portico.ini", GREETING, "old");
	struct server *s = start_serving();
	unsigned long before[2], after[8];
	pid_t old = status_worker(0);

	cr_assert_eq(proc_sockets("tcp", 8080, before, 8), 2);
	copy_file(path_of("good"), "live");
	cr_assert_neq(running_binary(server_pid(s)), inode_of(path_of("live")));
	write_file("portico.ini", GREETING, "new");
	upgrade_succeeds(s, 2);
	assert_greeting("new", 20);
	cr_assert_eq(running_binary(server_pid(s)), inode_of(path_of("live")));
	cr_assert_eq(running_binary(status_worker(0)), inode_of(path_of("live")));
	cr_assert_neq(status_worker(0), old);
	cr_assert_eq(proc_sockets("tcp", 8080, after, 8), 2);
	cr_assert_eq(memcmp(before, after, sizeof(before)), 0, "the sockets are others");
	server_await_workers(s, 2);
	server_stop(s);
}

Test(upgrade, usr2_asks_for_it)
{
	write_file("portico.ini", GREETING, "hello");
	struct server *s = start_serving();

	for (unsigned i = 2; i <= 4; i++) {
		server_signal(s, SIGUSR2);
		server_await_generation(s, i);
	}
	cr_assert_eq(status_number("upgrades"), 3);
	server_stop(s);
}

Test(upgrade, what_is_in_hand_lives_over_it)
{
	write_file("portico.ini", DEFERRED_AND_WHO, path_of("go"));
	struct server *s = start_serving();
	struct response r;
	int waits = client_connect(8080), keeps = client_connect(8080);

	client_says(waits, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	server_await(s, "request in hand");
	client_get(keeps, "/who", &r);
	cr_assert_not(r.close);
	for (unsigned i = 2; i <= 3; i++) {
		copy_file(path_of("good"), "live");
		upgrade_succeeds(s, i);
	}
	client_get(keeps, "/who", &r);
	cr_assert_eq(r.status, 200);
	close(keeps);
	write_file("go", "now");
	cr_assert(client_response(waits, &r), "a deferred reply was lost");
	cr_assert_str_eq(r.body, "at last\n");
	client_expect_end(waits, false);
	server_await_workers(s, 2);
	server_stop(s);
}

static double uptime(void)
{
	json_t *status = status_read();
	double seconds = json_real_value(json_object_get(status, "uptime"));

	json_decref(status);
	return seconds;
}

static bool are_counted(void *crashes)
{
	return status_number("crashes") == *(long long *)crashes;
}

Test(upgrade, counters_survive)
{
	write_file("portico.ini", GREETING, "hello");
	struct server *s = start_serving();
	long long crashes = 2;

	cr_assert_eq(kill(status_worker(0), SIGKILL), 0);
	cr_assert_eq(kill(status_worker(1), SIGKILL), 0);
	cr_assert(wait_until(are_counted, &crashes, PATIENCE));
	let_pass(0.2);           /* so that one that begins again would be less */
	double before = uptime();
	upgrade_succeeds(s, 2);
	cr_assert_eq(status_number("crashes"), 2);
	cr_assert_eq(status_number("upgrades"), 1);
	cr_assert_eq(status_number("generation"), 2);
	cr_assert_geq(uptime(), before);
	upgrade_succeeds(s, 3);
	cr_assert_eq(status_number("crashes"), 2);
	cr_assert_eq(status_number("upgrades"), 2);
	server_stop(s);
}

Test(upgrade, loses_nothing)
{
	write_file("portico.ini", GREETING, "hello");
	struct server *s = start_serving();
	struct load l;

	load_start(&l, 8080, PER_SECOND);
	for (unsigned i = 2; i <= 6; i++) {
		copy_file(path_of("good"), "live");
		upgrade_succeeds(s, i);
		load_await(&l, 20);
	}
	load_stop(&l);
	load_lost_nothing(l.result);
	cr_assert_eq(sockets_on("tcp", 8080), 2);
	server_await_workers(s, 2);
	server_stop(s);
}

Test(upgrade, after_scaling_serves_with_the_files_number)
{
	write_file("portico.ini", GREETING, "hello");
	struct server *s = start_serving();
	struct outcome o;

	verb_succeeds(&o, "scale", "4");
	upgrade_succeeds(s, 2);
	sockets_await("tcp", 8080, 2);
	server_await_workers(s, 2);
	verb_succeeds(&o, "scale", "3");
	cr_assert_eq(sockets_on("tcp", 8080), 3);
	for (int i = 0; i < 60; i++)
		http_get(8080, "/");
	server_stop(s);
}

/* Slots retire and the upgrade waits for them. */
Test(upgrade, waits_for_slots_that_retire)
{
	write_file("portico.ini", GREETING, "hello");
	struct server *s = start_serving();
	struct asked scale;
	struct outcome o;

	verb_begin(&scale, "scale", "1");
	server_await_workers(s, 1);
	upgrade_succeeds(s, 2);
	cr_assert_eq(verb_await(&scale, &o), 0, "%s", o.err);
	cr_assert_str_eq(o.out, "1 worker\n");
	server_stop(s);
}

/* Each is told its outcome, also those who asked while the binary was being changed. */
Test(upgrade, what_is_asked_behind_it_gets_its_turn)
{
	write_file("portico.ini", GREETING, "hello");
	struct server *s = start_serving();
	struct asked scale, upgrade, more, reload;
	struct outcome o;

	verb_begin(&scale, "scale", "1");
	server_await_workers(s, 1);
	/* Nobody says that it was asked before its turn comes: each has time to be. */
	verb_begin(&upgrade, "upgrade", NULL);
	let_pass(0.3);
	verb_begin(&more, "scale", "3");
	let_pass(0.3);
	verb_begin(&reload, "reload", NULL);
	let_pass(0.3);
	cr_assert_eq(verb_await(&scale, &o), 0, "%s", o.err);
	cr_assert_eq(verb_await(&upgrade, &o), 0, "%s", o.err);
	cr_assert_eq(verb_await(&more, &o), 0, "%s", o.err);
	cr_assert_str_eq(o.out, "3 workers\n");
	cr_assert_eq(verb_await(&reload, &o), 0, "%s", o.err);
	server_stop(s);
}

Test(upgrade, two_at_once_both_take_place)
{
	write_file("portico.ini", GREETING, "hello");
	struct server *s = start_serving();
	struct asked one, two;
	struct outcome o;

	verb_begin(&one, "upgrade", NULL);
	verb_begin(&two, "upgrade", NULL);
	cr_assert_eq(verb_await(&one, &o), 0, "%s", o.err);
	cr_assert_eq(verb_await(&two, &o), 0, "%s", o.err);
	cr_assert_eq(status_number("upgrades"), 2);
	server_stop(s);
}

/* ---- what else has to go on ---- */

static bool is_replaced(void *dead)
{
	pid_t now = status_worker(0);
	return now > 0 && now != *(pid_t *)dead;
}

Test(upgrade, a_worker_killed_right_after_it_is_replaced)
{
	write_file("portico.ini", GREETING, "hello");
	struct server *s = start_serving();

	for (unsigned i = 2; i <= 4; i++) {
		upgrade_succeeds(s, i);
		pid_t dead = status_worker(0);
		cr_assert_eq(kill(dead, SIGKILL), 0);
		for (int k = 0; k < 20; k++)
			http_get(8080, "/");
		cr_assert(wait_until(is_replaced, &dead, PATIENCE), "it is never replaced");
	}
	server_await_workers(s, 2);
	server_stop(s);
}

Test(upgrade, a_worker_killed_right_before_it_is_replaced)
{
	write_file("portico.ini", GREETING, "hello");
	struct server *s = start_serving();

	for (unsigned i = 2; i <= 4; i++) {
		pid_t dead = status_await_worker(0);
		cr_assert_eq(kill(dead, SIGKILL), 0);
		upgrade_succeeds(s, i);
		for (int k = 0; k < 20; k++)
			http_get(8080, "/");
		cr_assert(wait_until(is_replaced, &dead, PATIENCE), "it is never replaced");
	}
	server_await_workers(s, 2);
	server_stop(s);
}

Test(upgrade, term_after_it_drains)
{
	write_file("portico.ini", DEFERRED_AND_WHO, path_of("go"));
	struct server *s = start_serving();
	struct response r;
	int before = client_connect(8080);

	client_says(before, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	server_await(s, "request in hand");
	upgrade_succeeds(s, 2);
	int after = client_connect(8080);
	client_says(after, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	server_await_count(s, "request in hand", 2);
	server_signal(s, SIGTERM);
	client_await_refusal(8080);
	write_file("go", "now");
	cr_assert(client_response(before, &r));
	cr_assert_str_eq(r.body, "at last\n");
	cr_assert(client_response(after, &r));
	cr_assert_str_eq(r.body, "at last\n");
	close(before);
	close(after);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	server_assert_gone(s);
}

Test(upgrade, the_log_and_the_control_socket_go_on)
{
	char log[128], control[128];
	struct outcome o;
	struct stat st;

	snprintf(log, sizeof(log), "%s", path_of("portico.log"));
	snprintf(control, sizeof(control), "%s", path_of("control.sock"));
	write_file("portico.ini", WHO_AND_WEB, log, control);
	struct server *s = start_copy();
	await_log("generation 1 serves");
	for (unsigned i = 2; i <= 3; i++) {
		char said[64];
		verb_succeeds(&o, "upgrade", NULL);
		snprintf(said, sizeof(said), "generation %u serves", i);
		await_log(said);
	}
	await_log("has taken over 2 workers of generation 2");
	cr_assert_eq(status_number("upgrades"), 2);
	cr_assert_eq(rename(log, path_of("portico.log.1")), 0);
	verb_succeeds(&o, "reopen", NULL);
	verb_succeeds(&o, "reload", NULL);
	await_log("generation 4 serves");
	cr_assert_null(strstr(server_log(s), "generation 2 serves"), "the log went elsewhere");
	portico_ends(&o, NULL, "run", "-c", path_of("portico.ini"), NULL);
	cr_assert_eq(o.code, 69, "a second one: %d", o.code);
	verb_succeeds(&o, "status", NULL);
	server_stop(s);
	cr_assert_eq(stat(control, &st), -1, "the control socket is left behind");
}

/* Whoever has connected is answered, though it speaks to another binary by then. */
Test(upgrade, who_has_not_asked_yet_is_answered_after_it)
{
	char log[128], answer[256] = "";
	struct outcome o;
	static const char wrong[] = "{\"do\":\"nothing\"}\n";

	snprintf(log, sizeof(log), "%s", path_of("portico.log"));
	write_file("portico.ini", WHO_AND_WEB, log, path_of("control.sock"));
	struct server *s = start_copy();
	await_log("generation 1 serves");
	int early = control_connect();
	for (unsigned i = 2; i <= 3; i++)
		verb_succeeds(&o, "upgrade", NULL);
	cr_assert_eq(send(early, wrong, sizeof(wrong) - 1, MSG_NOSIGNAL), (ssize_t)sizeof(wrong) - 1);
	cr_assert_gt(recv(early, answer, sizeof(answer) - 1, 0), 0, "it was dropped");
	cr_assert_not_null(strstr(answer, "this is not a request"), "%s", answer);
	close(early);
	server_stop(s);
}
