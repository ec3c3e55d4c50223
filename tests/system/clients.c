/* SPDX-License-Identifier: MIT */
/* clients.c - programs that people use, with what they do: curl, openssl, python.  files_load.c
 * has curl's ways to get a file. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "harness.h"
#include "proc.h"
#include "server.h"
#include "tls_client.h"

SYSTEM_SUITE(clients);

enum { MEGABYTE = 1 << 20 };

#define CURL "curl -sS --http1.1 -m 80 "
#define UPLOAD                                                               \
	"[portico]\nworkers = 1\n"                                           \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\nmax_body = 2g\n" \
	"[handler web]\nplugin = ${E}/upload.so\n"
#define SECURE(workers)                                                      \
	"[portico]\nworkers = " workers "\n"                                 \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8443\nmax_body = 2g\n" \
	"tls_certificate = a.test.crt\ntls_key = a.test.key\n"

/* ---- uploads ---- */

static long large(void)
{
	return (has_sanitizers() ? 64L : 1024L) * MEGABYTE;
}

static void make_sparse(const char *name, off_t size)
{
	write_file(name, "%s", "");
	cr_assert_eq(truncate(path_of(name), size), 0);
}

/* The most that a process has had, from now on: proc(5). */
static void forget_peak(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", (int)pid);
	FILE *f = fopen(path, "we");
	cr_assert(f && fputs("5", f) >= 0 && fclose(f) == 0, "%s", path);
}

/* The sum of examples/upload.c over so many zeros. */
static uint32_t sum_of_zeros(unsigned long count)
{
	uint32_t sum = 2166136261u;

	for (uint32_t power = 16777619u; count > 0; count /= 2, power *= power)
		if (count % 2)
			sum *= power;
	return sum;
}

/* A large file of zeros; the worker has no more memory at any time. */
static void uploads(struct server *s, const char *how)
{
	char expected[64];
	pid_t worker;

	cr_assert_eq(server_workers(s, &worker, 1), 1);
	write_file("small", "small");
	make_sparse("large", large());
	command(CURL "-T small http://127.0.0.1:8080/");
	forget_peak(worker);
	long before = proc_rss_kib(worker);
	double begin = seconds_now();
	const char *said = command(CURL "-w '%%{http_code}' http://127.0.0.1:8080/ %s", how);
	double took = seconds_now() - begin;
	long more = atol(proc_status(worker, "VmHWM")) - before;
	snprintf(expected, sizeof(expected), "%ld bytes, FNV-1a %08x\n200", large(),
		sum_of_zeros((unsigned long)large()));
	command_said(said, expected);
	fprintf(stderr, "clients: %ld MiB up in %.1f s, at most %ld KiB more\n", large() / MEGABYTE,
		took, more);
	cr_assert(has_sanitizers() || more < 1024, "%ld KiB more", more);
}

Test(clients, curl_uploads_a_gigabyte)
{
	struct server *s = server_start(UPLOAD);

	uploads(s, "-T large");
	server_stop(s);
}

Test(clients, curl_uploads_a_gigabyte_in_chunks)
{
	struct server *s = server_start(UPLOAD);

	uploads(s, "-T - <large");
	server_stop(s);
}

Test(clients, curl_uploads_as_slowly_as_it_likes)
{
	struct server *s = server_start(UPLOAD);

	make_sparse("some", 4 * MEGABYTE);
	double begin = seconds_now();
	command_said(command(CURL "--limit-rate 2M -T some http://127.0.0.1:8080/"), "4194304 bytes");
	cr_assert_gt(seconds_now() - begin, 1.);
	server_stop(s);
}

/* Without Expect it would send all of it first, and with it after a second, if the answer takes so long. */
Test(clients, curl_is_told_at_once_that_it_is_too_much)
{
	struct server *s = server_start(UPLOAD);

	make_sparse("too-large", 3L << 30);
	double begin = seconds_now();
	command_said(command(CURL "--expect100-timeout 60 -o said -w '%%{http_code} %%{size_upload}' -T too-large "
		"http://127.0.0.1:8080/"), "413 0");
	cr_assert_lt(seconds_now() - begin, 5.);
	server_stop(s);
}

/* ---- TLS ---- */

#define NAMED "--resolve a.test:8443:127.0.0.1 "

static struct server *start_secure(void)
{
	make_pair("a.test");
	return server_start(SECURE("1") "[handler web]\nplugin = ${E}/hello.so\n");
}

Test(clients, curl_verifies_the_certificate)
{
	enum { CANNOT_VERIFY = 60 };
	struct server *s = start_secure();

	command_said(command(CURL "-w '%%{ssl_verify_result}' --cacert a.test.crt " NAMED
		"https://a.test:8443/"), "Hello\n0");
	command_said(command(CURL "-k https://127.0.0.1:8443/"), "Hello\n");
	cr_assert_eq(command_code(CURL NAMED "https://a.test:8443/"), CANNOT_VERIFY, "nobody knows it");
	cr_assert_eq(command_code(CURL "--cacert a.test.crt https://127.0.0.1:8443/"), CANNOT_VERIFY,
		"it is of another name");
	server_stop(s);
}

