/* SPDX-License-Identifier: MIT */
/*
 * smuggling.c - portico behind nginx and behind HAProxy, which keep their
 * connections to it: one request in is never two out.
 *
 * The handler counts what it is shown.  Of every vector, each request that was
 * counted must have been answered to the client that sent it; one more would wait
 * in a connection for the answer of somebody else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cases/smuggling.h"
#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"
#include "who_rig.h"

WHO_SUITE(smuggling);

enum { PORTICO_PORT = 8080, FRONT = 8081 };

static const char NGINX[] = "/usr/sbin/nginx", HAPROXY[] = "/usr/sbin/haproxy";

static struct server *serve(void)
{
	return server_start("[portico]\nworkers = 1\ndrain = 1s\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:%d\n"
		"[handler web]\nplugin = ${T}/tell.so\n", PORTICO_PORT);
}

static void offer(int fd, const struct vector *v)
{
	for (size_t at = 0; at < v->len;) {
		ssize_t n = send(fd, v->bytes + at, v->len - at, MSG_NOSIGNAL);
		if (n <= 0)
			break;           /* refused meanwhile */
		at += (size_t)n;
	}
	(void)shutdown(fd, SHUT_WR);
}

/* How many requests were counted before this one, which must get its own answer. */
static unsigned count_by_probe(const char *vector)
{
	struct response r;
	int fd = client_connect(FRONT);

	client_get(fd, "/probe", &r);
	close(fd);
	cr_assert_eq(r.status, 200, "behind %s: a probe gets %d", vector, r.status);
	const char *saw = response_header(&r, "X-Saw");
	cr_assert(saw && strncmp(saw, "GET /probe", 10) == 0,
		"behind %s: a probe gets the answer of %s", vector, saw ? saw : "nobody");
	return (unsigned)atoi(response_header(&r, "X-Count")) - 1;
}

/* HAProxy writes names in small letters. */
static unsigned count_answers(const char *text)
{
	unsigned count = 0;

	for (; (text = strcasestr(text, "X-Saw: ")); text++)
		count++;
	return count;
}

/* Gives how many requests the handler was shown. */
static unsigned check_vector(const struct vector *v, unsigned before)
{
	static char text[1 << 16];
	int fd = client_connect(FRONT);

	offer(fd, v);
	if (client_read_all(fd, text, sizeof(text)) < 0)
		text[0] = '\0';
	close(fd);
	unsigned seen = count_by_probe(v->name) - before;
	cr_expect_eq(seen, count_answers(text), "%s: %u requests out, and %u answers:\n%s",
		v->name, seen, count_answers(text), text);
	return seen;
}

static void check_all(void)
{
	unsigned before = count_by_probe("nothing") + 1, passed = 0;

	for (size_t i = 0; i < VECTORS; i++) {
		unsigned seen = check_vector(&vectors[i], before);

		before += seen + 1;
		passed += seen > 0;
	}
	fprintf(stderr, "smuggling: the front passed %u of %d vectors on\n", passed, VECTORS);
	cr_assert_gt(passed, 3, "nothing is tried by a front that passes nothing on");
}

static void run_nginx(const char *buffering)
{
	const char *dir = harness_dir();

	if (!who_has(NGINX))
		SKIP_TEST("%s is not installed", NGINX);
	write_file("nginx.conf",
		"daemon off;\nuser root;\nworker_processes 1;\npid %s/nginx.pid;\nerror_log %s/error.log;\n"
		"events { }\n"
		"http {\n\taccess_log off;\n\tclient_body_temp_path %s/body;\n"
		"\tproxy_temp_path %s/proxy;\n\tfastcgi_temp_path %s/fastcgi;\n"
		"\tuwsgi_temp_path %s/uwsgi;\n\tscgi_temp_path %s/scgi;\n"
		"\tupstream portico { server 127.0.0.1:%d; keepalive 8; }\n"
		"\tserver {\n\t\tlisten 127.0.0.1:%d;\n\t\tignore_invalid_headers off;\n"
		"\t\tlocation / {\n\t\t\tproxy_pass http://portico;\n\t\t\tproxy_http_version 1.1;\n"
		"\t\t\tproxy_set_header Connection \"\";\n\t\t\tproxy_ignore_client_abort on;\n"
		"\t\t\tproxy_request_buffering %s;\n\t\t}\n\t}\n}\n",
		dir, dir, dir, dir, dir, dir, dir, PORTICO_PORT, FRONT, buffering);
	who_run(0, NGINX, "-c", path_of("nginx.conf"), NULL);
	sockets_await("tcp", FRONT, 1);
}

static void run_haproxy(const char *options)
{
	if (!who_has(HAPROXY))
		SKIP_TEST("%s is not installed", HAPROXY);
	write_file("haproxy.cfg",
		"defaults\n\tmode http\n\ttimeout client 5s\n\ttimeout server 5s\n\ttimeout connect 5s\n"
		"\thttp-reuse always\n%s"
		"frontend f\n\tbind 127.0.0.1:%d\n\tdefault_backend b\n"
		"backend b\n\tserver s 127.0.0.1:%d\n", options, FRONT, PORTICO_PORT);
	who_run(0, HAPROXY, "-db", "-f", path_of("haproxy.cfg"), NULL);
	sockets_await("tcp", FRONT, 1);
}

Test(smuggling, behind_nginx)
{
	run_nginx("on");
	struct server *s = serve();

	check_all();
	server_stop(s);
}

Test(smuggling, behind_nginx_that_passes_bodies_on_as_they_come)
{
	run_nginx("off");
	struct server *s = serve();

	check_all();
	server_stop(s);
}

Test(smuggling, behind_haproxy)
{
	run_haproxy("");
	struct server *s = serve();

	check_all();
	server_stop(s);
}

/* The most that HAProxy can be told to let through. */
Test(smuggling, behind_haproxy_that_lets_invalid_requests_through)
{
	run_haproxy("\toption accept-invalid-http-request\n");
	struct server *s = serve();

	check_all();
	server_stop(s);
}

/* No front: whoever passes a vector on as it is, byte by byte. */
Test(smuggling, straight_to_portico_nothing_hidden_is_found)
{
	static char text[1 << 16];
	struct server *s = serve();

	for (size_t i = 0; i < VECTORS; i++) {
		int fd = client_connect(PORTICO_PORT);

		offer(fd, &vectors[i]);
		cr_expect_geq(client_read_all(fd, text, sizeof(text)), 0, "%s", vectors[i].name);
		close(fd);
		cr_expect_null(strstr(text, "X-Saw: GET /hidden"), "%s: %s", vectors[i].name, text);
		cr_expect_leq(count_answers(text), 1, "%s: %s", vectors[i].name, text);
	}
	server_stop(s);
}
