/* SPDX-License-Identifier: MIT */
/* worker.c - what a worker process is: its descriptors, its user, its limits. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "proc.h"
#include "server.h"

SYSTEM_SUITE(worker);

#define THREE_SERVICES                                                       \
	"[portico]\nworkers = 3\nlog = ./portico.log\n"                      \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080, [::1]:8080\n" \
	"[handler web]\nplugin = ${E}/hello.so\ngreeting = %s\n"             \
	"[service echo]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"          \
	"[handler echo]\nplugin = ${E}/udp_echo.so\n"

/* A slot's sockets: one of each group. */
static void assert_own_sockets(pid_t worker)
{
	unsigned long inodes[16];

	size_t count = proc_sockets("tcp", 8080, inodes, 16);
	cr_assert_eq(count, 3);
	cr_assert_eq(proc_holds(worker, inodes, count), 1);
	count = proc_sockets("tcp6", 8080, inodes, 16);
	cr_assert_eq(count, 3);
	cr_assert_eq(proc_holds(worker, inodes, count), 1);
	count = proc_sockets("udp", 7001, inodes, 16);
	cr_assert_eq(count, 3);
	cr_assert_eq(proc_holds(worker, inodes, count), 1);
}

static size_t count_in(const char *text, const char *what)
{
	size_t count = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		count++;
	return count;
}

/* Three standard ones, epoll, libev's wake-up, the log; and four sockets: three of the slot and
 * the channel to the master. */
static void assert_own_descriptors(pid_t worker)
{
	const char *all = proc_descriptors(worker);
	size_t count = count_in(all, "\n");

	cr_assert_eq(count_in(all, "socket:["), 4, "%s", all);
	cr_assert_eq(count_in(all, "[eventpoll]"), 1, "%s", all);
	cr_assert_leq(count_in(all, "[eventfd]"), 1, "%s", all);
	cr_assert_leq(count_in(all, "[timerfd]"), 1, "%s", all);
	cr_assert_eq(count_in(all, "portico.log"), 1, "%s", all);
	cr_assert_eq(count_in(all, "pidfd"), 0, "%s", all);
	cr_assert_eq(count_in(all, "[signalfd]"), 0, "%s", all);
	cr_assert_eq(count, 3 + 4 + 1 + count_in(all, "[eventfd]") + count_in(all, "[timerfd]") + 1,
		"%s", all);
}

static bool log_says_generation_2(void *arg)
{
	(void)arg;
	return strstr(read_file(path_of("portico.log")), "generation 2 serves") != NULL;
}

static bool log_says_killed(void *arg)
{
	(void)arg;
	return strstr(read_file(path_of("portico.log")), "of signal 9 (Killed)") != NULL;
}

