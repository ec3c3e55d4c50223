/* SPDX-License-Identifier: MIT */
/* lend.c - while a slot has no worker, a sibling serves its queue. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "proc.h"
#include "server.h"

SYSTEM_SUITE(lend);

/* Without stalls: on a machine that is busy anybody may get no processor for so long, and is stood in for. */
#define MORTAL                                                               \
	"[portico]\nworkers = %u\nstall = 0\n"                               \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/die_in_start.so\nfile = %s\n"        \
	"[service flows]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"         \
	"[handler flows]\nplugin = ${T}/die_in_start.so\nfile = %s\n"

static struct server *start_mortal(unsigned workers)
{
	return server_start(MORTAL, workers, path_of("die"), path_of("die"));
}

/* Slot 1 loses its worker and every one after it.  The next try is some while away. */
static void lose_slot_1(struct server *s)
{
	pid_t worker = status_await_worker(1);

	write_file("die", "now");
	cr_assert_eq(kill(worker, SIGKILL), 0);
	server_await(s, "slot 1: 5 workers in a row died early; next try in 0.8 s");
}

/* Each is answered soon, and by somebody else than the slot that is lost. */
static void assert_all_answered(size_t clients, unsigned lost)
{
	for (size_t i = 0; i < clients; i++) {
		double begin = seconds_now();
		unsigned slot = slot_of(8080);
		cr_assert_neq(slot, lost);
		cr_assert_lt(seconds_now() - begin, 2., "a client waited for %.1f s",
			seconds_now() - begin);
	}
}

/* The listening sockets of the port that pid holds. */
static size_t held(pid_t pid)
{
	unsigned long inodes[16];
	size_t count = proc_sockets("tcp", 8080, inodes, 16);

	return proc_holds(pid, inodes, count);
}

struct holder {
	pid_t  pid;
	size_t count;
};

static bool holds_so_many(void *arg)
{
	const struct holder *h = arg;
	return held(h->pid) == h->count;
}

/* What its master has lent it, or asked back, a worker hears of when it turns. */
static void await_held(unsigned slot, size_t count)
{
	struct holder h = { .pid = status_await_worker(slot), .count = count };

	cr_assert(wait_until(holds_so_many, &h, PATIENCE), "worker %u holds %zu sockets of the port",
		slot, held(h.pid));
}

static void await_own_socket_only(unsigned slot)
{
	await_held(slot, 1);
}

/* Which of the slots 0 and 2 has what slot 1 cannot serve, and nothing else that is not its own. */
static bool has_borrowed(void *borrower)
{
	for (unsigned slot = 0; slot <= 2; slot += 2)
		if (held(status_await_worker(slot)) == 2) {
			*(unsigned *)borrower = slot;
			return true;
		}
	return false;
}

Test(lend, a_throttled_slots_clients_are_served_by_its_sibling)
{
	struct server *s = start_mortal(2);
	pid_t sibling = status_worker(0);

	lose_slot_1(s);
	assert_all_answered(100, 1);
	cr_assert_eq(held(sibling), 2, "the sibling has not borrowed");
	cr_assert_eq(unlink(path_of("die")), 0);
	slots_await_all(8080, 2);
	status_await_lent(0);
	await_own_socket_only(0);
	await_own_socket_only(1);
	cr_assert_eq(status_worker(0), sibling);
	unsigned hits[2];
	slots_count(8080, 200, hits, 2);
	cr_assert(hits[0] > 20 && hits[1] > 20, "%u and %u", hits[0], hits[1]);
	server_stop(s);
}

/* They have connected before anybody could be asked to serve them. */
Test(lend, those_in_the_queue_are_served_at_once)
{
	enum { CLIENTS = 40 };
	struct server *s = start_mortal(2);
	pid_t worker = status_worker(1);
	struct response r;
	int fds[CLIENTS];

	write_file("die", "now");
	cr_assert_eq(kill(worker, SIGSTOP), 0);
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = client_connect(8080);
		client_says(fds[i], "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
	}
	double begin = seconds_now();
	cr_assert_eq(kill(worker, SIGKILL), 0);
	for (int i = 0; i < CLIENTS; i++) {
		cr_assert(client_response(fds[i], &r), "client %d has no answer", i);
		cr_assert_eq(r.body[0], '0');
		close(fds[i]);
	}
	cr_assert_lt(seconds_now() - begin, 2.);
	server_stop(s);
}

