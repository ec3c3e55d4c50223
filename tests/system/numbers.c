/* SPDX-License-Identifier: MIT */
/* numbers.c - what status counts is what was done, and no number ever goes back. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "blocked.h"
#include "client.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(numbers);

enum { WEB = 8080, ECHO = 7000, FLOWS = 7001 };

#define INI                                                                  \
	"[portico]\nworkers = %u\n"                                          \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/block.so\n"                          \
	"[service echo]\nprotocol = tcp\nlisten = 127.0.0.1:7000\n"          \
	"[handler echo]\nplugin = ${E}/echo.so\n"                            \
	"[service flows]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"         \
	"[handler flows]\nplugin = ${E}/udp_echo.so\n"

/* ---- reading ---- */

/* Borrowed.  NULL: there is none. */
static json_t *service_in(const json_t *status, const char *name)
{
	json_t *s;
	size_t i;

	json_array_foreach(json_object_get(status, "services"), i, s)
		if (strcmp(json_string_value(json_object_get(s, "name")), name) == 0)
			return s;
	return NULL;
}

/* The service's object; a new reference.  NULL: there is none. */
static json_t *find_service(const char *name)
{
	json_t *status = status_read(), *found = json_incref(service_in(status, name));

	json_decref(status);
	return found;
}

static json_t *service(const char *name)
{
	json_t *found = find_service(name);

	cr_assert_not_null(found, "there is no service %s", name);
	return found;
}

/* "accepted", "requests.2xx", "errors.reset", "metric.asked". */
static double value_in(const json_t *s, const char *key)
{
	const char *dot = strchr(key, '.');
	char first[32];
	size_t i;
	json_t *m;

	if (!dot)
		return json_number_value(json_object_get(s, key));
	snprintf(first, sizeof(first), "%.*s", (int)(dot - key), key);
	if (strcmp(first, "metric") != 0)
		return json_number_value(json_object_get(json_object_get(s, first), dot + 1));
	json_array_foreach(json_object_get(s, "metrics"), i, m)
		if (strcmp(json_string_value(json_object_get(m, "name")), dot + 1) == 0)
			return json_number_value(json_object_get(m, "value"));
	return -1.;
}

static double value(const char *name, const char *key)
{
	json_t *s = service(name);
	double v = value_in(s, key);

	json_decref(s);
	return v;
}

struct wanted {
	const char *service;
	const char *key;
	double      value;
};

static bool is_so(void *arg)
{
	const struct wanted *w = arg;
	return value(w->service, w->key) == w->value;
}

static void is(const char *name, const char *key, double wanted)
{
	struct wanted w = { .service = name, .key = key, .value = wanted };

	cr_assert(wait_until(is_so, &w, PATIENCE), "%s: %s is %g, not %g", name, key, value(name, key), wanted);
}

/* ---- what a small load comes to ---- */

