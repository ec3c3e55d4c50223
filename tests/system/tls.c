/* SPDX-License-Identifier: MIT */
/* tls.c - TLS over the real socket: what goes over it, and who is refused. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"
#include "tls_client.h"

SYSTEM_SUITE(tls);

enum { PORT = 8443, PIPELINED = 50, MEGABYTE = 1 << 20 };

#define WEB                                                                  \
	"[portico]\nworkers = 1\nlog_level = debug\n"                        \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8443\n"          \
	"tls_certificate = a.test.crt\ntls_key = a.test.key\n"
#define HELLO "[handler web]\nplugin = ${E}/hello.so\n"
#define ECHO                                                                 \
	"[portico]\nworkers = 1\nlog_level = debug\n"                        \
	"[service echo]\nprotocol = tcp\nlisten = 127.0.0.1:8443\n"          \
	"tls_certificate = a.test.crt\ntls_key = a.test.key\n%s"             \
	"[handler echo]\nplugin = ${E}/echo.so\n"

static const struct tls_wish tls_12 = { .version = TLS1_2_VERSION },
	tls_13 = { .version = TLS1_3_VERSION };

static struct server *start(const char *ini, const char *more)
{
	make_pair("a.test");
	return server_start(ini, more);
}

/* What is told to a client is counted behind that. */
static bool has_failed(void *errors)
{
	return status_errors("protocol") == *(const long long *)errors;
}

static void protocol_errors_are(long long errors)
{
	cr_assert(wait_until(has_failed, &errors, PATIENCE), "there are %lld", status_errors("protocol"));
}

/* ---- what goes over it ---- */

