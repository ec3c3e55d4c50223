/* SPDX-License-Identifier: MIT */
/* scale.c - more and fewer workers while it runs: nobody notices. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "proc.h"
#include "server.h"

SYSTEM_SUITE(scale);

enum { PER_SECOND = 400 };

/* Without stalls, which a busy machine makes and a worker that is stopped: then it is scaling that lends. */
#define WHO                                                                  \
	"[portico]\nworkers = %u\nstall = 0\n"                              \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/who.so\n"                            \
	"[service flows]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"         \
	"[handler flows]\nplugin = ${T}/who.so\n"
#define HELLO                                                                \
	"[portico]\nworkers = %u\n"                                          \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web]\nplugin = ${E}/hello.so\n"
#define FAIL_FROM                                                            \
	"[portico]\nworkers = 2\n"                                           \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/fail_from.so\nfrom = %u\n"
#define MORTAL                                                               \
	"[portico]\nworkers = %u\n"                                          \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/die_in_start.so\nfile = %s\n"

static void assert_sockets(size_t slots)
{
	cr_assert_eq(sockets_on("tcp", 8080), slots, "%zu tcp sockets", sockets_on("tcp", 8080));
	cr_assert_eq(sockets_on("udp", 7001), slots, "%zu udp sockets", sockets_on("udp", 7001));
}

static void scale_to(const char *workers)
{
	struct outcome o;
	char said[64];

	verb_succeeds(&o, "scale", workers);
	snprintf(said, sizeof(said), "%s worker%s\n", workers, strcmp(workers, "1") == 0 ? "" : "s");
	cr_assert_str_eq(o.out, said);
}

/* ---- the row of slots ---- */

Test(scale, up_and_down_changes_workers_and_sockets)
{
	struct server *s = server_start(WHO, 1);
	unsigned hits[4];

	assert_sockets(1);
	scale_to("4");
	assert_sockets(4);
	server_await_workers(s, 4);
	slots_count(8080, 400, hits, 4);
	for (int i = 0; i < 4; i++)
		cr_assert_gt(hits[i], 20, "slot %d answered %u of 400", i, hits[i]);
	scale_to("1");
	assert_sockets(1);
	server_await_workers(s, 1);
	slots_count(8080, 50, hits, 1);
	scale_to("3");
	assert_sockets(3);
	slots_await_all(8080, 3);
	server_stop(s);
}

Test(scale, ttin_and_ttou_are_one_more_and_one_fewer)
{
	struct server *s = server_start(WHO, 1);

	server_signal(s, SIGTTIN);
	server_await(s, "master: 2 workers");
	assert_sockets(2);
	slots_await_all(8080, 2);
	server_signal(s, SIGTTOU);
	server_await(s, "master: 1 worker\n");
	assert_sockets(1);
	server_await_workers(s, 1);
	server_signal(s, SIGTTOU);
	server_await(s, "scale failed: 0 workers");
	assert_sockets(1);
	http_get(8080, "/");
	server_stop(s);
}

Test(scale, the_same_number_changes_nothing)
{
	struct server *s = server_start(WHO, 2);
	struct outcome o;
	pid_t before = status_worker(1);

	verb_succeeds(&o, "scale", "2");
	cr_assert_str_eq(o.out, "2 workers, as before\n");
	cr_assert_eq(status_worker(1), before);
	server_stop(s);
}

/* The workers that stay are the same processes. */
Test(scale, the_workers_that_stay_are_not_replaced)
{
	struct server *s = server_start(WHO, 2);
	pid_t zero = status_worker(0), one = status_worker(1);

	scale_to("4");
	cr_assert_eq(status_worker(0), zero);
	cr_assert_eq(status_worker(1), one);
	scale_to("1");
	cr_assert_eq(status_worker(0), zero);
	server_stop(s);
}

/* ---- load ---- */

