/* SPDX-License-Identifier: MIT */
/*
 * redis.c - the table and messages over a Redis that is there, is slow, dies and comes back.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "redis_rig.h"
#include "server.h"
#include "who_rig.h"
#include "ws_client.h"

WHO_SUITE(redis);

#define ASKED(workers, more)                                                 \
	"[portico]\nworkers = " #workers "\n" more                           \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"table = redis\npublish = redis\n"                                   \
	"[handler web]\nplugin = ${T}/asked.so\n"
#define HERE "redis = 127.0.0.1:6379\n"

/* ---- what the service says ---- */

static void expect(const char *path, const char *text)
{
	const char *said = http_get(8080, path);

	cr_assert_eq(strncmp(said, text, strlen(text)), 0, "%s: %s, not %s", path, said, text);
}

static bool says_at_last(void *arg)
{
	const char *const *pair = arg;

	return strncmp(http_get(8080, pair[0]), pair[1], strlen(pair[1])) == 0;
}

static void expect_at_last(const char *path, const char *text)
{
	const char *pair[] = { path, text };

	cr_assert(wait_until(says_at_last, pair, PATIENCE), "%s: %s, never %s", path, http_get(8080, path), text);
}

/* Each worker hears it. */
static void all_hear(void)
{
	long long before = metric_sum("heard");

	expect_at_last("/say?x", "said");
	metric_await("heard", before + 2);
}

/* ---- both back ends ---- */

static const struct {
	const char *ask, *answer;
} asks[] = {
	{ "/get?k", "No such file" },
	{ "/delete?k", "No such file" },
	{ "/put?k,one", "done 0" },
	{ "/get?k", "value one" },
	{ "/add?k,N1", "Numerical argument out of domain" },
	{ "/swap?k,two,three", "File exists" },
	{ "/swap?k,-,three", "File exists" },
	{ "/swap?k,one,two", "done 0" },
	{ "/get?k", "value two" },
	{ "/swap?other,one,two", "No such file" },
	{ "/swap?other,-,2", "done 0" },
	{ "/get?other", "value 2" },             /* no number: one byte */
	{ "/add?other,N1", "Numerical argument out of domain" },
	{ "/put?empty,", "done 0" },
	{ "/get?empty", "value \n" },
	{ "/swap?empty,,full", "done 0" },
	{ "/put?mark,=x", "done 0" },
	{ "/get?mark", "value =x" },
	{ "/add?n,N5", "done 5" },
	{ "/add?n,N-12", "done -7" },
	{ "/get?n", "number -7" },
	{ "/swap?n,N-7,N9223372036854775807", "done 0" },
	{ "/add?n,N1", "Numerical result out of range" },
	{ "/get?n", "number 9223372036854775807" },
	{ "/put?p,N41", "done 0" },
	{ "/add?p,N1", "done 42" },
	{ "/delete?p", "done 0" },
	{ "/add?p,N1,100", "done 1" },
	{ "/add?t,N9007199254740993,100", "done 9007199254740993" },     /* more than a double has */
	{ "/add?t,N2,100", "done 9007199254740995" },
	{ "/put?brief,x,0.05", "done 0" },
	{ "/add?brief_n,N3,0.05", "done 3" },
	{ "/put?long,x,1e300", "done 0" },
	{ "/put?k,x,-1", "Invalid argument" },
	{ "/put?k,x,nan", "Invalid argument" },
	{ "/get?,", "Invalid argument" },
	{ "/many?m,100", "good 100 of 100, no error" },
	{ "/get?m", "number 100" },
};

static void answers_alike(const char *table)
{
	struct server *s = server_start("[portico]\nworkers = 2\nseccomp = kill\n" HERE
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n%s"
		"[handler web]\nplugin = ${T}/asked.so\n", table);

	for (size_t i = 0; i < sizeof(asks) / sizeof(*asks); i++)
		expect(asks[i].ask, asks[i].answer);
	expect_at_last("/get?brief", "No such file");
	expect_at_last("/get?brief_n", "No such file");
	expect("/get?long", "value x");
	server_stop(s);
}