Test(lend, datagrams_are_answered_by_the_sibling)
{
	struct server *s = start_mortal(2);
	char answer[64];

	lose_slot_1(s);
	for (int i = 0; i < 100; i++) {
		int fd = udp_client("127.0.0.1", 7001);
		udp_ask(fd, "?", 1, answer, sizeof(answer));
		cr_assert_eq(answer[0], '0');
		close(fd);
	}
	cr_assert_eq(unlink(path_of("die")), 0);
	status_await_worker(1);
	status_await_lent(0);
	for (bool mended = false; !mended;) {
		int fd = udp_client("127.0.0.1", 7001);
		udp_ask(fd, "?", 1, answer, sizeof(answer));
		mended = answer[0] == '1';
		close(fd);
	}
	server_stop(s);
}

Test(lend, when_the_borrower_dies_another_one_serves)
{
	struct server *s = start_mortal(3);

	lose_slot_1(s);
	for (int i = 0; i < 3; i++) {
		unsigned borrower;
		cr_assert(wait_until(has_borrowed, &borrower, PATIENCE), "nobody has borrowed");
		cr_assert_eq(kill(status_await_worker(borrower), SIGKILL), 0);
		assert_all_answered(60, 1);
		status_await_worker(borrower);
		status_await_lent(2);
	}
	cr_assert_eq(unlink(path_of("die")), 0);
	slots_await_all(8080, 3);
	status_await_lent(0);
	for (unsigned slot = 0; slot < 3; slot++)
		await_own_socket_only(slot);
	server_stop(s);
}

Test(lend, a_replacement_that_is_slow_to_start_is_stood_in_for)
{
	write_file("open", "yes");
	struct server *s = server_start("[portico]\nworkers = 2\nstall = 0\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/gate.so\nfile = %s\n", path_of("open"));

	cr_assert_eq(unlink(path_of("open")), 0);
	cr_assert_eq(kill(status_worker(1), SIGKILL), 0);
	server_await_count(s, "waiting at the gate", 3);
	for (int i = 0; i < 60; i++) {
		double begin = seconds_now();
		cr_assert_str_eq(http_get(8080, "/"), "through\n");
		cr_assert_lt(seconds_now() - begin, 2.);
	}
	write_file("open", "yes");
	status_await_worker(1);
	status_await_lent(0);
	await_own_socket_only(0);
	server_stop(s);
}

Test(lend, a_reload_ends_the_loan)
{
	struct server *s = start_mortal(2);
	struct outcome o;

	lose_slot_1(s);
	cr_assert_eq(verb(&o, "reload", NULL), 1, "%s", o.out);
	assert_all_answered(30, 1);
	cr_assert_eq(unlink(path_of("die")), 0);
	verb_succeeds(&o, "reload", NULL);
	cr_assert_eq(status_lent(), 0);
	await_own_socket_only(0);
	await_own_socket_only(1);
	unsigned hits[2];
	slots_count(8080, 200, hits, 2);
	cr_assert(hits[0] > 20 && hits[1] > 20, "%u and %u", hits[0], hits[1]);
	server_stop(s);
}

/* Nobody can borrow: who waits is served as soon as there is somebody. */
Test(lend, without_a_sibling_clients_wait)
{
	enum { CLIENTS = 20 };
	struct server *s = server_start("[portico]\nworkers = 1\nstall = 0\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/die_in_start.so\nfile = %s\nslot = 0\n", path_of("die"));
	pid_t worker = status_worker(0);
	struct response r;
	int fds[CLIENTS];

	write_file("die", "now");
	cr_assert_eq(kill(worker, SIGKILL), 0);
	server_await(s, "slot 0: 3 workers in a row died early");
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = client_connect(8080);
		client_says(fds[i], "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
	}
	cr_assert_eq(unlink(path_of("die")), 0);
	for (int i = 0; i < CLIENTS; i++) {
		cr_assert(client_response(fds[i], &r), "client %d has no answer", i);
		close(fds[i]);
	}
	server_stop(s);
}

/* A worker that dies while it has borrowed from every other slot. */
Test(lend, the_last_one_that_serves_serves_all)
{
	struct server *s = server_start("[portico]\nworkers = 4\nstall = 0\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/gate.so\nfile = %s\n", "/");

	write_file("portico.ini", "[portico]\nworkers = 4\nstall = 0\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/gate.so\nfile = %s\n", path_of("open"));
	write_file("open", "yes");
	struct outcome o;
	verb_succeeds(&o, "reload", NULL);
	cr_assert_eq(unlink(path_of("open")), 0);
	for (unsigned slot = 0; slot < 3; slot++)
		cr_assert_eq(kill(status_worker(slot), SIGKILL), 0);
	status_await_lent(3);
	await_held(3, 4);
	for (int i = 0; i < 60; i++)
		cr_assert_str_eq(http_get(8080, "/"), "through\n");
	write_file("open", "yes");
	status_await_lent(0);
	for (unsigned slot = 0; slot < 4; slot++)
		await_own_socket_only(slot);
	server_stop(s);
}
