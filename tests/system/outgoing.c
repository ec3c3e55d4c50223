/* SPDX-License-Identifier: MIT */
/* outgoing.c - handlers connect to other servers: names, TLS, the pool, the end of a worker. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "fake_dns.h"
#include "harness.h"
#include "operate.h"
#include "server.h"

static void set_up(void)
{
	harness_set_up();
	setenv("D", harness_dir(), 1);
}

TestSuite(outgoing, .init = set_up, .fini = harness_tear_down, .timeout = 90);

/* The server asks itself: a service that echoes, and handlers that dial it. */
#define DIALLER(prefix, keys) "[handler web " prefix "]\nplugin = ${T}/dialler.so\n" keys "\n"
#define SERVER(portico, echo, handlers)                                      \
	"[portico]\nworkers = 1\n" portico "\n"                              \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	handlers                                                             \
	"[service echo]\nprotocol = tcp\nlisten = 127.0.0.1:7000\n" echo     \
	"\n[handler echo]\nplugin = ${E}/echo.so\n"

static void assert_told(const char *path, int status, const char *body)
{
	struct response r;
	int fd = client_connect(8080);

	client_get(fd, path, &r);
	cr_assert_eq(r.status, status, "%s: %d %s", path, r.status, r.body);
	cr_assert_str_eq(r.body, body, "%s: %s", path, r.body);
	close(fd);
}

/* ---- names ---- */

