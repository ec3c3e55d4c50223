/* SPDX-License-Identifier: MIT */
/* proxy.c - behind proxies, with headers made by hand: who a handler sees, and who is refused. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"
#include "ws_client.h"

SYSTEM_SUITE(proxy);

#define WEB                                                                  \
	"[portico]\nworkers = 1\ndrain = 10s\n"                              \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080, [::1]:8080\n" \
	"proxy_protocol = yes\nproxy_from = 127.0.0.1, ::1\n"                \
	"%s"                                                                 \
	"[handler web]\nplugin = ${T}/peer.so\n"
#define RAW                                                                  \
	"[portico]\nworkers = 1\n"                                           \
	"[service raw]\nprotocol = tcp\nlisten = 127.0.0.1:8080\n"           \
	"proxy_protocol = yes\nproxy_from = 127.0.0.1\n"                     \
	"%s"                                                                 \
	"[handler raw]\nplugin = ${T}/peer.so\n"

#define REQUEST "GET / HTTP/1.1\r\nHost: test\r\n\r\n"
#define LINE "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n"
#define LINE_OF(ip) "PROXY TCP4 " ip " 198.51.100.1 4711 443\r\n"
#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define BLOCK SIGNATURE "\x21\x11\0\x0c\xc0\x00\x02\x07\xc6\x33\x64\x01\x12\x67\x01\xbb"

static long long errors_of(const char *kind)
{
	json_t *status = status_read();
	json_t *service = json_array_get(json_object_get(status, "services"), 0);
	long long n = json_integer_value(json_object_get(json_object_get(service, "errors"), kind));

	json_decref(status);
	return n;
}

/* What a request is told behind this header, on a connection of its own. */
static void is_told(const char *host, const char *header, size_t len, const char *peer)
{
	struct response r;
	int fd = client_try_connect(host, 8080);

	cr_assert_geq(fd, 0);
	client_send(fd, header, len);
	client_get(fd, "/", &r);
	cr_assert_str_eq(r.body, peer);
	client_get(fd, "/", &r);
	cr_assert_str_eq(r.body, peer, "a second request is the same client's");
	close(fd);
}

#define TELLS(host, header, peer) is_told(host, header, sizeof(header) - 1, peer)

/* "ADDRESS PORT\n" of our own end. */
static const char *own_name(int fd)
{
	static char text[64];
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	cr_assert_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	snprintf(text, sizeof(text), "127.0.0.1 %d\n", ntohs(a.sin_port));
	return text;
}

/* ---- who the client is ---- */

Test(proxy, a_handler_sees_the_client)
{
	struct server *s = server_start(WEB, "");

	TELLS("127.0.0.1", LINE, "192.0.2.7 4711\n");
	TELLS("127.0.0.1", "PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n", "2001:db8::7 4711\n");
	TELLS("127.0.0.1", BLOCK, "192.0.2.7 4711\n");
	TELLS("::1", LINE, "192.0.2.7 4711\n");
	TELLS("::1", BLOCK, "192.0.2.7 4711\n");
	server_stop(s);
}

Test(proxy, who_is_not_named_is_the_proxy)
{
	static const struct {
		const char *header;
		size_t      len;
	} table[] = {
		{ "PROXY UNKNOWN\r\n", 15 },
		{ SIGNATURE "\x20\0\0\0", 16 },
		{ SIGNATURE "\x21\0\0\x03" "abc", 19 },
	};
	struct server *s = server_start(WEB, "");
	struct response r;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		int fd = client_connect(8080);
		client_send(fd, table[i].header, table[i].len);
		client_get(fd, "/", &r);
		cr_assert_str_eq(r.body, own_name(fd), "header %zu", i);
		close(fd);
	}
	server_stop(s);
}

Test(proxy, a_websocket_sees_the_client)
{
	struct server *s = server_start(WEB, "");
	int fd = client_connect(8080);

	client_says(fd, LINE WS_HANDSHAKE("/ws", ""));
	ws_await_upgrade(fd);
	ws_say(fd, 1, "who?", 4);
	ws_expect(fd, 1, "192.0.2.7 4711\n");
	close(fd);
	server_stop(s);
}

/* tcp_open() speaks first, and only once it is known to whom. */
static void goes_through_cut_at(const char *bytes, size_t len, size_t cut)
{
	static const char all[] = "192.0.2.7 4711\necho";
	char heard[sizeof(all)] = "";
	int fd = client_connect(8080);

	client_send(fd, bytes, cut);
	let_pass(0.002);
	client_send(fd, bytes + cut, len - cut);
	client_read(fd, heard, sizeof(all) - 1);
	cr_assert_str_eq(heard, all, "cut at %zu", cut);
	close(fd);
}