Test(scale, loses_nothing)
{
	struct server *s = server_start(HELLO, 4);
	struct load l;

	load_start(&l, 8080, PER_SECOND);
	for (int i = 0; i < 3; i++) {
		scale_to("1");
		load_await(&l, 20);
		scale_to("4");
		load_await(&l, 20);
	}
	load_stop(&l);
	load_lost_nothing(l.result);
	cr_assert_eq(sockets_on("tcp", 8080), 4);
	server_stop(s);
}

Test(scale, loses_no_datagram)
{
	struct server *s = server_start("[portico]\nworkers = 3\n"
		"[service echo]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"
		"[handler echo]\nplugin = ${E}/udp_echo.so\n%s", "");
	struct load l;

	load_start_udp(&l, 7001, PER_SECOND);
	scale_to("1");
	load_await(&l, 20);
	scale_to("3");
	load_await(&l, 20);
	load_stop(&l);
	load_lost_nothing(l.result);
	server_stop(s);
}

Test(scale, a_reload_with_fewer_workers_loses_nothing)
{
	struct server *s = server_start(HELLO, 4);
	struct outcome o;
	struct load l;

	load_start(&l, 8080, PER_SECOND);
	write_file("portico.ini", HELLO, 1);
	verb_succeeds(&o, "reload", NULL);
	sockets_await("tcp", 8080, 1);
	load_await(&l, 20);
	load_stop(&l);
	load_lost_nothing(l.result);
	server_await_workers(s, 1);
	server_stop(s);
}

/* ---- who is on the way ---- */

/* The worker of a slot that retires is stopped: what waits in its queue is a sibling's. */
Test(scale, the_queue_of_a_slot_that_ends_is_served)
{
	enum { CLIENTS = 20 };
	struct server *s = server_start(WHO, 2);
	pid_t retired = status_worker(1);
	struct response r;
	int fds[CLIENTS];

	cr_assert_eq(kill(retired, SIGSTOP), 0);
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = client_connect(8080);
		client_says(fds[i], "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
	}
	scale_to("1");
	for (int i = 0; i < CLIENTS; i++) {
		cr_assert(client_response(fds[i], &r), "client %d has no answer", i);
		cr_assert_eq(r.body[0], '0', "slot %c answered", r.body[0]);
		close(fds[i]);
	}
	cr_assert_eq(kill(retired, SIGCONT), 0);
	server_await_workers(s, 1);
	assert_sockets(1);
	server_stop(s);
}

/* Its descriptor keeps the socket in the kernel's group when the master's is closed. */
Test(scale, a_worker_that_hangs_while_it_retires_gets_no_new_clients)
{
	struct server *s = server_start(WHO, 2);
	pid_t retired = status_worker(1);
	struct response r;

	cr_assert_eq(kill(retired, SIGSTOP), 0);
	scale_to("1");
	for (int i = 0; i < 30; i++) {
		int fd = client_connect(8080);
		client_says(fd, "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
		cr_assert_not(client_hears_nothing(fd, 5.), "client %d is in a queue that nobody serves", i);
		cr_assert(client_response(fd, &r), "client %d is reset", i);
		close(fd);
	}
	cr_assert_eq(kill(retired, SIGCONT), 0);
	server_await_workers(s, 1);
	server_stop(s);
}

Test(scale, a_long_connection_of_a_retired_worker_lives_on)
{
	enum { CLIENTS = 20 };
	struct server *s = server_start("[portico]\nworkers = 2\ndrain = 60s\n"
		"[service echo]\nprotocol = tcp\nlisten = 127.0.0.1:7000\n"
		"[handler echo]\nplugin = ${E}/echo.so\n%s", "");
	int fds[CLIENTS];
	char answer[5];

	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = client_connect(7000);
		client_says(fds[i], "first");
		client_read(fds[i], answer, 5);
	}
	scale_to("1");
	cr_assert_eq(sockets_on("tcp", 7000), 1);
	server_await_workers(s, 2);
	scale_to("3");
	for (int i = 0; i < CLIENTS; i++) {
		client_says(fds[i], "again");
		client_read(fds[i], answer, 5);
		cr_assert_eq(memcmp(answer, "again", 5), 0);
		close(fds[i]);
	}
	server_await_workers(s, 3);
	server_stop(s);
}

