/* SPDX-License-Identifier: MIT */
/* rates_odd.c - rates before a TLS handshake, of IPv6 clients, and while workers are killed. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"
#include "tls_client.h"

SYSTEM_SUITE(rates_odd);

/* ---- TLS ---- */

/* Who is over it says nothing and hears the end at once; the others are waited for. */
Test(rates_odd, tls_is_not_begun_with_who_is_over_it)
{
	make_pair("a.test");
	struct server *s = server_start("[portico]\nworkers = 1\n[service echo]\nprotocol = tcp\n"
		"listen = 127.0.0.1:7000\ntls_certificate = a.test.crt\ntls_key = a.test.key\n"
		"tls_handshake = 1h\ndefer_accept = no\nrate_client = 1/h\nrate_client_burst = 2\n"
		"[handler echo]\nplugin = ${E}/echo.so\n");
	struct tls_conn c;

	tls_dial(&c, 7000, &(struct tls_wish){ 0 });
	tls_echo(&c, 100);
	int silent = client_connect(7000);
	for (int i = 0; i < 5; i++)
		client_expect_end(client_connect(7000), false);
	cr_assert(client_hears_nothing(silent, 0.05));
	tls_echo(&c, 100);
	tls_hang_up(&c);
	cr_assert_not(tls_try(&c, 7000, &(struct tls_wish){ 0 }));
	tls_hang_up(&c);
	close(silent);
	server_stop(s);
}

/* ---- IPv6 ---- */

struct from {
	const char *ip;
	int         fd;
};

/* An address is not usable at once after it was added. */
static bool is_bound(void *arg)
{
	struct from *f = arg;
	struct sockaddr_in6 a = { .sin6_family = AF_INET6 };

	cr_assert_eq(inet_pton(AF_INET6, f->ip, &a.sin6_addr), 1);
	return bind(f->fd, (struct sockaddr *)&a, sizeof(a)) == 0;
}

static int status_from(const char *ip)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(8080),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct from f = { ip, socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	struct response r;

	cr_assert(wait_until(is_bound, &f, PATIENCE), "%s: %s", ip, strerror(errno));
	cr_assert_eq(connect(f.fd, (struct sockaddr *)&to, sizeof(to)), 0, "%s: %s", ip, strerror(errno));
	client_get(f.fd, "/", &r);
	close(f.fd);
	return r.status;
}

#define WEB(workers, listen, keys)                                           \
	"[portico]\nworkers = " #workers "\n[service web]\nprotocol = http\nlisten = " listen ":8080\n" \
	keys "[handler web]\nplugin = ${T}/echo_path.so\n"

Test(rates_odd, of_ipv6_a_network_is_one_client)
{
	static const char *const own[] = { "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1" };
	char line[128];

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++) {
		snprintf(line, sizeof(line), "ip -6 addr add %s/128 dev lo", own[i]);
		if (system(line) != 0)
			SKIP_TEST("no IPv6 here");
	}
	struct server *s = server_start(WEB(2, "[::1]", "rate_client = 1/h\nrate_client_burst = 2\n"));
	cr_assert_eq(status_from(own[0]), 200);
	cr_assert_eq(status_from(own[1]), 200);
	cr_assert_eq(status_from(own[0]), 429);
	cr_assert_eq(status_from(own[1]), 429);
	cr_assert_eq(status_from(own[2]), 200);
	cr_assert_eq(status_from("::1"), 200);
	server_stop(s);
}

/* ---- a flood ---- */

enum { FLOODERS = 3, BURST = 900, KILLS = 6 };

struct flood {                   /* shared with those who make it */
	_Atomic unsigned passed, refused, failed;
};

static pid_t floods[FLOODERS];

static bool send_all(int fd, const char *text)
{
	return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

/* The status; 0: whoever had it died. */
static int ask(void)
{
	char got[64] = "";
	int fd = client_try_connect("127.0.0.1", 8080);

	if (fd < 0)
		return 0;
	if (send_all(fd, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
		(void)!recv(fd, got, sizeof(got) - 1, MSG_WAITALL);
	close(fd);
	return strlen(got) > 12 ? atoi(got + 9) : 0;
}

static void flood(struct flood *f)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int status = ask();
		_Atomic unsigned *count = status == 200 ? &f->passed : status == 429 ? &f->refused : &f->failed;
		atomic_fetch_add(count, 1);
	}
}

static void flood_begin(struct flood *f)
{
	for (int i = 0; i < FLOODERS; i++) {
		floods[i] = fork();
		if (floods[i] == 0) {
			flood(f);
			_exit(0);
		}
	}
}

static void flood_end(void)
{
	for (int i = 0; i < FLOODERS; i++) {
		kill(floods[i], SIGKILL);
		waitpid(floods[i], NULL, 0);
	}
}

struct awaited {
	_Atomic unsigned *count;
	unsigned          least;
};

static bool is_reached(void *arg)
{
	const struct awaited *a = arg;
	return atomic_load(a->count) >= a->least;
}

static void await(_Atomic unsigned *count, unsigned least)
{
	struct awaited a = { count, least };

	cr_assert(wait_until(is_reached, &a, PATIENCE), "%u, never %u", atomic_load(count), least);
}

/* Whoever is killed has taken or has not: who came through is never more, and less only by those who were
 * in the hands of the killed. */
Test(rates_odd, a_flood_gets_no_more_when_workers_are_killed)
{
	struct flood *f = mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct server *s = server_start(WEB(3, "127.0.0.1", "rate_client = 1/h\nrate_client_burst = 900\n"));

	flood_begin(f);
	for (unsigned i = 0; i < KILLS; i++) {
		await(&f->passed, 100 * (i + 1));
		kill(status_await_worker(i % 3), SIGKILL);
		server_await_count(s, "signal 9", i + 1);
	}
	await(&f->refused, 200);
	flood_end();
	cr_assert_leq(f->passed, BURST);
	cr_assert_geq(f->passed, BURST - KILLS * FLOODERS, "%u of them, %u failed", f->passed, f->failed);
	cr_assert_leq(f->failed, KILLS * FLOODERS);
	for (int i = 0; i < 20; i++)
		cr_assert_eq(http_status(8080, "/"), 429);
	munmap(f, sizeof(*f));
	server_stop(s);
}