Test(proxy, a_tcp_handler_gets_every_byte_behind_a_header_cut_anywhere)
{
	struct server *s = server_start(RAW, "");

	for (size_t cut = 0; cut < sizeof(LINE "echo") - 1; cut++)
		goes_through_cut_at(LINE "echo", sizeof(LINE "echo") - 1, cut);
	for (size_t cut = 0; cut < sizeof(BLOCK "echo") - 1; cut++)
		goes_through_cut_at(BLOCK "echo", sizeof(BLOCK "echo") - 1, cut);
	cr_assert_eq(errors_of("protocol"), 0);
	server_stop(s);
}

Test(proxy, a_tcp_handler_is_not_opened_before_the_header_is_whole)
{
	struct server *s = server_start(RAW, "");
	int fd = client_connect(8080);

	client_send(fd, LINE, 20);
	cr_assert(client_hears_nothing(fd, 0.3));
	close(fd);
	server_stop(s);
}

/* ---- who is refused ---- */

Test(proxy, who_is_not_a_listed_proxy_is_closed_counted_and_told_once)
{
	struct server *s = server_start("[portico]\nworkers = 1\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"proxy_protocol = yes\nproxy_from = 10.0.0.0/8, ::/0\n"
		"[handler web]\nplugin = ${T}/peer.so\n");

	for (int i = 0; i < 20; i++) {
		int fd = client_connect(8080);
		(void)send(fd, LINE REQUEST, sizeof(LINE REQUEST) - 1, MSG_NOSIGNAL);
		client_expect_end(fd, true);
	}
	server_await(s, ": it is not in proxy_from");
	cr_assert_eq(server_count(s, "it is not in proxy_from"), 1);
	cr_assert_eq(errors_of("refused"), 20);
	server_stop(s);
}

Test(proxy, garbage_is_refused_and_others_are_served)
{
	static const char *const table[] = {
		REQUEST, "\x16\x03\x01\x02", "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\n",
		"PROXY TCP4 192.0.2.07 198.51.100.1 4711 443\r\n" REQUEST, "PROXY\r\n", "PROXY FOO\r\n",
		"\r\n\r\n" REQUEST,
	};
	enum { CASES = sizeof(table) / sizeof(*table) };
	struct server *s = server_start(WEB, "");

	for (size_t i = 0; i < CASES; i++) {
		int fd = client_connect(8080);
		client_says(fd, table[i]);
		client_expect_end(fd, true);
	}
	server_await(s, "it begins with no PROXY header");
	cr_assert_eq(errors_of("protocol"), CASES);
	TELLS("127.0.0.1", LINE, "192.0.2.7 4711\n");
	server_stop(s);
}

Test(proxy, the_silent_and_the_slow_are_closed_in_time)
{
	struct server *s = server_start(WEB, "proxy_time = 500ms\n");
	int silent = client_connect(8080), slow = client_connect(8080);

	double began = seconds_now();
	for (int i = 0; i < 40 && client_hears_nothing(slow, 0.05); i++)
		(void)send(slow, &LINE[i], 1, MSG_NOSIGNAL);
	client_expect_end(slow, true);
	client_expect_end(silent, true);
	cr_assert_lt(seconds_now() - began, 2.4, "each byte gave it more time");
	server_await(s, "its PROXY header did not come in time");
	cr_assert_eq(errors_of("timeout"), 2);
	server_stop(s);
}

/* ---- bounds ---- */

/* The status of one request of a connection that stays. */
static int status_behind(const char *header, int *fd)
{
	struct response r;

	*fd = client_connect(8080);
	client_says(*fd, header);
	client_says(*fd, REQUEST);
	cr_assert(client_response(*fd, &r));
	return r.status;
}

Test(proxy, max_per_client_counts_the_client_and_not_the_proxy)
{
	struct server *s = server_start(WEB, "max_per_client = 1\n");
	int fds[5];

	cr_assert_eq(status_behind(LINE_OF("192.0.2.1"), &fds[0]), 200);
	cr_assert_eq(status_behind(LINE_OF("192.0.2.2"), &fds[1]), 200);
	cr_assert_eq(status_behind(LINE_OF("192.0.2.3"), &fds[2]), 200);
	cr_assert_eq(status_behind(LINE_OF("192.0.2.2"), &fds[3]), 503);
	cr_assert_eq(status_behind("PROXY TCP6 ::ffff:192.0.2.3 ::1 1 2\r\n", &fds[4]), 503,
		"the same in IPv6 dress");
	for (int i = 0; i < 5; i++)
		close(fds[i]);
	server_stop(s);
}