Test(scale, a_worker_that_dies_while_it_retires_is_not_replaced)
{
	struct server *s = server_start(WHO, 2);
	pid_t retired = status_worker(1), borrower = status_worker(0);
	struct asked asked;
	struct outcome o;
	struct response r;
	int fds[20];

	cr_assert_eq(kill(retired, SIGSTOP), 0);
	for (int i = 0; i < 20; i++) {
		fds[i] = client_connect(8080);
		client_says(fds[i], "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
	}
	verb_begin(&asked, "scale", "1");
	sockets_await_held("tcp", 8080, borrower, 2);
	cr_assert_eq(kill(retired, SIGKILL), 0);
	for (int i = 0; i < 20; i++) {
		cr_assert(client_response(fds[i], &r), "client %d has no answer", i);
		close(fds[i]);
	}
	cr_assert_eq(verb_await(&asked, &o), 0, "%s", o.err);
	server_await_workers(s, 1);
	assert_sockets(1);
	server_stop(s);
}

/* Slot 1's is stopped when slot 0's, which has borrowed from it, dies. */
Test(scale, a_borrower_that_dies_loses_no_queue)
{
	struct server *s = server_start(WHO, 2);
	pid_t retired = status_worker(1), borrower = status_worker(0);
	struct asked asked;
	struct outcome o;

	cr_assert_eq(kill(retired, SIGSTOP), 0);
	verb_begin(&asked, "scale", "1");
	sockets_await_held("tcp", 8080, borrower, 2);
	cr_assert_eq(kill(borrower, SIGKILL), 0);
	for (int i = 0; i < 20; i++)
		http_get(8080, "/");
	cr_assert_eq(verb_await(&asked, &o), 0, "%s", o.err);
	cr_assert_str_eq(o.out, "1 worker\n");
	cr_assert_eq(kill(retired, SIGCONT), 0);
	server_await_workers(s, 1);
	assert_sockets(1);
	http_get(8080, "/");
	server_stop(s);
}

/* ---- what fails ---- */

Test(scale, workers_that_fail_leave_all_as_it_was)
{
	struct server *s = server_start(FAIL_FROM, 2);
	struct outcome o;
	unsigned long before[2], after[8];
	pid_t zero = status_worker(0), one = status_worker(1);

	cr_assert_eq(proc_sockets("tcp", 8080, before, 2), 2);
	for (size_t i = 1; i <= 5; i++) {
		cr_assert_eq(verb(&o, "scale", "4"), 1);
		cr_assert_not_null(strstr(o.err, "scale failed: "), "%s", o.err);
		cr_assert_not_null(strstr(o.err, "its start() failed"), "%s", o.err);
		cr_assert_not_null(strstr(o.err, "2 workers as before"), "%s", o.err);
		cr_assert_eq(server_count(s, "scale failed: "), i, "told more than once");
		for (int k = 0; k < 20; k++)
			cr_assert_str_eq(http_get(8080, "/"), "fine\n");
	}
	server_await_workers(s, 2);
	cr_assert(status_worker(0) == zero && status_worker(1) == one);
	cr_assert_eq(proc_sockets("tcp", 8080, after, 8), 2);
	cr_assert_eq(memcmp(before, after, sizeof(before)), 0, "the sockets are others");
	write_file("portico.ini", FAIL_FROM, 4);
	verb_succeeds(&o, "reload", NULL);
	scale_to("4");
	cr_assert_eq(sockets_on("tcp", 8080), 4);
	server_stop(s);
}

Test(scale, one_that_fails_loses_nothing)
{
	struct server *s = server_start(FAIL_FROM, 3);
	struct outcome o;
	struct load l;

	load_start(&l, 8080, PER_SECOND);
	for (int i = 0; i < 5; i++) {
		cr_assert_eq(verb(&o, "scale", "6"), 1);
		load_await(&l, 20);
	}
	load_stop(&l);
	load_lost_nothing(l.result);
	server_await_workers(s, 2);
	server_stop(s);
}

/* ---- with other things ---- */

Test(scale, a_reload_sets_the_number_of_the_file)
{
	struct server *s = server_start(WHO, 2);
	struct outcome o;

	scale_to("4");
	verb_succeeds(&o, "reload", NULL);
	sockets_await("tcp", 8080, 2);
	sockets_await("udp", 7001, 2);
	server_await_workers(s, 2);
	cr_assert_eq(status_number("workers"), 2);
	scale_to("1");
	verb_succeeds(&o, "reload", NULL);
	server_await_workers(s, 2);
	assert_sockets(2);
	slots_await_all(8080, 2);
	server_stop(s);
}

Test(scale, down_while_a_slot_is_throttled)
{
	struct server *s = server_start(MORTAL, 3, path_of("die"));
	struct outcome o;

	write_file("die", "now");
	cr_assert_eq(kill(status_worker(1), SIGKILL), 0);
	server_await(s, "slot 1: 3 workers in a row died early");
	scale_to("1");
	cr_assert_eq(sockets_on("tcp", 8080), 1);
	server_await_workers(s, 1);
	size_t deaths = server_count(s, "error master: worker 1 (pid");
	cr_assert_eq(verb(&o, "scale", "2"), 1, "%s", o.out);
	cr_assert_not_null(strstr(o.err, "1 worker as before"), "%s", o.err);
	cr_assert_eq(server_count(s, "error master: worker 1 (pid"), deaths + 1,
		"the slot was tried meanwhile");
	cr_assert_eq(unlink(path_of("die")), 0);
	scale_to("3");
	slots_await_all(8080, 3);
	server_stop(s);
}

/* As long as the file "die" is there. */
static struct server *begin_beside_a_throttled_slot(struct asked *scale)
{
	struct server *s = server_start(MORTAL, 2, path_of("die"));

	write_file("die", "now");
	cr_assert_eq(kill(status_worker(1), SIGKILL), 0);
	server_await(s, "slot 1: 4 workers in a row died early");
	verb_begin(scale, "scale", "3");
	server_await(s, "slot 1: 5 workers in a row died early");
	return s;
}

/* Slot 1 waits for its next try, and gets well. */
Test(scale, up_beside_a_slot_that_is_throttled)
{
	struct asked asked;
	struct server *s = begin_beside_a_throttled_slot(&asked);
	struct outcome o;

	cr_assert_eq(unlink(path_of("die")), 0);
	cr_assert_eq(verb_await(&asked, &o), 0, "%s", o.err);
	slots_await_all(8080, 3);
	cr_assert_eq(sockets_on("tcp", 8080), 3);
	server_stop(s);
}

/* It may succeed or fail, but not for ever: the reload that mends the slot waits behind it. */
Test(scale, up_beside_a_slot_that_never_gets_well_holds_up_nothing)
{
	struct asked asked;
	struct server *s = begin_beside_a_throttled_slot(&asked);
	struct outcome o;

	write_file("portico.ini", WHO, 2);
	server_signal(s, SIGHUP);
	server_await_generation(s, 2);
	verb_await(&asked, &o);
	cr_assert(o.code == 0 || o.code == 1);
	slots_await_all(8080, 2);
	server_stop(s);
}

Test(scale, a_stop_does_not_wait_for_slots_that_retire)
{
	struct server *s = server_start(WHO, 4);
	pid_t borrower = status_worker(0);
	struct asked asked;
	struct outcome o;

	verb_begin(&asked, "scale", "1");
	sockets_await_held("tcp", 8080, borrower, 4);
	double begin = seconds_now();
	server_signal(s, SIGTERM);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	cr_assert_lt(seconds_now() - begin, 2.5);
	cr_assert_eq(verb_await(&asked, &o), 1);
	cr_assert_not_null(strstr(o.err, "portico is stopping"), "%s", o.err);
	server_assert_gone(s);
}