/* On a connection of its own, to its end: the answer's length. */
static size_t exchange(int port, const char *text)
{
	static char answer[8192];
	int fd = client_connect(port);

	client_says(fd, text);
	client_ends(fd);
	long n = client_read_all(fd, answer, sizeof(answer));
	cr_assert_geq(n, 0);
	close(fd);
	return (size_t)n;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: test\r\n\r\n"
#define LAST(path) "GET " path " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"

Test(numbers, of_http_are_exact)
{
	static const char *const texts[] = {
		LAST("/"), LAST("/a"), GET("/") GET("/b") LAST("/c"), "BAD\r\n\r\n", LAST("/block?60"),
	};
	struct server *s = server_start(INI, 2);
	size_t in = 0, out = 0;

	for (size_t i = 0; i < 5; i++) {
		in += strlen(texts[i]);
		out += exchange(WEB, texts[i]);
	}
	is("web", "accepted", 5);
	is("web", "closed", 5);
	is("web", "active", 0);
	is("web", "lost", 0);
	is("web", "bytes_in", (double)in);
	is("web", "bytes_out", (double)out);
	is("web", "requests.2xx", 6);
	is("web", "requests.4xx", 1);
	is("web", "requests.5xx", 0);
	is("web", "errors.protocol", 1);
	is("web", "errors.reset", 0);
	is("web", "metric.asked", 6);
	is("web", "datagrams_in", 0);
	double p99 = value("web", "p99");
	cr_assert(p99 >= .06 && p99 < 1., "p99 is %g", p99);
	cr_assert_lt(value("web", "p50"), .06);
	cr_assert_eq(slot_number(0, "answered") + slot_number(1, "answered"), 7);
	cr_assert_eq(slot_number(0, "accepted") + slot_number(1, "accepted"), 5);
	server_stop(s);
}

static void reset(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

Test(numbers, of_tcp_are_exact)
{
	struct server *s = server_start(INI, 2);
	char back[100];

	for (int i = 0; i < 4; i++)
		cr_assert_eq(exchange(ECHO, "0123456789"), 10);
	int stays = client_connect(ECHO), fails = client_connect(ECHO);
	client_says(stays, "hello");
	client_read(stays, back, 5);
	client_says(fails, "hello");
	client_read(fails, back, 5);
	is("echo", "active", 2);
	reset(fails);
	is("echo", "active", 1);
	is("echo", "accepted", 6);
	is("echo", "closed", 5);
	is("echo", "bytes_in", 50);
	is("echo", "bytes_out", 50);
	is("echo", "errors.reset", 1);
	cr_assert_eq(slot_number(0, "active") + slot_number(1, "active"), 1);
	close(stays);
	is("echo", "closed", 6);
	is("echo", "active", 0);
	cr_assert_lt(value("echo", "p99"), 1.);
	server_stop(s);
}

Test(numbers, of_udp_are_exact)
{
	struct server *s = server_start(INI, 2);
	char back[100];

	for (int i = 0; i < 7; i++) {
		int fd = udp_client("127.0.0.1", FLOWS);
		cr_assert_eq(udp_ask(fd, "0123456789", 10, back, sizeof(back)), 10);
		close(fd);
	}
	is("flows", "datagrams_in", 7);
	is("flows", "datagrams_out", 7);
	is("flows", "bytes_in", 70);
	is("flows", "bytes_out", 70);
	is("flows", "accepted", 0);
	is("flows", "active", 0);
	is("flows", "errors.unsent", 0);
	server_stop(s);
}

Test(numbers, what_fails_in_a_handler_is_an_error_of_it)
{
	struct server *s = server_start("[portico]\nworkers = 1\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /bad]\nplugin = ${T}/no_reply.so\n%s", "");

	cr_assert_eq(http_status(WEB, "/bad"), 500);
	cr_assert_eq(http_status(WEB, "/elsewhere"), 404);
	is("web", "requests.5xx", 1);
	is("web", "requests.4xx", 1);
	is("web", "errors.handler", 1);
	is("web", "errors.protocol", 0);
	server_stop(s);
}

/* ---- they stay ---- */

static const char *const kept[][2] = {
	{ "web", "accepted" }, { "web", "closed" }, { "web", "bytes_in" }, { "web", "bytes_out" },
	{ "web", "requests.2xx" }, { "web", "requests.4xx" }, { "web", "errors.protocol" },
	{ "web", "metric.asked" }, { "echo", "accepted" }, { "echo", "closed" },
	{ "echo", "bytes_in" }, { "echo", "bytes_out" }, { "flows", "datagrams_in" },
	{ "flows", "datagrams_out" }, { "flows", "bytes_in" },
};

enum { KEPT = sizeof(kept) / sizeof(*kept) };

static void some_load(void)
{
	char back[16];

	for (int i = 0; i < 30; i++) {
		exchange(WEB, LAST("/"));
		exchange(ECHO, "hello");
		int fd = udp_client("127.0.0.1", FLOWS);
		udp_ask(fd, "hi", 2, back, sizeof(back));
		close(fd);
	}
	exchange(WEB, "BAD\r\n\r\n");
	is("web", "active", 0);
	is("echo", "active", 0);
	is("web", "requests.4xx", 1);
}

static void remember(double *all)
{
	json_t *status = status_read();

	for (size_t i = 0; i < KEPT; i++)
		all[i] = value_in(service_in(status, kept[i][0]), kept[i][1]);
	json_decref(status);
}

static void are_as_before(const double *all, const char *what)
{
	double now[KEPT];

	remember(now);
	for (size_t i = 0; i < KEPT; i++)
		cr_assert_eq(now[i], all[i], "after %s %s of %s is %g, and was %g", what, kept[i][1],
			kept[i][0], now[i], all[i]);
}

static void kill_slot(struct server *s, unsigned slot)
{
	pid_t worker = status_await_worker(slot);

	cr_assert_eq(kill(worker, SIGKILL), 0);
	server_await(s, "of signal 9 (Killed)");
	cr_assert_neq(status_await_worker(slot), worker);
}

Test(numbers, survive_kill_9_of_their_worker)
{
	struct server *s = server_start(INI, 2);
	double all[KEPT];

	some_load();
	remember(all);
	kill_slot(s, 1);
	are_as_before(all, "a kill -9");
	cr_assert_eq(slot_number(1, "restarts"), 1);
	cr_assert_eq(slot_number(0, "restarts"), 0);
	is("web", "metric.level", 2);
	server_stop(s);
}

static void after(struct server *s, const char *name, const char *argument, size_t workers)
{
	double all[KEPT];
	struct outcome o;

	remember(all);
	verb_succeeds(&o, name, argument);
	are_as_before(all, name);
	server_await_workers(s, workers);
	are_as_before(all, name);
	is("web", "metric.level", (double)workers);
}

Test(numbers, survive_reload_retire_scaling_and_upgrade)
{
	struct server *s = server_start(INI, 2);

	some_load();
	after(s, "reload", NULL, 2);
	after(s, "retire", "1", 2);
	after(s, "scale", "1", 1);
	after(s, "scale", "3", 3);
	after(s, "upgrade", NULL, 2);    /* as many as the file says */
	exchange(WEB, LAST("/"));
	is("web", "accepted", 32);
	is("web", "closed", 32);
	server_stop(s);
}

#define NAMED                                                                \
	"[portico]\nworkers = 1\n[service %s]\nprotocol = http\nlisten = 127.0.0.1:8080\n" \
	"[handler %s /]\nplugin = ${T}/who.so\n"

/* Its slot still did what it did. */
Test(numbers, of_a_service_that_is_no_more_are_its_slots_alone)
{
	struct server *s = server_start(NAMED, "one", "one");
	static const char *const names[] = { "two", "one" };
	struct outcome o;

	http_get(8080, "/");
	for (size_t i = 0; i < 2; i++) {
		write_file("portico.ini", NAMED, names[i], names[i]);
		verb_succeeds(&o, "reload", NULL);
		server_await_workers(s, 1);
		cr_assert_eq(slot_number(0, "accepted"), (int)i + 1);
		http_get(8080, "/");
		is(names[i], "accepted", 1);
	}
	server_stop(s);
}

Test(numbers, connections_that_die_with_their_worker_are_lost)
{
	struct server *s = server_start(INI, 2);
	int fds[3];
	struct outcome o;

	for (int i = 0; i < 3; i++)
		fds[i] = connect_to(1);
	json_t *web = service("web");
	double accepted = value_in(web, "accepted");
	json_decref(web);
	kill_slot(s, 1);
	is("web", "active", 0);
	is("web", "lost", 3);
	is("web", "accepted", accepted);
	is("web", "closed", accepted - 3);
	cr_assert_eq(status_number("lost"), 3);
	verb_succeeds(&o, "upgrade", NULL);
	cr_assert_eq(status_number("lost"), 3);
	is("web", "lost", 3);
	for (int i = 0; i < 3; i++)
		client_expect_end(fds[i], true);
	server_stop(s);
}

/* It is accepted once and closed once, whoever has it. */
Test(numbers, a_connection_that_is_handed_on_is_one)
{
	struct server *s = server_start(INI, 1);
	int fd = connect_to(0);
	struct outcome o;
	struct response r;

	for (int i = 0; i < 3; i++) {
		verb_succeeds(&o, i == 1 ? "retire" : "reload", i == 1 ? "0" : NULL);
		server_await_workers(s, 1);
		client_get(fd, "/", &r);
		is("web", "active", 1);
		is("web", "accepted", 1);
		is("web", "closed", 0);
	}
	close(fd);
	is("web", "closed", 1);
	is("web", "active", 0);
	is("web", "lost", 0);
	cr_assert_eq(status_number("lost"), 0);
	server_stop(s);
}

/* ---- and never go back ---- */

static const char *const growing[] = {
	"accepted", "closed", "bytes_in", "bytes_out", "requests.2xx", "metric.asked",
};

enum { GROWING = sizeof(growing) / sizeof(*growing) };

static void look(double *last, const char *during)
{
	json_t *web = find_service("web");

	if (!web && strcmp(during, "upgrade") == 0)
		return;          /* until its reload the new binary does not know the services */
	for (size_t i = 0; i < GROWING; i++) {
		double now = value_in(web, growing[i]);
		cr_assert_geq(now, last[i], "during %s %s goes back from %g to %g", during, growing[i],
			last[i], now);
		last[i] = now;
	}
	json_decref(web);
}

static void look_during(double *last, const char *name, const char *argument)
{
	struct asked a;
	struct outcome o;

	verb_begin(&a, name, argument);
	while (!verb_has_ended(&a))
		look(last, name);
	cr_assert_eq(verb_await(&a, &o), 0, "%s: %s", name, o.err);
	for (int i = 0; i < 10; i++)
		look(last, name);
}

Test(numbers, never_go_back_under_load)
{
	struct server *s = server_start(INI, 2);
	double last[GROWING] = { 0. };
	struct load l;

	load_start(&l, WEB, 200);
	look_during(last, "reload", NULL);
	look_during(last, "retire", "0");
	look_during(last, "scale", "3");
	look_during(last, "scale", "1");
	look_during(last, "upgrade", NULL);
	look_during(last, "scale", "2");
	load_stop(&l);
	load_lost_nothing(l.result);
	is("web", "active", 0);
	is("web", "accepted", l.result->started);
	is("web", "requests.2xx", l.result->answered);
	is("web", "metric.asked", l.result->answered);
	server_stop(s);
}

/* One worker, so that for a while nobody has what the plugin counts. */
Test(numbers, of_a_plugin_do_not_vanish_while_no_worker_lives)
{
	struct server *s = server_start("[portico]\nworkers = 1\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/block.so\n"
		"[handler web /die]\nplugin = ${T}/die_in_start.so\nfile = %s\nslot = 0\n", path_of("die"));

	exchange(WEB, LAST("/"));
	is("web", "metric.asked", 1);
	pid_t worker = status_worker(0);
	write_file("die", "now");
	cr_assert_eq(kill(worker, SIGKILL), 0);
	server_await(s, "slot 0: 3 workers in a row died early");
	is("web", "metric.asked", 1);
	cr_assert_eq(unlink(path_of("die")), 0);
	status_await_worker(0);
	is("web", "metric.asked", 1);
	server_stop(s);
}
