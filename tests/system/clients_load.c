/* SPDX-License-Identifier: MIT */
/* clients_load.c - programs that measure: wrk, h2load, ab; not one of their requests fails. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "files_rig.h"
#include "harness.h"
#include "server.h"
#include "tls_client.h"

SYSTEM_SUITE(clients_load);

#define WEB "http://127.0.0.1:8080/"
#define SECURE "https://127.0.0.1:8443/"

enum { BIG_FILE = 300000 };

/* In clear and over TLS; big has BIG_FILE bytes, and /stream comes in chunks. */
static struct server *start(void)
{
	make_pair("a.test");
	files_make();
	files_fill("www/big", BIG_FILE);
	return server_start("[portico]\nworkers = 2\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${E}/files.so\nroot = %s\n"
		"[handler web /hello]\nplugin = ${E}/hello.so\n"
		"[handler web /stream]\nplugin = ${T}/streamer.so\ngap = 1ms\n"
		"[handler web /upload]\nplugin = ${E}/upload.so\n"
		"[service secure]\nprotocol = http\nlisten = 127.0.0.1:8443\n"
		"tls_certificate = a.test.crt\ntls_key = a.test.key\n"
		"[handler secure]\nplugin = ${E}/hello.so\n", path_of("www"));
}

static unsigned of(unsigned count)
{
	return has_sanitizers() ? count / 10 : count;
}

/* ---- wrk ---- */

static void wrk(const char *url)
{
	const char *said = command("wrk -t 1 -c 32 -d 1s %s", url);
	const char *in = strstr(said, " requests in ");

	cr_assert(in && !strstr(said, "Socket errors") && !strstr(said, "Non-2xx"), "%s", said);
	while (in > said && in[-1] != ' ')
		in--;
	cr_assert_gt(strtoul(in, NULL, 10), 32, "%s", said);
}

Test(clients_load, wrk_has_no_error)
{
	struct server *s = start();

	wrk(WEB "hello");
	wrk(WEB "big");
	wrk(SECURE);
	server_stop(s);
}

/* ---- h2load ---- */

static void h2load(unsigned count, const char *options)
{
	char all[128];
	const char *said = command("h2load --h1 -t 1 -c 20 -n %u %s", count, options);

	snprintf(all, sizeof(all), "%u done, %u succeeded, 0 failed, 0 errored, 0 timeout", count, count);
	command_said(said, all);
}

Test(clients_load, h2load_succeeds_with_all)
{
	struct server *s = start();

	h2load(of(20000), WEB "hello");
	h2load(of(20000), "-m 16 " WEB "hello");
	h2load(of(1000), WEB "big");
	h2load(of(10000), SECURE);
	server_stop(s);
}

/* ---- ab ---- */

static const char *ab(unsigned count, const char *options)
{
	char all[64];
	const char *said = command("ab -q -c 20 -n %u %s", count, options);

	snprintf(all, sizeof(all), "Complete requests:      %u\n", count);
	command_said(said, all);
	command_said(said, "Failed requests:        0\n");
	cr_assert(!strstr(said, "Non-2xx") && !strstr(said, "Write errors"), "%s", said);
	return said;
}

/* HTTP/1.0, and the connection stays if it is asked for. */
static void ab_keeps(unsigned count, const char *options)
{
	char kept[64], with[256];

	snprintf(with, sizeof(with), "-k %s", options);
	snprintf(kept, sizeof(kept), "Keep-Alive requests:    %u\n", count);
	command_said(ab(count, with), kept);
}

Test(clients_load, ab_has_no_failed_request)
{
	struct server *s = start();

	ab(of(3000), WEB "hello");
	ab(of(500), SECURE);
	ab(of(500), WEB "big");
	server_stop(s);
}

Test(clients_load, ab_keeps_its_connections)
{
	struct server *s = start();

	ab_keeps(of(10000), WEB "hello");
	ab_keeps(of(5000), SECURE);
	ab_keeps(of(1000), WEB "big");
	server_stop(s);
}

Test(clients_load, ab_sends_bodies)
{
	struct server *s = start();

	write_file("body", "%s", "a body");
	ab_keeps(of(5000), "-p body -T text/plain " WEB "upload");
	server_stop(s);
}

/* Without a length, which HTTP/1.0 has no chunks for: the end of the connection ends it. */
Test(clients_load, ab_reads_to_the_end)
{
	struct server *s = start();
	const char *said = ab(of(200), "-k " WEB "stream");

	command_said(said, "Keep-Alive requests:    0\n");
	command_said(said, "Document Length:        40 bytes\n");
	server_stop(s);
}