static bool is_served(void *arg)
{
	(void)arg;
	int fd = client_try_connect("127.0.0.1", 8080);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* A worker that was just forked still has all that the master has, and one whose
 * sibling died has borrowed that one's sockets until the replacement serves. */
static bool are_settled(void *arg)
{
	struct server *s = arg;
	pid_t workers[4];
	size_t count = server_workers(s, workers, 4);

	for (size_t i = 0; i < count; i++)
		if (count_in(proc_descriptors(workers[i]), "[eventpoll]") != 1
			|| count_in(proc_descriptors(workers[i]), "[signalfd]") != 0
			|| count_in(proc_descriptors(workers[i]), "socket:[") != 4)
			return false;
	return count == 3;
}

static void assert_workers_are_clean(struct server *s)
{
	pid_t workers[3];

	cr_assert(wait_until(are_settled, s, PATIENCE), "the workers do not come to rest");
	cr_assert_eq(server_workers(s, workers, 3), 3);
	for (int i = 0; i < 3; i++) {
		assert_own_sockets(workers[i]);
		assert_own_descriptors(workers[i]);
	}
}

Test(worker, descriptors_of_a_worker_are_only_its_own)
{
	write_file("portico.ini", THREE_SERVICES, "old");
	struct server *s = server_spawn(NULL);
	pid_t workers[3];

	cr_assert(wait_until(is_served, NULL, PATIENCE));
	assert_workers_are_clean(s);
	server_reload(s, THREE_SERVICES, "new");
	cr_assert(wait_until(log_says_generation_2, NULL, PATIENCE));
	assert_workers_are_clean(s);
	cr_assert_eq(server_workers(s, workers, 3), 3);
	cr_assert_eq(kill(workers[0], SIGKILL), 0);
	cr_assert(wait_until(log_says_killed, NULL, PATIENCE));
	assert_workers_are_clean(s);
	server_stop(s);
}

struct holdings {
	pid_t  pid;
	size_t count;
};

/* Before, the trial child may still have been held for a moment; what leaks does so each time. */
static bool holds_no_more(void *arg)
{
	struct holdings *h = arg;
	return count_in(proc_descriptors(h->pid), "\n") <= h->count;
}

/* Its own descriptors stay few, whatever it went through. */
Test(worker, reloads_and_crashes_leak_no_descriptor_in_the_master)
{
	struct server *s = server_start("[portico]\nworkers = 2\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ${E}/hello.so\n%s", "");
	size_t before = count_in(proc_descriptors(server_pid(s)), "\n");
	pid_t workers[2];

	for (unsigned i = 0; i < 10; i++) {
		server_signal(s, SIGHUP);
		server_await_generation(s, i + 2);
		server_await_workers(s, 2);
	}
	cr_assert_eq(server_workers(s, workers, 2), 2);
	cr_assert_eq(kill(workers[1], SIGKILL), 0);
	server_await(s, "of signal 9 (Killed)");
	server_await_workers(s, 2);
	http_get(8080, "/");
	struct holdings h = { .pid = server_pid(s), .count = before };
	cr_assert(wait_until(holds_no_more, &h, 5.), "%zu before, and now:\n%s", before,
		proc_descriptors(h.pid));
	server_stop(s);
}

static void assert_user(pid_t pid, const char *ids, const char *no_new_privileges)
{
	cr_assert_str_eq(proc_status(pid, "Uid"), ids);
	cr_assert_str_eq(proc_status(pid, "Gid"), ids);
	cr_assert_str_eq(proc_status(pid, "NoNewPrivs"), no_new_privileges);
}

#define AS_NOBODY                                                            \
	"[portico]\nworkers = %u\nuser = nobody\n"                           \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:80\n"            \
	"[handler web]\nplugin = ./hello.so\n"

Test(worker, runs_as_another_user_when_told)
{
	copy_file(example("hello.so"), "hello.so");
	struct server *s = server_start(AS_NOBODY, 2);
	pid_t workers[3];

	cr_assert_eq(server_workers(s, workers, 2), 2);
	for (int i = 0; i < 2; i++) {
		assert_user(workers[i], "65534\t65534\t65534\t65534", "1");
		cr_assert_str_eq(proc_status(workers[i], "CapEff"), "0000000000000000");
		cr_assert_null(strchr(proc_status(workers[i], "Groups"), '0'), "groups of root");
	}
	assert_user(server_pid(s), "0\t0\t0\t0", "0");
	cr_assert_str_eq(http_get(80, "/"), "Hello\n");
	server_reload(s, AS_NOBODY, 3);
	server_await_generation(s, 2);
	server_await_workers(s, 3);
	cr_assert_eq(server_workers(s, workers, 3), 3);
	assert_user(workers[2], "65534\t65534\t65534\t65534", "1");
	for (int i = 0; i < 30; i++)
		cr_assert_str_eq(http_get(80, "/"), "Hello\n");
	server_stop(s);
}

Test(worker, an_ordinary_user_can_run_all_of_it)
{
	copy_file(example("hello.so"), "hello.so");
	write_file("portico.ini", "[portico]\nworkers = 2\nuser = nobody\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ./hello.so\n");
	struct server *s = server_spawn(&(struct spawn){ .uid = 65534 });

	server_await_generation(s, 1);
	http_get(8080, "/");
	server_signal(s, SIGHUP);
	server_await_generation(s, 2);
	http_get(8080, "/");
	server_stop(s);
}

/* ---- descriptors run out ---- */

static void raise_own_limit(void)
{
	struct rlimit limit;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

Test(worker, accepting_rests_when_descriptors_run_out)
{
	enum { CLIENTS = 100, LIMIT = 64 };
	int fds[CLIENTS];
	struct response r;
	pid_t worker;

	raise_own_limit();
	write_file("portico.ini", "[portico]\nworkers = 1\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\ndefer_accept = no\n"
		"[handler web]\nplugin = ${E}/hello.so\n");
	struct server *s = server_spawn(&(struct spawn){ .files = LIMIT });
	server_await_generation(s, 1);
	cr_assert_eq(server_workers(s, &worker, 1), 1);
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = client_connect(8080);
	server_await(s, "accepting rests, clients wait in the queue: Too many open files");
	double before = proc_cpu_seconds(worker);
	let_pass(1.);
	double used = proc_cpu_seconds(worker) - before;
	cr_assert_lt(used, 0.2, "it spins: %.2f s of 1 s", used);
	for (int i = 0; i < CLIENTS; i++) {
		client_get(fds[i], "/", &r);     /* as one goes, the next comes in */
		close(fds[i]);
	}
	for (int i = 0; i < 50; i++)
		cr_assert_str_eq(http_get(8080, "/"), "Hello\n");
	cr_assert_leq(server_count(s, "accepting rests"), 60, "it fills the log");
	server_stop(s);
}

Test(worker, an_idle_server_does_not_wake_up)
{
	struct server *s = server_start("[portico]\nworkers = 1\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ${E}/hello.so\n%s", "");
	pid_t worker;

	http_get(8080, "/");
	let_pass(0.2);           /* for what the request set going */
	cr_assert_eq(server_workers(s, &worker, 1), 1);
	long before = atol(proc_status(worker, "voluntary_ctxt_switches"));
	let_pass(1.);
	cr_assert_leq(atol(proc_status(worker, "voluntary_ctxt_switches")) - before, 5);
	server_stop(s);
}
