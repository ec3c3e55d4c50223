/* SPDX-License-Identifier: MIT */
/* rates.c - how often a service is used, over all its workers, as its clients and its operator see it. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin_rig.h"
#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(rates);

#define WORKERS "[portico]\nworkers = 4\n"
#define WEB(keys)                                                            \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n" keys     \
	"[handler web]\nplugin = ${T}/echo_path.so\n"
#define ECHO(protocol, keys)                                                 \
	"[service echo]\nprotocol = " protocol "\nlisten = 127.0.0.1:7000\n" keys

/* Of so many connections with a request each: how many were served.  The others are told 429. */
static unsigned served(unsigned requests)
{
	unsigned ok = 0;

	for (unsigned i = 0; i < requests; i++) {
		int status = http_status(8080, "/");
		cr_assert(status == 200 || status == 429, "%d", status);
		ok += status == 200;
	}
	return ok;
}

/* Of so many requests at once; last: the last of them was. */
static unsigned served_at_once(unsigned requests, bool *last)
{
	static char text[1 << 16];
	int fd = client_connect(8080);
	unsigned ok = 0;

	for (unsigned i = 1; i < requests; i++)
		client_says(fd, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	client_says(fd, "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
	cr_assert_gt(client_read_all(fd, text, sizeof(text)), 0);
	close(fd);
	for (const char *at = text; (at = strstr(at, "HTTP/1.1 ")); at++, requests--)
		ok += *last = strncmp(at + 9, "200", 3) == 0;
	cr_assert_eq(requests, 0);
	return ok;
}

static long long limited(const char *scope)
{
	json_t *status = status_read();
	json_t *service = json_array_get(json_object_get(status, "services"), 0);
	long long n = json_integer_value(json_object_get(json_object_get(service, "rate_limited"), scope));

	json_decref(status);
	return n;
}

/* ---- http ---- */

Test(rates, four_workers_let_through_as_many_as_one_would)
{
	struct server *s = server_start(WORKERS WEB("rate_client = 1/h\nrate_client_burst = 40\n"));

	cr_assert_eq(served(120), 40);
	cr_assert_eq(limited("client"), 80);
	cr_assert_eq(limited("service"), 0);
	cr_assert_eq(server_count(s, "is over rate_client = 1/h and is refused"), 1);
	server_stop(s);
}

Test(rates, go_on_at_their_pace_after_the_burst)
{
	struct server *s = server_start(WORKERS WEB("rate = 100/s\nrate_burst = 50\n"));
	double began = seconds_now(), first, before;
	unsigned ok = served(1);
	bool last;

	first = seconds_now();
	do {                             /* so many that one is refused however long each round takes */
		before = seconds_now();
		ok += served_at_once(60, &last);
	} while (before - first < 0.7 || last);
	/* It was empty then, and was never full again: that takes half a second. */
	cr_assert_geq(ok, 50 + (before - first) * 100. * 0.8 - 1.);
	cr_assert_leq(ok, 50 + (seconds_now() - began) * 100. + 1.);
	server_stop(s);
}

Test(rates, a_client_is_told_when_to_come_again_and_stays_connected)
{
	struct server *s = server_start(WORKERS WEB("rate_client = 1/m\naccess_log = -\n"));
	struct response r;
	int fd = client_connect(8080);

	client_get(fd, "/a", &r);
	cr_assert_eq(r.status, 200);
	client_get(fd, "/b", &r);
	cr_assert_eq(r.status, 429);
	cr_assert_not(r.close);
	int wait = atoi(response_header(&r, "Retry-After"));
	cr_assert(wait > 30 && wait <= 60, "%d", wait);
	client_get(fd, "/c", &r);
	cr_assert_eq(r.status, 429);
	server_await(s, "\"GET /c HTTP/1.1\" 429 ");
	close(fd);
	server_stop(s);
}

Test(rates, each_client_has_its_own_and_all_have_one)
{
	struct server *s = server_start(WORKERS
		WEB("rate = 1/h\nrate_burst = 7\nrate_client = 1/h\nrate_client_burst = 3\n"));
	unsigned ok = 0;
	struct response r;

	for (unsigned client = 0; client < 4; client++)
		for (unsigned i = 0; i < 5; i++) {
			int fd = client_connect_from(1000 * client, 8080);
			client_get(fd, "/", &r);
			close(fd);
			if (client < 2)
				cr_assert_eq(r.status, i < 3 ? 200 : 429);
			ok += r.status == 200;
		}
	cr_assert_eq(ok, 7);
	/* Who is refused by the service is not by his own. */
	cr_assert_eq(limited("client"), 4);
	cr_assert_eq(limited("service"), 9);
	server_stop(s);
}

/* ---- tcp and udp ---- */

Test(rates, tcp_connections_over_it_are_closed)
{
	struct server *s = server_start(WORKERS
		ECHO("tcp", "rate_client = 1/h\nrate_client_burst = 5\n") "[handler echo]\nplugin = ${E}/echo.so\n");
	char got[8];

	for (unsigned i = 0; i < 20; i++) {
		int fd = client_connect(7000);
		if (i < 5) {
			client_says(fd, "x");
			client_read(fd, got, 1);
			close(fd);
		} else {
			client_expect_end(fd, false);
		}
	}
	cr_assert_eq(limited("client"), 15);
	server_stop(s);
}

static int udp_from(unsigned client)
{
	struct sockaddr_in from = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0x7f010000 + client) };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7000),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	cr_assert_geq(fd, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0, "%s", strerror(errno));
	cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

#define UDP(keys) WORKERS ECHO("udp", keys) "[handler echo]\nplugin = ${E}/udp_echo.so\n"