Test(outgoing, names_are_asked_without_waiting_and_kept_where_little_is_allowed)
{
	_Atomic unsigned *asked = fake_dns_start();
	struct server *s = server_start(SERVER("user = nobody\nseccomp = kill\nread_paths = none", "",
		DIALLER("/there", "address = backend.test:7000")
		DIALLER("/hosts", "address = localhost:7000")
		DIALLER("/gone", "address = gone.test:7000")
		DIALLER("/silent", "address = silent.test:7000\ntimeout = 300ms")) "%s", "");

	assert_told("/there", 200, "ping");      /* and nobody is at its first address */
	unsigned first = *asked;
	cr_assert_gt(first, 0);
	assert_told("/there", 200, "ping");
	assert_told("/there", 200, "ping");
	cr_assert_eq(*asked, first, "an answer of a minute is asked for again");
	assert_told("/hosts", 200, "ping");
	assert_told("/gone", 502, "ENOENT");
	int fd = client_connect(8080);
	client_says(fd, "GET /silent HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	assert_told("/there", 200, "ping");      /* while the other one waits */
	struct response r;
	cr_assert(client_response(fd, &r));
	cr_assert_str_eq(r.body, "ETIMEDOUT");
	close(fd);
	server_stop(s);
}

static bool is_there(void *arg)
{
	(void)arg;
	return http_status(8080, "/there") == 200;
}

Test(outgoing, another_name_server_is_asked_without_a_reload)
{
	fake_dns_start();
	fake_dns_name("127.0.0.9");
	struct server *s = server_start(SERVER("user = nobody", "",
		DIALLER("/there", "address = backend.test:7000\ntimeout = 20s")) "%s", "");

	assert_told("/there", 502, "EAGAIN");
	fake_dns_name("127.0.0.1");
	cr_assert(wait_until(is_there, NULL, PATIENCE));         /* a failure is kept for a second */
	server_stop(s);
}

Test(outgoing, without_a_name_server_a_name_fails)
{
	struct server *s = server_start(SERVER("", "",
		DIALLER("/", "address = backend.test:7000\ntimeout = 20s")) "%s", "");

	assert_told("/", 502, "EAGAIN");
	server_stop(s);
}

Test(outgoing, who_refuses_and_what_is_none)
{
	struct outcome o;
	struct server *s = server_start(SERVER("", "",
		DIALLER("/", "address = 127.0.0.1:7009")
		DIALLER("/unix", "address = unix:/nowhere/at/all")) "%s", "");

	assert_told("/", 502, "ECONNREFUSED");
	assert_told("/unix", 502, "ENOENT");
	verb_succeeds(&o, "status", NULL);
	cr_assert(strstr(o.out, "portico_upstream_failed_refused of web /: 1 (counter)"), "%s", o.out);
	write_file("portico.ini", "%s", SERVER("", "", DIALLER("/", "address = 127.0.0.1")));
	server_signal(s, SIGHUP);
	server_await(s, "portico_upstream(): \"127.0.0.1\": has no port; write HOST:PORT");
	server_await(s, "reload failed");
	server_stop(s);
}

/* ---- TLS ---- */

static void make_certificates(void)
{
	char *here = getcwd(NULL, 0);
	struct outcome o;

	cr_assert_eq(chdir(harness_dir()), 0);
	portico_ends(&o, NULL, "cert", "a.test", "127.0.0.1", NULL);
	cr_assert_eq(o.code, 0, "%s", o.err);
	portico_ends(&o, NULL, "cert", "b.test", NULL);
	cr_assert_eq(o.code, 0, "%s", o.err);
	cr_assert_eq(chdir(here), 0);
	free(here);
}

Test(outgoing, tls_servers_are_verified)
{
	int silent = listen_on(7001);

	make_certificates();
	struct server *s = server_start(SERVER("", "tls_certificate = a.test.crt\ntls_key = a.test.key",
		DIALLER("/named", "address = localhost:7000\ntls = yes\nname = a.test\nca = ${D}/a.test.crt")
		DIALLER("/dotted", "address = localhost:7000\ntls = yes\nname = a.test.\nca = ${D}/a.test.crt")
		DIALLER("/address", "address = 127.0.0.1:7000\ntls = yes\nca = ${D}/a.test.crt")
		DIALLER("/other", "address = localhost:7000\ntls = yes\nca = ${D}/a.test.crt")
		DIALLER("/stranger", "address = 127.0.0.1:7000\ntls = yes\nca = ${D}/b.test.crt")
		DIALLER("/system", "address = 127.0.0.1:7000\ntls = yes")
		DIALLER("/any", "address = localhost:7000\ntls = unverified\npool = 2")
		DIALLER("/silent", "address = 127.0.0.1:7001\ntls = unverified\ntimeout = 300ms")
		DIALLER("/plain", "address = 127.0.0.1:8080\ntls = unverified")) "%s", "");

	assert_told("/named", 200, "ping");
	assert_told("/dotted", 200, "ping");
	assert_told("/address", 200, "ping");
	assert_told("/other", 502, "EKEYREJECTED");
	assert_told("/stranger", 502, "EKEYREJECTED");
	assert_told("/system", 502, "EKEYREJECTED");
	for (int i = 0; i < 3; i++)
		assert_told("/any", 200, "ping");
	assert_told("/silent", 502, "ETIMEDOUT");
	assert_told("/plain", 502, "EPROTO");
	struct outcome o;
	verb_succeeds(&o, "status", NULL);
	cr_assert(strstr(o.out, "portico_upstream_reused of web /any: 2 (counter)"), "%s", o.out);
	cr_assert(strstr(o.out, "portico_upstream_failed_tls of web /other: 1 (counter)"), "%s", o.out);
	server_stop(s);
	close(silent);
}

/* ---- the end of a worker ---- */

Test(outgoing, a_drain_waits_for_those_in_use_and_not_for_the_pool)
{
	int backend = listen_on(7001);
	struct server *s = server_start(SERVER("", "",
		DIALLER("/", "address = 127.0.0.1:7001\npool = 2")) "%s", "");

	int fd = client_connect(8080), first;
	char text[4];
	client_says(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	cr_assert_geq(first = accept(backend, NULL, NULL), 0);
	client_read(first, text, 4);
	client_says(first, "pong");
	server_await(s, "closed: 0");            /* kept */
	client_says(fd, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
	server_await(s, "waiting");              /* in use again */
	server_signal(s, SIGHUP);
	server_await_generation(s, 2);
	client_ends(fd);
	cr_assert(client_hears_nothing(first, 0.2), "it is cut");
	cr_assert_eq(server_count(s, "left after"), 0, "the old worker does not wait");
	client_says(first, "at last");
	server_await(s, "left after");
	client_expect_end(first, false);
	close(fd);
	close(backend);
	server_stop(s);
}

Test(outgoing, when_the_time_to_drain_is_up_they_are_cut)
{
	int backend = listen_on(7001), fd = -1, there;
	struct server *s = server_start(SERVER("drain = 300ms", "",
		DIALLER("/", "address = 127.0.0.1:7001\npool = 2")) "%s", "");

	fd = client_connect(8080);
	client_says(fd, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
	cr_assert_geq(there = accept(backend, NULL, NULL), 0);
	server_await(s, "waiting");
	server_signal(s, SIGTERM);
	client_expect_end(there, true);
	server_await(s, "closed: ECANCELED");
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	client_expect_end(fd, true);
	close(backend);
	server_assert_gone(s);
}