Test(redis, answers_are_the_same_from_shared_memory)
{
	answers_alike("table = 1m\n");
}

Test(redis, answers_are_the_same_from_redis)
{
	redis_start();
	answers_alike("table = redis\n");
	redis_cli("get portico:web:t | grep -q 9007199254740995");
}

Test(redis, calls_that_cannot_wait_are_not_supported)
{
	redis_start();
	struct server *s = server_start("[portico]\nworkers = 2\n" HERE
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\ntable = redis\n"
		"[handler web]\nplugin = ${T}/shared.so\n");

	expect("/add?n", "Operation not supported");
	expect("/get?n", "Operation not supported");
	server_stop(s);
}

/* ---- Redis is away ---- */

Test(redis, it_may_die_under_load_and_come_back)
{
	pid_t pid = redis_start();
	struct server *s = server_start(ASKED(2, "redis_timeout = 1s\n" HERE));
	struct load load;

	expect_at_last("/add?n,N1", "done 1");
	all_hear();
	load_start(&load, 8080, 200);
	load_await(&load, 50);
	for (int round = 0; round < 2; round++) {
		who_end(pid);
		expect_at_last("/add?n,N1", "Transport endpoint is not connected");
		expect_at_last("/say?x", "Transport endpoint is not connected");
		metric_await("portico_redis_up", 0);
		load_await(&load, 50);
		pid = redis_start();
		metric_await("portico_redis_up", 2);
		expect("/put?n,N1", "done");
		expect("/add?n,N1", "done 2");
		all_hear();
	}
	load_stop(&load);
	load_lost_nothing(load.result);
	cr_assert_geq(metric_sum("portico_missed_messages"), 2);
	cr_assert_geq(metric_sum("portico_redis_errors"), 2);
	cr_assert(server_says(s, "redis 127.0.0.1:6379, for calls: "));
	cr_assert(server_says(s, "redis 127.0.0.1:6379, for messages: it is back"));
	server_stop(s);
}

Test(redis, one_that_does_not_answer_is_not_waited_for)
{
	pid_t pid = redis_start();
	struct server *s = server_start(ASKED(1, "redis_timeout = 300ms\n" HERE));

	expect_at_last("/add?n,N1", "done 1");
	kill(pid, SIGSTOP);
	double before = seconds_now();
	expect("/add?n,N1", "Connection timed out");
	cr_assert_leq(seconds_now() - before, PATIENCE / 2);
	expect("/add?n,N1", "Transport endpoint is not connected");
	expect("/many?n,50000", "Transport endpoint is not connected");
	kill(pid, SIGCONT);
	expect_at_last("/get?n", "number ");
	server_stop(s);
}

/* What the service has read, in the turn that does what it asks for. */
static long long bytes_in(void)
{
	json_t *status = status_read();
	const json_t *service = json_array_get(json_object_get(status, "services"), 0);
	long long n = json_integer_value(json_object_get(service, "bytes_in"));

	json_decref(status);
	return n;
}

static bool has_read(void *bytes)
{
	return bytes_in() >= *(const long long *)bytes;
}

/* Also if nobody wants to know any more. */
Test(redis, what_is_asked_ends_before_a_worker_does)
{
	pid_t pid = redis_start();
	struct server *s = server_start(ASKED(2, "redis_timeout = 30s\ndrain = 20s\n" HERE));

	expect_at_last("/add?n,N1", "done 1");
	kill(pid, SIGSTOP);
	static const char request[] = "GET /add?n,N1 HTTP/1.1\r\nHost: a\r\n\r\n";
	long long all = bytes_in() + (long long)strlen(request);
	int fd = client_connect(8080);
	client_says(fd, request);
	cr_assert(wait_until(has_read, &all, PATIENCE));
	cr_assert(client_hears_nothing(fd, 0.));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
	close(fd);                       /* with a reset */
	server_signal(s, SIGTERM);
	server_await(s, "finishing");
	cr_assert_eq(server_await_exit(s, 1.), -2, "it did not wait");
	kill(pid, SIGCONT);
	cr_assert_eq(server_await_exit(s, 15.), 0);
	server_assert_gone(s);
}