static void keep_alive_and_pipelining(const struct tls_wish *wish)
{
	struct tls_conn c;
	char all[PIPELINED * 64] = "";

	tls_dial(&c, PORT, wish);
	cr_assert_eq(SSL_version(c.ssl), wish->version);
	cr_assert_str_eq(tls_get(&c, "/"), "Hello\n");
	cr_assert_str_eq(tls_get(&c, "/"), "Hello\n");
	for (int i = 0; i < PIPELINED; i++)
		strcat(all, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	tls_says(&c, all);
	for (int i = 0; i < PIPELINED; i++)
		cr_assert_not_null(tls_answer(&c), "answer %d", i);
	tls_hang_up(&c);
}

Test(tls, speaks_1_2_and_1_3)
{
	struct server *s = start(WEB "%s" HELLO, "");

	keep_alive_and_pipelining(&tls_12);
	keep_alive_and_pipelining(&tls_13);
	server_stop(s);
}

Test(tls, an_orderly_end_is_said)
{
	struct server *s = start(WEB "%s" HELLO, "");
	struct tls_conn c;

	tls_dial(&c, PORT, NULL);
	tls_says(&c, "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
	cr_assert_str_eq(tls_answer(&c), "Hello\n");
	cr_assert(tls_hears_the_end(&c));
	tls_hang_up(&c);
	server_stop(s);
}

Test(tls, much_comes_back_as_it_was_sent)
{
	struct server *s = start(ECHO, "");
	struct tls_conn c;

	tls_dial(&c, PORT, &tls_13);
	tls_echo(&c, 50 * MEGABYTE);
	tls_hang_up(&c);
	tls_dial(&c, PORT, &tls_12);
	tls_echo(&c, 10 * MEGABYTE);
	tls_hang_up(&c);
	server_stop(s);
}

/* Small bounds: reading stops in the middle of a record, and what the record
 * still holds is no event of the socket. */
Test(tls, what_a_paused_reader_left_in_a_record_comes_later)
{
	struct server *s = start(ECHO, "high_water = 1k\nmax_input = 1k\n");
	struct tls_conn c;

	tls_dial(&c, PORT, NULL);
	tls_echo(&c, 3 * MEGABYTE);
	tls_hang_up(&c);
	server_stop(s);
}

Test(tls, curl_uploads_and_keeps_its_connection)
{
	struct server *s = start(WEB "max_body = 64m\n%s"
		"[handler web]\nplugin = ${E}/upload.so\n", "");
	char line[1024];

	snprintf(line, sizeof(line), "cd %s && head -c 10000000 /dev/urandom >big && curl -sk --http1.1 "
		"-T big https://127.0.0.1:8443/ -T big https://127.0.0.1:8443/ "
		"-w '%%{http_code} %%{num_connects}\\n' >said", harness_dir());
	cr_assert_eq(system(line), 0);
	const char *said = read_file(path_of("said"));
	cr_assert_not_null(strstr(said, "10000000 bytes"), "%s", said);
	cr_assert_not_null(strstr(said, "200 0\n"), "the second one came over the same connection: %s",
		said);
	server_stop(s);
}

Test(tls, a_plugin_can_ask_for_it)
{
	struct tls_conn c;
	char text[8] = "";
	struct server *s = start(WEB "[handler web]\nplugin = ${T}/is_tls.so\n"
		"[service tcp]\nprotocol = tcp\nlisten = 127.0.0.1:8444\n"
		"tls_certificate = a.test.crt\ntls_key = a.test.key\n"
		"[handler tcp]\nplugin = ${T}/is_tls.so\n"
		"[service plain]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler plain]\nplugin = ${T}/is_tls.so\n%s", "");

	tls_dial(&c, PORT, NULL);
	cr_assert_str_eq(tls_get(&c, "/"), "yes\n");
	tls_hang_up(&c);
	cr_assert_str_eq(http_get(8080, "/"), "no\n");
	/* It wrote and closed before the handshake. */
	tls_dial(&c, 8444, NULL);
	cr_assert_eq(SSL_read(c.ssl, text, sizeof(text)), 4);
	cr_assert_str_eq(text, "yes\n");
	cr_assert(tls_hears_the_end(&c));
	tls_hang_up(&c);
	server_stop(s);
}

/* ---- cut into pieces ---- */

static void send_each_byte(int fd, BIO *from)
{
	char byte;

	while (BIO_read(from, &byte, 1) == 1)
		client_send(fd, &byte, 1);
}

static void feed(int fd, BIO *to)
{
	char block[4096];
	ssize_t n = recv(fd, block, sizeof(block), 0);

	cr_assert_gt(n, 0, "the server ended it");
	BIO_write(to, block, (int)n);
}

Test(tls, a_client_may_send_byte_by_byte)
{
	struct server *s = start(WEB "%s" HELLO, "");
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	int fd = client_connect(PORT), on = 1;
	char text[512] = "";

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	SSL_set_bio(ssl, in, out);
	while (SSL_connect(ssl) != 1) {
		send_each_byte(fd, out);
		feed(fd, in);
	}
	SSL_write(ssl, "GET / HTTP/1.1\r\nHost: test\r\n\r\n", 30);
	send_each_byte(fd, out);
	while (SSL_read(ssl, text, sizeof(text) - 1) <= 0)
		feed(fd, in);
	cr_assert_not_null(strstr(text, "\r\n\r\nHello\n"), "%s", text);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
	server_stop(s);
}

/* ---- who is refused ---- */

Test(tls, http_1_1_is_agreed_on_or_nothing)
{
	struct server *s = start(WEB "%s" HELLO, "");
	struct tls_conn c;
	const unsigned char *chosen;
	unsigned len;

	tls_dial(&c, PORT, &(struct tls_wish){ .alpn = "h2,http/1.1" });
	SSL_get0_alpn_selected(c.ssl, &chosen, &len);
	cr_assert_eq(len, 8);
	cr_assert_eq(memcmp(chosen, "http/1.1", 8), 0);
	tls_hang_up(&c);
	cr_assert_not(tls_try(&c, PORT, &(struct tls_wish){ .alpn = "h2" }));
	cr_assert_not_null(strstr(tls_reason(), "no application protocol"), "%s", tls_reason());
	tls_hang_up(&c);
	protocol_errors_are(1);
	server_stop(s);
}

Test(tls, old_versions_are_refused)
{
	struct server *s = start(WEB "%s" HELLO, "");
	struct tls_conn c;

	cr_assert_not(tls_try(&c, PORT, &(struct tls_wish){ .version = TLS1_1_VERSION }));
	cr_assert_not_null(strstr(tls_reason(), "alert protocol version"), "%s", tls_reason());
	tls_hang_up(&c);
	server_reload(s, WEB "tls_protocols = 1.3\n" HELLO);
	await_second_alone(s);
	cr_assert_not(tls_try(&c, PORT, &tls_12));
	tls_hang_up(&c);
	tls_dial(&c, PORT, &tls_13);
	tls_hang_up(&c);
	server_stop(s);
}

Test(tls, who_speaks_in_clear_is_told)
{
	struct server *s = start(WEB "%s" HELLO, "");
	struct response r;
	struct tls_conn c;

	cr_assert_eq(http_raw(PORT, "GET / HTTP/1.1\r\nHost: test\r\n\r\n", &r), 400);
	cr_assert_str_eq(r.body, "this port speaks TLS; write https://\n");
	int fd = client_connect(PORT);
	client_says(fd, "\r\n\r\n\r\n\r\n");
	client_expect_end(fd, true);
	protocol_errors_are(2);
	tls_dial(&c, PORT, NULL);
	tls_hang_up(&c);
	server_stop(s);
}

Test(tls, a_slow_handshake_is_cut)
{
	struct server *s = start(WEB "tls_handshake = 300ms\n%s" HELLO, "");
	double began = seconds_now();
	int silent = client_connect(PORT), slow = client_connect(PORT);

	client_send(slow, "\x16\x03\x01", 3);
	client_expect_end(silent, true);
	client_expect_end(slow, true);
	cr_assert_geq(seconds_now() - began, .25);
	cr_assert_eq(status_errors("timeout"), 2);
	struct tls_conn c;
	while (!tls_try(&c, PORT, NULL))         /* a busy machine may be too slow for it */
		tls_hang_up(&c);
	let_pass(.5);
	cr_assert_str_eq(tls_get(&c, "/"), "Hello\n", "the limit is for the handshake alone");
	tls_hang_up(&c);
	server_stop(s);
}

Test(tls, who_leaves_in_the_middle_leaves_nothing)
{
	struct server *s = start(WEB "%s" HELLO, "");

	for (int i = 0; i < 20; i++) {
		int fd = client_connect(PORT);
		if (i % 2)
			client_send(fd, "\x16\x03\x01\x02", 4);
		close(fd);
	}
	struct tls_conn c;
	tls_dial(&c, PORT, NULL);
	cr_assert_str_eq(tls_get(&c, "/"), "Hello\n");
	tls_hang_up(&c);
	server_stop(s);          /* at once: none of them is still open */
}

/* ---- clients with certificates ---- */

/* In TLS 1.3 the refusal comes after the client's side of the handshake. */
static bool is_let_in(int port, const struct tls_wish *wish)
{
	struct tls_conn c;
	bool in = tls_try(&c, port, wish);

	if (in)
		SSL_write(c.ssl, "GET / HTTP/1.1\r\nHost: test\r\n\r\n", 30);
	in = in && tls_answer(&c);
	tls_hang_up(&c);
	return in;
}

Test(tls, clients_show_certificates)
{
	static const struct tls_wish friend = { .pair = "friend" }, foe = { .pair = "foe" },
		friend_12 = { .pair = "friend", .version = TLS1_2_VERSION };

	make_client_pair("friend");
	make_client_pair("foe");
	struct server *s = start(WEB "tls_client_ca = friend.crt\ntls_client = %s\n" HELLO, "required");
	cr_assert(is_let_in(PORT, &friend));
	cr_assert(is_let_in(PORT, &friend_12));
	cr_assert_not(is_let_in(PORT, &foe));
	cr_assert_not_null(strstr(tls_reason(), "alert"), "told, not reset: %s", tls_reason());
	cr_assert_not(is_let_in(PORT, NULL));
	cr_assert_not_null(strstr(tls_reason(), "certificate required"), "%s", tls_reason());
	cr_assert_not(is_let_in(PORT, &tls_12));

	server_reload(s, WEB "tls_client_ca = friend.crt\ntls_client = %s\n" HELLO, "optional");
	await_second_alone(s);
	cr_assert(is_let_in(PORT, &friend));
	cr_assert(is_let_in(PORT, NULL));
	cr_assert_not(is_let_in(PORT, &foe));
	server_stop(s);
}

static void does_not_open(int version)
{
	struct tls_conn c;

	tls_dial(&c, 8444, &(struct tls_wish){ .version = version });
	tls_get(&c, "/");
	SSL_SESSION *session = tls_session(&c);
	tls_hang_up(&c);
	cr_assert_not(is_let_in(PORT, &(struct tls_wish){ .version = version, .session = session }));
	SSL_SESSION_free(session);
}

/* All tickets are closed with the same keys. */
Test(tls, a_ticket_of_an_open_service_does_not_open_a_guarded_one)
{
	make_client_pair("friend");
	struct server *s = start(WEB "tls_client_ca = friend.crt\ntls_client = required\n" HELLO
		"[service open]\nprotocol = http\nlisten = 127.0.0.1:8444\n"
		"tls_certificate = a.test.crt\ntls_key = a.test.key\n"
		"[handler open]\nplugin = ${E}/hello.so\n%s", "");

	does_not_open(TLS1_2_VERSION);
	does_not_open(TLS1_3_VERSION);
	server_stop(s);
}