Test(clients, curl_speaks_either_version)
{
	struct server *s = start_secure();
	const char *both = CURL "-v --tlsv1.%d --tls-max 1.%d --cacert a.test.crt " NAMED
		"https://a.test:8443/ https://a.test:8443/";

	for (int version = 2; version <= 3; version++) {
		const char *said = command(both, version, version);
		cr_assert_eq(command_count(said, "Hello\n"), 2, "%s", said);
		cr_assert_eq(command_count(said, "SSL connection using TLSv1."), 1, "once:\n%s", said);
		command_said(said, version == 2 ? "using TLSv1.2" : "using TLSv1.3");
		command_said(said, "ALPN: server accepted http/1.1");
	}
	server_stop(s);
}

/* ---- openssl s_client ---- */

#define S_CLIENT "openssl s_client -connect 127.0.0.1:8443 "

/* It connects once, and then five times with the session of the first. */
Test(clients, openssl_reconnects_over_several_workers)
{
	enum { ROUNDS = 4, AGAIN = 5 };

	make_pair("a.test");
	struct server *s = server_start(SECURE("4") "[handler web]\nplugin = ${T}/who.so\n");
	for (int i = 0; i < ROUNDS; i++) {
		const char *said = command(S_CLIENT "-tls1_2 -reconnect </dev/null");
		cr_assert_eq(command_count(said, "New, TLSv1.2, "), 1, "%s", said);
		cr_assert_eq(command_count(said, "Reused, TLSv1.2, "), AGAIN, "%s", said);
	}
	server_stop(s);
}

/* With TLS 1.3 -reconnect leaves before the ticket comes, which is after the handshake. */
Test(clients, openssl_resumes_what_it_kept_over_several_workers)
{
	enum { VISITS = 24, MOST = 10 * VISITS, SLOTS = 4 };
	unsigned slot, asked = 0;
	bool seen[SLOTS] = { false };

	make_pair("a.test");
	struct server *s = server_start(SECURE("4") "[handler web]\nplugin = ${T}/who.so\n");
	write_file("ask", "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
	command_said(command(S_CLIENT "-tls1_3 -ign_eof -sess_out kept <ask"), "New, TLSv1.3, ");
	/* Which slot is chance: of 250 runs one would leave out one in 24 visits. */
	for (int i = 0; i < VISITS || (asked < SLOTS && i < MOST); i++) {
		const char *said = command(S_CLIENT "-tls1_3 -ign_eof -sess_in kept <ask");
		command_said(said, "Reused, TLSv1.3, ");
		const char *body = strstr(said, "\r\n\r\n");
		cr_assert(body && sscanf(body, " %u", &slot) == 1 && slot < SLOTS, "%s", said);
		asked += !seen[slot];
		seen[slot] = true;
	}
	cr_assert_eq(asked, SLOTS, "only %u slots were asked", asked);
	server_stop(s);
}

/* R asks for it.  The pipe stays open, or s_client would leave before the answer comes. */
Test(clients, openssl_may_not_renegotiate)
{
	struct server *s = start_secure();
	const char *said = command("mkfifo keys\n" S_CLIENT "-tls1_2 <keys &\n"
		"exec 3>keys\necho R >&3\nwait $! && exit 1\nexit 0\n");

	command_said(said, "RENEGOTIATING");
	command_said(said, ":no renegotiation:");
	server_stop(s);
}

/* ---- python ---- */

static const char script[] =
	"import http.client, ssl, urllib.request\n"
	"trust = ssl.create_default_context(cafile='a.test.crt')\n"
	"trust.check_hostname = False\n"
	"c = http.client.HTTPSConnection('127.0.0.1', 8443, context=trust)\n"
	"for i in range(50):\n"
	"    c.request('PUT', '/', b'x' * i)\n"
	"    assert c.getresponse().read().startswith(b'%%d bytes' %% i), i\n"
	"    c.request('POST', '/', (b'y' * 1000 for _ in range(i)))\n"
	"    assert c.getresponse().read().startswith(b'%%d bytes' %% (i * 1000)), i\n"
	"said = urllib.request.urlopen('https://127.0.0.1:8443/', b'four', context=trust).read()\n"
	"assert said.startswith(b'4 bytes'), said\n";

Test(clients, python_sends_bodies_of_either_kind)
{
	make_pair("a.test");
	struct server *s = server_start(SECURE("1") "[handler web]\nplugin = ${E}/upload.so\n");

	write_file("client.py", script);
	command("python3 client.py");
	server_stop(s);
}