Test(redis, a_server_starts_without_it)
{
	struct server *s = server_start(ASKED(2, "redis = unix:redis.sock\n"));

	expect_at_last("/add?n,N1", "Transport endpoint is not connected");
	cr_assert(server_says(s, "redis unix:redis.sock, for calls: No such file or directory"));
	redis_run("--unixsocket", path_of("redis.sock"));
	metric_await("portico_redis_up", 2);
	expect("/add?n,N1", "done 1");
	server_stop(s);
}

Test(redis, the_password_is_root_s_and_may_be_wrong)
{
	write_file("password", "wrong\n");
	chmod(path_of("password"), 0600);
	redis_run("--requirepass", "right");
	struct server *s = server_start(ASKED(2, "user = nobody\nredis_password_file = password\n" HERE));

	server_await(s, "it answers AUTH with WRONGPASS");
	expect_at_last("/add?n,N1", "Transport endpoint is not connected");
	write_file("password", "right\n");
	chmod(path_of("password"), 0600);
	server_signal(s, SIGHUP);
	server_await_generation(s, 2);
	expect_at_last("/add?n,N1", "done 1");
	cr_assert_not(server_says(s, "right"));
	server_stop(s);
}

Test(redis, its_refusals_are_errors_of_the_call)
{
	redis_start();
	struct server *s = server_start(ASKED(1, HERE));

	expect_at_last("/add?n,N1", "done 1");
	redis_cli("config set maxmemory 1");
	expect("/put?k,x", "No space left on device");
	expect("/get?n", "number 1");
	server_await(s, "refuses a call: OOM");
	redis_cli("config set maxmemory 0");
	redis_cli("replicaof 127.0.0.1 1");
	expect("/put?k,x", "Read-only file system");
	redis_cli("replicaof no one");
	expect("/put?k,x", "done");
	redis_cli("lpush portico:web:list x");
	expect("/add?list,N1", "Numerical argument out of domain");
	expect("/get?list", "Numerical argument out of domain");
	server_stop(s);
}

/* ---- two machines ---- */

#define CHAT(redis, more)                                                    \
	"[portico]\nworkers = 2\nredis = " redis ":6379\n"                   \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"table = 1m\npublish = redis\n" more                                 \
	"[handler web]\nplugin = ${E}/chat.so\n"

enum { GUESTS = 4 };             /* on each */

static void all_are_told(const int *guests, unsigned count, const char *text)
{
	for (unsigned i = 0; i < count; i++)
		ws_expect(guests[i], 1, text);   /* once, and in one order */
}

/* Each has come, and was told to those before it, before the next one comes. */
static void come_in(int *guests, unsigned first)
{
	char text[64];

	metric_await("portico_redis_up", 2);
	for (unsigned i = first; i < first + GUESTS; i++) {
		guests[i] = ws_connect(8080, "/");
		snprintf(text, sizeof(text), "guest %u is here", i - first + 1);
		all_are_told(guests, i, text);
		ws_await(guests[i], 1, text);
	}
}

Test(redis, two_machines_are_one_room)
{
	int guests[2 * GUESTS], here = machine_here(), there = machine_make();
	struct server *servers[2];
	char said[32], text[64];

	redis_start();
	servers[0] = server_start(CHAT("127.0.0.1", ""));
	come_in(guests, 0);
	machine_enter(there);
	servers[1] = server_start(CHAT("10.9.0.1", ""));
	come_in(guests, GUESTS);
	for (unsigned i = 0; i < 2 * GUESTS; i++) {
		snprintf(said, sizeof(said), "line %u", i);
		snprintf(text, sizeof(text), "guest %u: %s", i % GUESTS + 1, said);
		ws_say(guests[i], 1, said, strlen(said));
		all_are_told(guests, 2 * GUESTS, text);
	}
	for (unsigned i = 0; i < 2 * GUESTS; i++)
		close(guests[i]);
	server_stop(servers[1]);
	machine_enter(here);
	server_stop(servers[0]);
}
