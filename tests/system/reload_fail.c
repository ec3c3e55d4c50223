/* SPDX-License-Identifier: MIT */
/* reload_fail.c - a reload that cannot be: what serves goes on, and the log says why. */
#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "greeting.h"
#include "harness.h"
#include "proc.h"
#include "server.h"

SYSTEM_SUITE(reload_fail);

#define WHO                                                                  \
	"[portico]\nworkers = %u\n"                                          \
	"[service web]\nprotocol = http\nlisten = %s\n"                      \
	"[handler web /]\nplugin = ${T}/who.so\n"

static void assert_same_workers(struct server *s, const pid_t *before, size_t count)
{
	pid_t now[8];

	server_await_workers(s, count);
	cr_assert_eq(server_workers(s, now, 8), count);
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(now[i], before[i], "a worker was replaced");
}

Test(reload_fail, keeps_serving_when_the_file_is_broken)
{
	struct server *s = server_start(GREETING, "old");
	pid_t workers[2];

	cr_assert_eq(server_workers(s, workers, 2), 2);
	server_reload(s, "[portico]\nworkers = 2\ndrian = 3s\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:99999\n"
		"[handler web /]\nplugin = ${E}/hello.so\n");
	server_await(s, "reload failed: the configuration is not right; generation 1 goes on");
	cr_assert(server_says(s, "portico.ini:3: drian is not an option of [portico]; "
		"did you mean drain?"));
	cr_assert(server_says(s, "portico.ini:6: listen = 127.0.0.1:99999: the port is not in range"));
	assert_greeting("old", 20);
	assert_same_workers(s, workers, 2);
	server_reload(s, GREETING, "mended");
	server_await_generation(s, 2);
	server_await_count(s, "left after", 2);
	assert_greeting("mended", 20);
	server_stop(s);
}

Test(reload_fail, keeps_serving_when_the_file_is_gone)
{
	struct server *s = server_start(GREETING, "old");

	cr_assert_eq(unlink(path_of("portico.ini")), 0);
	server_signal(s, SIGHUP);
	server_await(s, "reload failed");
	cr_assert(server_says(s, "portico.ini: there is no such file"));
	assert_greeting("old", 10);
	server_stop(s);
}

Test(reload_fail, keeps_serving_when_an_option_is_wrong)
{
	struct server *s = server_start(GREETING, "old");

	server_reload(s, "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${E}/hello.so\ngreting = new\n");
	server_await(s, "reload failed: the plugins or their options are not right");
	cr_assert(server_says(s, "portico.ini:6: handler web /: greting is not an option of "
		"[handler web /]; did you mean greeting?"));
	assert_greeting("old", 10);
	server_stop(s);
}

Test(reload_fail, fails_when_a_plugin_crashes_in_load)
{
	struct server *s = server_start(GREETING, "old");

	server_reload(s, "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/crash_in_load.so\n");
	server_await(s, "reload failed");
	cr_assert(server_says(s, "a plugin ended the trial with signal 6"));
	assert_greeting("old", 10);
	server_stop(s);
}

Test(reload_fail, fails_when_a_plugin_crashes_in_start)
{
	struct server *s = server_start(GREETING, "old");
	pid_t workers[2];

	cr_assert_eq(server_workers(s, workers, 2), 2);
	server_reload(s, "[portico]\nworkers = 2\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/crash_in_start.so\n");
	server_await(s, "reload failed: worker ");
	cr_assert(server_says(s, "generation 2) died after "));
	cr_assert(server_says(s, "signal 11 (Segmentation fault), starting handlers, "
		"in start() of handler web /"));
	cr_assert(server_says(s, "generation 1 goes on"));
	assert_greeting("old", 20);
	assert_same_workers(s, workers, 2);
	server_reload(s, GREETING, "mended");
	server_await_count(s, " serves after", 2);
	server_await_count(s, "left after", 2);
	assert_greeting("mended", 20);
	server_stop(s);
}

Test(reload_fail, fails_when_a_plugin_says_no_in_start)
{
	struct server *s = server_start(GREETING, "old");

	server_reload(s, "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[portico]\nworkers = 2\n"
		"[handler web /]\nplugin = ${T}/fail_in_start.so\n");
	server_await(s, "reload failed: handler web /: its start() failed");
	cr_assert(server_says(s, "the database is on fire"));
	assert_greeting("old", 20);
	server_stop(s);
}

/* The reason comes through the worker's channel while the worker is ending already. */
Test(reload_fail, a_failed_start_is_always_told_with_its_reason)
{
	struct server *s = server_start(GREETING, "old");

	for (size_t i = 1; i <= 30; i++) {
		server_reload(s, "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
			"[portico]\nworkers = 2\n"
			"[handler web /]\nplugin = ${T}/fail_in_start.so\n");
		server_await_count(s, "reload failed: ", i);
		cr_assert_eq(server_count(s, "reload failed: handler web /: its start() failed"), i,
			"the reason of the %zuth failure is lost", i);
	}
	server_stop(s);
}

