/* SPDX-License-Identifier: MIT */
/* tls_over.c - what else streams do, over TLS: files, WebSockets, bounds. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "client.h"
#include "files_rig.h"
#include "harness.h"
#include "operate.h"
#include "server.h"
#include "tls_client.h"

SYSTEM_SUITE(tls_over);

enum { PORT = 8443, FILE_SIZE = 1000 * 1000, FLOOD = 8 << 20, RECORD = 16384 };

#define PAIR "tls_certificate = a.test.crt\ntls_key = a.test.key\n"
#define WEB                                                                  \
	"[portico]\nworkers = 1\ndrain = 20s\n"                              \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8443\n" PAIR

/* ---- TLS comes to a service that had none ---- */

Test(tls_over, a_connection_from_before_tls_gets_its_answer_and_ends)
{
	make_pair("a.test");
	struct server *s = server_start("[portico]\nworkers = 1\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8443\n"
		"[handler web /]\nplugin = ${T}/who.so\n");
	struct response r;
	int fd = client_connect(PORT);

	client_get(fd, "/", &r);
	cr_assert_not(r.close);
	server_reload(s, WEB "[handler web /]\nplugin = ${T}/who.so\n");
	server_await_generation(s, 2);
	client_get(fd, "/", &r);
	cr_assert(r.close, "it is the last");
	client_expect_end(fd, false);
	server_stop(s);
}

/* ---- files ---- */

static void expect_file(struct tls_conn *c, const char *request, size_t from, size_t len)
{
	char length[64];

	tls_says(c, request);
	const char *got = tls_answer(c);
	cr_assert_not_null(got, "%s", tls_reason());
	snprintf(length, sizeof(length), "Content-Length: %zu\r\n", len);
	cr_assert_not_null(strstr(tls_head(), length), "%s", tls_head());
	for (size_t i = 0; i < len; i++)
		cr_assert_eq(got[i], files_byte(from + i), "byte %zu", i);
}

static void expect_files(const struct tls_wish *wish)
{
	struct tls_conn c;

	tls_dial(&c, PORT, wish);
	expect_file(&c, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n", 0, FILE_SIZE);
	expect_file(&c, "GET /big HTTP/1.1\r\nHost: x\r\nRange: bytes=12345-700000\r\n\r\n",
		12345, 700000 - 12345 + 1);
	tls_says(&c, "GET /big HTTP/1.1\r\nHost: x\r\n\r\nGET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n");
	cr_assert_not_null(tls_answer(&c));
	cr_assert_str_eq(tls_answer(&c), ALPHABET, "what is behind a file comes behind it");
	tls_hang_up(&c);
}

Test(tls_over, a_file_is_the_file)
{
	make_pair("a.test");
	files_make();
	files_fill("www/big", FILE_SIZE);
	struct server *s = server_start(WEB "[handler web /]\nplugin = ${E}/files.so\nroot = %s\n",
		path_of("www"));

	expect_files(&(struct tls_wish){ .version = TLS1_2_VERSION });
	expect_files(&(struct tls_wish){ .version = TLS1_3_VERSION });
	server_stop(s);
}

/* ---- WebSockets ---- */

Test(tls_over, a_strict_peer_of_websockets_is_content)
{
	char command[512];

	make_pair("a.test");
	struct server *s = server_start(WEB "[handler web]\nplugin = ${T}/ws_echo.so\n%s", "");
	snprintf(command, sizeof(command), "/usr/bin/python3 %s/tests/system/ws_peer.py 8443 tls >%s 2>&1",
		PORTICO_SOURCE_DIR, path_of("peer.log"));
	cr_assert_eq(system(command), 0, "%s", read_file(path_of("peer.log")));
	server_stop(s);
}

/* ---- who is one too many ---- */

Test(tls_over, a_client_too_many_is_told_so_in_its_own_language)
{
	struct tls_conn first, second;

	make_pair("a.test");
	struct server *s = server_start(WEB "max_connections = 1\n%s"
		"[handler web]\nplugin = ${E}/hello.so\n", "");
	tls_dial(&first, PORT, NULL);
	cr_assert_str_eq(tls_get(&first, "/"), "Hello\n");
	tls_dial(&second, PORT, NULL);
	cr_assert_not_null(tls_answer(&second), "%s", tls_reason());
	cr_assert_eq(strncmp(tls_head(), "HTTP/1.1 503 ", 13), 0, "%s", tls_head());
	cr_assert(tls_hears_the_end(&second));
	tls_hang_up(&second);
	cr_assert_str_eq(tls_get(&first, "/"), "Hello\n");
	tls_hang_up(&first);
	server_stop(s);
}

/* ---- readers ---- */

static bool has_timeouts(void *arg)
{
	return status_errors("timeout") >= *(const int *)arg;
}

/* What is there now, or less; -1 at an end. */
static long read_some(struct tls_conn *c)
{
	static char block[RECORD];
	int n = SSL_read(c->ssl, block, sizeof(block));

	if (n > 0)
		return n;
	return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ ? 0 : -1;
}

/* The small window keeps what the kernels hold small, as in http_bounds.c. */
Test(tls_over, readers_that_are_too_slow_are_cut_and_steady_ones_are_not)
{
	struct tls_conn slow, steady;
	int small = 4096, one = 1;
	long got = 0, n;
	char byte;

	make_pair("a.test");
	struct server *s = server_start("[portico]\nworkers = 1\n[service flood]\nprotocol = tcp\n"
		"listen = 127.0.0.1:8443\nrate_grace = 1s\nsend_rate = %s\n" PAIR
		"[handler flood]\nplugin = ${T}/flood.so\nmegabytes = 8\n", "100k");
	tls_dial(&slow, PORT, NULL);
	tls_dial(&steady, PORT, NULL);
	setsockopt(slow.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	fcntl(steady.fd, F_SETFL, O_NONBLOCK);
	double begin = seconds_now();
	while (!has_timeouts(&one) && seconds_now() - begin < PATIENCE) {
		(void)recv(slow.fd, &byte, 1, MSG_DONTWAIT);
		for (int i = 0; i < 8 && (n = read_some(&steady)) > 0; i++)
			got += n;
		let_pass(.02);
	}
	cr_assert(has_timeouts(&one), "it is not cut");
	fcntl(steady.fd, F_SETFL, 0);
	while (got < FLOOD) {
		n = read_some(&steady);
		cr_assert_gt(n, 0, "the steady one is cut after %ld bytes", got);
		got += n;
	}
	cr_assert_eq(status_errors("timeout"), 1);
	tls_hang_up(&slow);
	tls_hang_up(&steady);
	server_stop(s);
}
