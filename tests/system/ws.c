/* SPDX-License-Identifier: MIT */
/* ws.c - WebSockets of the running server: peers, reload, bounds, ends. */
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
#include "ws_client.h"

SYSTEM_SUITE(ws);

#define ECHO(more)                                                           \
	"[portico]\nworkers = 1\ndrain = %s\n"                               \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n" more     \
	"[handler web]\nplugin = ${T}/ws_echo.so\n"
#define CHAT                                                                 \
	"[portico]\nworkers = 1\ndrain = 20s\n"                              \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web]\nplugin = ${E}/chat.so\nmax_line = 10\n%s"

static void assert_echo(int fd)
{
	ws_say(fd, 1, "Hello", 5);
	ws_expect(fd, 1, "Hello");
}

Test(ws, a_strict_peer_is_content)
{
	char command[512];
	struct server *s = server_start(ECHO(""), "20s");

	snprintf(command, sizeof(command), "/usr/bin/python3 %s/tests/system/ws_peer.py 8080 >%s 2>&1",
		PORTICO_SOURCE_DIR, path_of("peer.log"));
	int code = system(command);
	cr_assert_eq(code, 0, "%s", read_file(path_of("peer.log")));
	server_await(s, "socket closed: 1009");
	server_stop(s);
	cr_assert_eq(server_count(s, ", 0 left"), server_count(s, "socket closed: 4000")
		+ server_count(s, "socket closed: 3001") + server_count(s, "socket closed: 1011")
		+ server_count(s, "socket closed: 1009") + 1, "every socket was closed once");
}

Test(ws, what_breaks_a_rule_is_closed_with_the_code_for_it)
{
	static const struct { const char *frame; size_t len; unsigned code; } cases[] = {
		{ "\x81\x01" "a", 3, 1002 },
		{ "\xc1\x80" "\0\0\0\0", 6, 1002 },
		{ "\x81\x81" "\0\0\0\0" "\xff", 7, 1007 },
		{ "\x82\xff\0\0\0\1\0\0\0\0" "\0\0\0\0", 14, 1009 },
		{ "\x88\x82" "\0\0\0\0" "\x03\xed", 8, 1002 },
	};
	struct server *s = server_start(ECHO(""), "20s");

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int fd = ws_connect(8080, "/");
		client_send(fd, cases[i].frame, cases[i].len);
		cr_assert_eq(ws_expect_close(fd), cases[i].code, "case %zu", i);
		client_expect_end(fd, false);
	}
	server_await_count(s, "socket closed: 1002", 3);
	server_stop(s);
}

Test(ws, a_reload_keeps_sockets_until_drain_is_over)
{
	struct server *s = server_start(ECHO(""), "2s");
	int fd = ws_connect(8080, "/");

	server_reload(s, ECHO(""), "2s");
	server_await_generation(s, 2);
	assert_echo(fd);
	int next = ws_connect(8080, "/");
	cr_assert_eq(ws_expect_close(fd), 1001);
	client_expect_end(fd, false);
	server_await(s, "socket closed: 1001");
	assert_echo(next);
	server_signal(s, SIGTERM);
	cr_assert_eq(ws_expect_close(next), 1001);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	server_assert_gone(s);
	close(next);
}

Test(ws, guests_of_the_chat_hear_each_other_and_its_goodbye)
{
	struct response r;
	struct server *s = server_start(CHAT, "");
	int a = ws_connect(8080, "/"), page = client_connect(8080);

	ws_expect(a, 1, "guest 1 is here");
	int b = ws_connect(8080, "/");
	ws_expect(a, 1, "guest 2 is here");
	ws_expect(b, 1, "guest 2 is here");
	ws_say(b, 1, "Hello", 5);
	ws_expect(a, 1, "guest 2: Hello");
	ws_expect(b, 1, "guest 2: Hello");
	ws_say(b, 1, "12345678901", 11);
	cr_assert_eq(ws_expect_close(b), 1009);
	ws_say(b, 8, "\x03\xf1", 2);
	client_expect_end(b, false);
	ws_expect(a, 1, "guest 2 has left (1009)");
	client_get(page, "/", &r);
	cr_assert_not_null(strstr(r.body, "new WebSocket"));
	close(page);
	server_signal(s, SIGTERM);
	cr_assert_eq(ws_expect_close(a), 1001);
	ws_say(a, 8, "\x03\xe9", 2);
	client_expect_end(a, false);
	cr_assert_eq(server_await_exit(s, 10.), 0, "it did not wait for drain");
	server_assert_gone(s);
}

Test(ws, a_page_of_another_site_is_not_let_in)
{
	struct response r;
	struct server *s = server_start(CHAT, "");

	cr_assert_eq(http_raw(8080, WS_HANDSHAKE("/", "Origin: http://evil.example\r\n"), &r), 403);
	cr_assert_eq(http_raw(8080, WS_HANDSHAKE("/", "Origin: null\r\n"), &r), 403);
	int fd = client_connect(8080);
	client_says(fd, WS_HANDSHAKE("/", "Origin: http://test\r\n"));
	ws_await_upgrade(fd);
	close(fd);
	server_stop(s);
}

Test(ws, a_silent_peer_is_pinged_and_then_cut)
{
	char text[128];
	struct server *s = server_start(ECHO("ws_ping = 600ms\n"), "20s");
	int fd = ws_connect(8080, "/");

	for (int i = 0; i < 3; i++) {
		cr_assert_eq(ws_hear(fd, text, sizeof(text)), 9, "a ping");
		ws_say(fd, 10, "", 0);
	}
	cr_assert_eq(ws_hear(fd, text, sizeof(text)), 9);
	client_expect_end(fd, true);
	server_await(s, "socket closed: 1006");
	server_stop(s);
}

/* It asks for megabytes, reads none of them, and goes on sending. */
Test(ws, a_peer_that_does_not_read_costs_bounded_memory)
{
	enum { PEERS = 20 };
	static char pings[120 * 1000];
	int fds[PEERS];
	pid_t worker;
	struct server *s = server_start(ECHO("max_queue = 256k\nidle = 1s\n"), "20s");

	cr_assert_eq(server_workers(s, &worker, 1), 1);
	for (size_t i = 0; i < sizeof(pings); i += 120)
		memcpy(pings + i, "\x89\xf2\0\0\0\0", 6);
	long before = proc_rss_kib(worker);
	for (int i = 0; i < PEERS; i++)
		fds[i] = ws_connect(8080, "/push");
	server_await_count(s, "push: No buffer space available", PEERS);
	for (int i = 0; i < PEERS; i++)
		for (int j = 0; j < 20; j++)
			(void)!send(fds[i], pings, sizeof(pings), MSG_DONTWAIT | MSG_NOSIGNAL);
	if (!has_sanitizers())
		cr_assert_lt(proc_rss_kib(worker) - before, PEERS * 600, "%ld KiB more",
			proc_rss_kib(worker) - before);
	server_await_count(s, "socket closed: 1006", PEERS);     /* by idle: their queue stands still */
	for (int i = 0; i < PEERS; i++)
		close(fds[i]);
	int fd = ws_connect(8080, "/");
	assert_echo(fd);
	close(fd);
	server_stop(s);
}