/* The workers of a start that failed must not hold up a stop that follows at once: some of
 * them still wait for their turn to bind. */
Test(reload_fail, a_stop_right_after_a_failed_reload_does_not_wait)
{
	struct server *s = server_start(WHO, 1, "127.0.0.1:8080");

	server_reload(s, "[portico]\nworkers = 4\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/crash_in_start.so\n");
	server_await(s, "generation 1 goes on");
	double begin = seconds_now();
	server_signal(s, SIGTERM);
	cr_assert_eq(server_await_exit(s, 40.), 0);
	cr_assert_lt(seconds_now() - begin, 10., "it took %.1f s", seconds_now() - begin);
	server_assert_gone(s);
}

Test(reload_fail, fails_when_start_hangs)
{
	struct server *s = server_start(GREETING, "old");
	pid_t workers[2];

	cr_assert_eq(server_workers(s, workers, 2), 2);
	server_reload(s, "[portico]\nworkers = 2\nstart_time = 1s\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/hang_in_start.so\n");
	server_await(s, "hanging in start()");
	assert_greeting("old", 10);
	server_await(s, "it was not ready within start_time and was killed");
	server_await(s, "generation 1 goes on");
	assert_greeting("old", 10);
	assert_same_workers(s, workers, 2);
	server_stop(s);
}

Test(reload_fail, fails_when_a_new_address_is_held_by_another_program)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(8081),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct server *s = server_start(WHO, 2, "127.0.0.1:8080");
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	cr_assert_eq(listen(fd, 1), 0);
	server_reload(s, WHO, 2, "127.0.0.1:8080, 127.0.0.1:8081");
	server_await(s, "generation 1 goes on");
	cr_assert(server_says(s, "bind 127.0.0.1:8081: Address already in use"));
	http_get(8080, "/");
	close(fd);
	server_signal(s, SIGHUP);
	server_await_count(s, " serves after", 2);
	http_get(8081, "/");
	server_stop(s);
}

/* A start that fails half-way has made sockets for workers that never served.  Nobody accepts
 * from them: they must not take a share of the clients, now or after the next reload. */
#define HANGING                                                              \
	"[portico]\nworkers = 4\n"                                           \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/hang_in_start.so\n"                  \
	"[service who]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"           \
	"[handler who]\nplugin = ${T}/who.so\n"

#define WHO_WITH_UDP                                                         \
	WHO "[service who]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"       \
	"[handler who]\nplugin = ${T}/who.so\n"

/* All four workers have bound when one of them dies.  Of two that are there, one is not the other generation's: pids
 * begin anew. */
static void fail_to_grow(struct server *s)
{
	pid_t before[2], pids[8];
	size_t i = 0;

	cr_assert_eq(server_workers(s, before, 2), 2);
	server_reload(s, HANGING);
	server_await_count(s, "hanging in start()", 4);
	cr_assert_eq(server_workers(s, pids, 8), 6);
	while (pids[i] == before[0] || pids[i] == before[1])
		i++;
	cr_assert_eq(kill(pids[i], SIGKILL), 0);
	server_await(s, "generation 1 goes on");
}

Test(reload_fail, more_workers_that_fail_leave_no_socket_that_nobody_serves)
{
	struct server *s = server_start(WHO, 2, "127.0.0.1:8080");

	fail_to_grow(s);
	for (int i = 0; i < 100; i++)
		http_get(8080, "/");
	server_reload(s, WHO, 2, "127.0.0.1:8080");
	server_await_count(s, " serves after", 2);
	cr_assert_eq(proc_sockets("tcp", 8080, (unsigned long[8]){ 0 }, 8), 2,
		"sockets listen that have no worker");
	for (int i = 0; i < 100; i++)
		http_get(8080, "/");
	server_reload(s, WHO, 3, "127.0.0.1:8080");
	server_await_count(s, " serves after", 3);
	cr_assert_eq(proc_sockets("tcp", 8080, (unsigned long[8]){ 0 }, 8), 3);
	server_stop(s);
}

static bool are_two_datagram_sockets(void *arg)
{
	(void)arg;
	return proc_sockets("udp", 7001, (unsigned long[8]){ 0 }, 8) == 2;
}

Test(reload_fail, more_workers_that_fail_leave_no_datagram_socket_that_nobody_reads)
{
	struct server *s = server_start(WHO_WITH_UDP, 2, "127.0.0.1:8080");
	char answer[64];

	fail_to_grow(s);
	for (int i = 0; i < 100; i++) {
		int fd = udp_client("127.0.0.1", 7001);
		udp_ask(fd, "?", 1, answer, sizeof(answer));
		close(fd);
	}
	cr_assert(wait_until(are_two_datagram_sockets, NULL, 8.),
		"sockets of slots that are no more stay in somebody's hands");
	http_get(8080, "/");
	server_stop(s);
}