static bool is_full(void *arg)
{
	int fd;
	bool full = status_behind(LINE, &fd) == 503;

	(void)arg;
	close(fd);
	return full;
}

static bool has_room(void *arg)
{
	return !is_full(arg);
}

Test(proxy, who_waits_has_a_place_of_max_connections)
{
	struct server *s = server_start(WEB, "max_connections = 2\nproxy_time = 1m\n");
	int first = client_connect(8080), second = client_connect(8080);

	cr_assert(wait_until(is_full, NULL, PATIENCE));
	close(first);
	cr_assert(wait_until(has_room, NULL, PATIENCE));
	close(second);
	server_stop(s);
}

/* ---- changes ---- */

Test(proxy, who_waits_at_a_reload_is_served_by_the_old_worker)
{
	struct server *s = server_start(WEB, "");
	struct response r;
	int fd = client_connect(8080);

	client_send(fd, LINE, 20);
	TELLS("127.0.0.1", LINE, "192.0.2.7 4711\n");    /* so fd was accepted */
	server_signal(s, SIGHUP);
	server_await_generation(s, 2);
	let_pass(0.3);
	cr_assert_not(server_says(s, "left after"), "there is somebody to wait for");
	client_send(fd, &LINE[20], sizeof(LINE) - 1 - 20);
	client_says(fd, REQUEST);
	cr_assert(client_response(fd, &r));
	cr_assert_str_eq(r.body, "192.0.2.7 4711\n");
	cr_assert(r.close, "by who leaves");
	close(fd);
	server_await(s, "left after");
	server_stop(s);
}

Test(proxy, an_idle_connection_takes_its_client_along)
{
	struct server *s = server_start(WEB, "");
	struct response r;
	int fd = client_connect(8080);

	client_says(fd, LINE);
	client_get(fd, "/", &r);
	for (unsigned n = 2; n < 5; n++) {
		server_signal(s, SIGHUP);
		server_await_generation(s, n);
		server_await_count(s, "left after", n - 1);
		client_get(fd, "/", &r);
		cr_assert_str_eq(r.body, "192.0.2.7 4711\n");
		cr_assert_not(r.close);
	}
	server_signal(s, SIGUSR2);
	server_await_generation(s, 5);
	server_await_count(s, "left after", 4);
	client_get(fd, "/", &r);
	cr_assert_str_eq(r.body, "192.0.2.7 4711\n", "over an upgrade, too");
	close(fd);
	server_stop(s);
}

/* What is on its way when the rules change is answered by them who knew it. */
Test(proxy, a_connection_without_a_header_is_none_of_a_service_that_has_them)
{
	struct server *s = server_start("[portico]\nworkers = 1\ndrain = 4s\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080, [::1]:8080\n"
		"[handler web]\nplugin = ${T}/peer.so\n");
	struct response r;
	int fd = client_connect(8080), silent = client_connect(8080);

	client_get(fd, "/", &r);
	cr_assert_str_eq(r.body, own_name(fd));
	client_get(silent, "/", &r);
	server_reload(s, WEB, "");
	server_await_generation(s, 2);
	client_get(fd, "/", &r);
	cr_assert_str_eq(r.body, own_name(fd));
	cr_assert(r.close, "it is the last");
	client_expect_end(fd, false);
	client_expect_end(silent, false);
	TELLS("127.0.0.1", LINE, "192.0.2.7 4711\n");
	server_stop(s);
}

Test(proxy, a_stop_ends_who_waits)
{
	struct server *s = server_start(WEB, "proxy_time = 500ms\n");
	int fd = client_connect(8080);

	client_send(fd, LINE, 20);
	TELLS("127.0.0.1", LINE, "192.0.2.7 4711\n");
	server_stop(s);
	client_expect_end(fd, true);
}

/* It says no header, and would count each client that is turned away as lost. */
Test(proxy, soak_leaves_out_who_is_behind_one)
{
	struct server *s = server_start(WEB, "");
	struct outcome o;

	cr_assert_eq(verb(&o, "soak", NULL), 78);
	cr_assert_str_eq(o.out, "web: left out, it is behind a proxy\n");
	server_stop(s);
}