/* All that were let in, or not, have been. */
static bool all_are_counted(void *count)
{
	json_t *status = status_read();
	json_t *service = json_array_get(json_object_get(status, "services"), 0);
	long long in = json_integer_value(json_object_get(service, "datagrams_in"));

	json_decref(status);
	return in == *(long long *)count;
}

static unsigned answers(int fd)
{
	unsigned count = 0;
	char got[8];

	while (recv(fd, got, sizeof(got), MSG_DONTWAIT) > 0)
		count++;
	return count;
}

Test(rates, udp_datagrams_over_it_are_dropped)
{
	struct server *s = server_start(UDP("rate_client = 1/h\nrate_client_burst = 5\n"));
	long long sent = 20;
	int fd = udp_client("127.0.0.1", 7000);

	for (long long i = 0; i < sent; i++)
		client_send(fd, "x", 1);
	cr_assert(wait_until(all_are_counted, &sent, PATIENCE));
	cr_assert_eq(limited("client"), 15);
	cr_assert_eq(answers(fd), 5);
	close(fd);
	server_stop(s);
}

/* From far more addresses than there are places, 512, each of them twice: they get what the places
 * have, and one who was there before is in his rights again as soon as a place is. */
Test(rates, a_flood_of_addresses_fills_them_and_gets_no_more)
{
	enum { ADDRESSES = 2000 };
	struct server *s = server_start(UDP("rate_client = 1/h\nrate_clients = 256\n"));
	long long sent = 0;

	for (unsigned i = 0; i < 2 * ADDRESSES; i++) {
		int fd = udp_from(i % ADDRESSES + 1);
		client_send(fd, "x", 1);
		close(fd);
		if (++sent % 100 == 0)
			cr_assert(wait_until(all_are_counted, &sent, PATIENCE));
	}
	long long passed = sent - limited("client");
	cr_assert_leq(passed, 512);
	cr_assert_geq(passed, 500);
	server_stop(s);
}

/* ---- who the client is ---- */

static int status_behind(const char *client)
{
	char bytes[256];
	struct response r;

	snprintf(bytes, sizeof(bytes), "PROXY TCP%d %s %s 4711 443\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n",
		strchr(client, ':') ? 6 : 4, client, strchr(client, ':') ? "::1" : "198.51.100.1");
	return http_raw(8080, bytes, &r);
}

Test(rates, behind_a_proxy_the_client_is_who_it_names_and_of_ipv6_his_network)
{
	struct server *s = server_start(WORKERS WEB("proxy_protocol = yes\nproxy_from = 127.0.0.1\n"
		"rate_client = 1/h\n"));

	cr_assert_eq(status_behind("192.0.2.1"), 200);
	cr_assert_eq(status_behind("192.0.2.1"), 429);
	cr_assert_eq(status_behind("192.0.2.2"), 200);
	cr_assert_eq(status_behind("2001:db8:0:1::1"), 200);
	cr_assert_eq(status_behind("2001:db8:0:1::2"), 429);
	cr_assert_eq(status_behind("2001:db8:0:2::1"), 200);
	server_stop(s);
}

/* ---- over time ---- */

#define HOURLY(burst) WORKERS WEB("rate_client = 1/h\nrate_client_burst = " burst "\n")

Test(rates, outlive_workers_reloads_and_upgrades)
{
	struct server *s = server_start(HOURLY("40"));
	struct outcome o;

	cr_assert_eq(served(8), 8);
	kill(status_await_worker(1), SIGKILL);
	server_await(s, "signal 9");
	server_await_workers(s, 4);
	cr_assert_eq(served(8), 8);
	server_reload(s, HOURLY("40"));
	server_await_generation(s, 2);
	cr_assert_eq(served(8), 8);
	verb_succeeds(&o, "upgrade", NULL);
	cr_assert_eq(served(8), 8);
	verb_succeeds(&o, "reload", NULL);
	cr_assert_eq(served(20), 8);
	server_stop(s);
}

static bool is_let_in(void *unused)
{
	(void)unused;
	return served(1) == 1;
}

Test(rates, a_reload_changes_the_rate_and_forgets_nobody)
{
	struct server *s = server_start(HOURLY("10"));

	cr_assert_eq(served(12), 10);
	server_reload(s, HOURLY("15"));
	server_await_generation(s, 2);
	cr_assert_eq(served(12), 5);
	server_reload(s, WORKERS WEB("rate_client = 1000/s\nrate_client_burst = 10\n"));
	server_await_generation(s, 3);
	cr_assert(wait_until(is_let_in, NULL, 5.), "what was owed by the hour is waited for");
	server_reload(s, WORKERS WEB("rate_client = 1/h\nrate_clients = 128k\n"));
	server_await(s, "service web: rate_clients has changed, and all its rates begin anew");
	server_await_generation(s, 4);
	cr_assert_eq(served(3), 1);
	server_reload(s, WORKERS WEB(""));
	server_await_generation(s, 5);
	cr_assert_eq(served(10), 10);
	server_stop(s);
}

Test(rates, a_report_refuses_nobody_and_counts)
{
	struct server *s = server_start(WITH_ADMIN WEB("rate = 1/h\nrate_action = report\n"));

	cr_assert_eq(served(10), 10);
	server_await(s, "is over rate = 1/h and would be refused");
	cr_assert_eq(limited("service"), 9);
	char *text = metrics_read();
	cr_assert_eq(metrics_sum(text, "portico_rate_limited_total", "scope=\"service\""), 9);
	free(text);
	server_stop(s);
}
