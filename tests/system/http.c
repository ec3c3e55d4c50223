/* SPDX-License-Identifier: MIT */
/* http.c - HTTP/1.1 over the real socket: requests, replies and what lies between two of them. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "server.h"

SYSTEM_SUITE(http);

#define SERVICE                                                              \
	"[portico]\nworkers = 1\n"                                           \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
#define ECHO SERVICE "[handler web /]\nplugin = ${T}/echo_path.so\n%s"

Test(http, answers_pipelined_requests_in_their_order)
{
	struct server *s = server_start(ECHO, "");
	struct response r;
	char text[128], expected[64];
	int fd = client_connect(8080);

	for (int i = 0; i < 10; i++) {
		snprintf(text, sizeof(text), i % 3 == 1
			? "POST /%d HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody"
			: "GET /%d HTTP/1.1\r\nHost: test\r\n\r\n", i);
		client_says(fd, text);
	}
	for (int i = 0; i < 10; i++) {
		cr_assert(client_response(fd, &r));
		snprintf(expected, sizeof(expected), i % 3 == 1 ? "- POST /%d - body\n"
								 : "- GET /%d - \n", i);
		cr_assert_str_eq(r.body, expected);
		cr_assert_not(r.close);
	}
	client_get(fd, "/after", &r);
	close(fd);
	server_stop(s);
}

Test(http, answers_pipelined_requests_that_come_in_one_packet)
{
	enum { MANY = 100 };
	static const char one[] = "GET /x HTTP/1.1\r\nHost: test\r\n\r\n";
	struct server *s = server_start(ECHO, "");
	struct response r;
	char all[MANY * sizeof(one)] = "";
	int fd = client_connect(8080);

	for (int i = 0; i < MANY; i++)
		strcat(all, one);
	client_says(fd, all);
	for (int i = 0; i < MANY; i++)
		cr_assert(client_response(fd, &r));
	close(fd);
	server_stop(s);
}

Test(http, answers_pipelined_deferred_requests_in_their_order)
{
	struct server *s = server_start(SERVICE
		"[handler web /]\nplugin = ${T}/echo_path.so\n"
		"[handler web /later]\nplugin = ${E}/later.so\nwait = %s\n", "100ms");
	struct response r;
	int fd = client_connect(8080);

	client_says(fd, "GET /later HTTP/1.1\r\nHost: test\r\n\r\n"
		"GET /now HTTP/1.1\r\nHost: test\r\n\r\n");
	cr_assert(client_response(fd, &r));
	cr_assert_str_eq(r.body, "Sorry to keep you waiting\n");
	cr_assert(client_response(fd, &r));
	cr_assert_str_eq(r.body, "- GET /now - \n");
	close(fd);
	server_stop(s);
}

Test(http, takes_a_request_byte_by_byte)
{
	static const char text[] = "POST /bytes?a=b HTTP/1.1\r\nHost: test\r\n"
		"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
	struct server *s = server_start(ECHO, "");
	struct response r;
	int fd = client_connect(8080), on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		client_send(fd, text + i, 1);
	cr_assert(client_response(fd, &r));
	cr_assert_str_eq(r.body, "- POST /bytes a=b abcde\n");
	close(fd);
	server_stop(s);
}

Test(http, answers_head_without_a_body)
{
	struct server *s = server_start(ECHO, "");
	struct response r;
	int fd = client_connect(8080);

	client_says(fd, "HEAD /x HTTP/1.1\r\nHost: test\r\n\r\n");
	cr_assert(client_response_to_head(fd, &r));
	cr_assert_eq(r.status, 200);
	cr_assert_str_eq(response_header(&r, "Content-Length"), "13");
	client_get(fd, "/after", &r);
	cr_assert_str_eq(r.body, "- GET /after - \n");
	close(fd);
	server_stop(s);
}

Test(http, routes_by_the_longest_prefix_on_segment_borders)
{
	static const struct {
		const char *path, *label;
	} cases[] = {
		{ "/api", "api" }, { "/api/", "api" }, { "/api/x", "api" }, { "/api/v2", "v2" },
		{ "/api/v2/x/y", "v2" }, { "/api/v22", "api" }, { "/%61pi/x", "api" },
		{ "/x/../api/v2", "v2" }, { "/files/x", "files" }, { "/api//v2", "api" },
	};
	struct server *s = server_start(SERVICE
		"[handler web /api]\nplugin = ${T}/echo_path.so\nlabel = api\n"
		"[handler web /api/v2]\nplugin = ${T}/echo_path.so\nlabel = v2\n"
		"[handler web /files/]\nplugin = ${T}/echo_path.so\nlabel = files\n%s", "");

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *body = http_get(8080, cases[i].path);
		size_t len = strlen(cases[i].label);
		cr_assert(strncmp(body, cases[i].label, len) == 0 && body[len] == ' ',
			"%s went to: %s", cases[i].path, body);
	}
	cr_assert_eq(http_status(8080, "/apix"), 404);
	cr_assert_eq(http_status(8080, "/"), 404);
	cr_assert_eq(http_status(8080, "/filesx"), 404);
	server_stop(s);
}

Test(http, closes_after_http_1_0)
{
	struct server *s = server_start(ECHO, "");
	struct response r;
	int fd = client_connect(8080);

	client_says(fd, "GET / HTTP/1.0\r\n\r\n");
	cr_assert(client_response(fd, &r));
	cr_assert_eq(r.status, 200);
	client_expect_end(fd, false);
	server_stop(s);
}

Test(http, closes_when_the_client_says_so)
{
	struct server *s = server_start(ECHO, "");
	struct response r;
	int fd = client_connect(8080);

	client_says(fd, "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
	cr_assert(client_response(fd, &r));
	cr_assert(r.close);
	client_expect_end(fd, false);
	server_stop(s);
}

Test(http, answers_a_client_that_has_closed_its_side)
{
	struct server *s = server_start(ECHO, "");
	struct response r;
	int fd = client_connect(8080);

	client_says(fd, "GET /1 HTTP/1.1\r\nHost: test\r\n\r\nGET /2 HTTP/1.1\r\nHost: test\r\n\r\n");
	client_ends(fd);
	cr_assert(client_response(fd, &r));
	cr_assert(client_response(fd, &r));
	cr_assert_str_eq(r.body, "- GET /2 - \n");
	client_expect_end(fd, false);
	server_stop(s);
}

/* ---- deferred and streamed replies ---- */

Test(http, outlives_a_client_that_goes_away_before_its_deferred_reply)
{
	struct server *s = server_start(SERVICE
		"[handler web /]\nplugin = ${T}/deferred.so\nfile = %s\n", path_of("go"));
	struct response r;
	int gone = client_connect(8080), reset = client_connect(8080), stays = client_connect(8080);
	struct linger now = { .l_onoff = 1 };

	client_says(gone, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	client_says(reset, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	client_says(stays, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	server_await_count(s, "request in hand", 3);
	close(gone);
	setsockopt(reset, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(reset);
	server_await_count(s, "request done", 1);
	write_file("go", "now");
	cr_assert(client_response(stays, &r));
	cr_assert_str_eq(r.body, "at last\n");
	close(stays);
	server_await_count(s, "request done", 3);
	cr_assert_eq(server_count(s, "died"), 0);
	server_stop(s);
}

Test(http, streams_a_reply_in_chunks)
{
	struct server *s = server_start(SERVICE
		"[handler web /]\nplugin = ${T}/streamer.so\npieces = %d\n", 4);
	struct response r;
	int fd = client_connect(8080);

	client_get(fd, "/", &r);
	cr_assert_str_eq(response_header(&r, "Transfer-Encoding"), "chunked");
	cr_assert_str_eq(response_header(&r, "Content-Type"), "text/plain");
	cr_assert_str_eq(r.body, "piece 1\npiece 2\npiece 3\npiece 4\n");
	client_says(fd, "HEAD / HTTP/1.1\r\nHost: test\r\n\r\n");
	cr_assert(client_response_to_head(fd, &r));
	client_get(fd, "/", &r);
	cr_assert_str_eq(r.body, "piece 1\npiece 2\npiece 3\npiece 4\n");
	close(fd);
	fd = client_connect(8080);
	client_says(fd, "GET / HTTP/1.0\r\n\r\n");
	cr_assert(client_response(fd, &r));
	cr_assert_null(response_header(&r, "Transfer-Encoding"));
	cr_assert_str_eq(r.body, "piece 1\npiece 2\npiece 3\npiece 4\n");
	close(fd);
	server_stop(s);
}

Test(http, ends_a_streamed_reply_when_the_client_goes_away)
{
	struct server *s = server_start(SERVICE
		"[handler web /]\nplugin = ${T}/streamer.so\npieces = %d\ngap = 2ms\n", 1000000);
	char some[64];
	int fd = client_connect(8080);

	client_says(fd, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	client_read(fd, some, sizeof(some));
	close(fd);
	server_await(s, "done after");
	server_stop(s);
}

/* ---- plugins that break their contract ---- */

Test(http, gives_500_and_names_the_handler_that_does_not_reply)
{
	struct server *s = server_start(SERVICE
		"[handler web /]\nplugin = ${E}/hello.so\n"
		"[handler web /mute]\nplugin = ${T}/no_reply.so\n%s", "");

	cr_assert_eq(http_status(8080, "/mute"), 500);
	server_await(s, "handler web /mute (plugin no_reply): http_request() returned without a reply");
	cr_assert_eq(http_status(8080, "/mute/fail"), 500);
	cr_assert_eq(http_status(8080, "/"), 200);
	server_stop(s);
}

Test(http, cuts_and_names_a_reply_that_is_shorter_than_announced)
{
	struct server *s = server_start(SERVICE
		"[handler web /]\nplugin = ${T}/short_reply.so\n%s", "");
	struct response r;

	cr_assert_eq(http_raw(8080, "GET / HTTP/1.1\r\nHost: test\r\n\r\n", &r), 0,
		"the client cannot see that it was cut");
	server_await(s, "handler web / (plugin short_reply): portico_reply_end() before the "
		"announced length was written; connection cut");
	cr_assert_eq(server_count(s, "died"), 0);
	server_stop(s);
}

Test(http, names_a_body_callback_that_uses_more_than_there_was)
{
	struct server *s = server_start(SERVICE
		"[handler web /]\nplugin = ${T}/overread.so\n%s", "");
	struct response r;

	cr_assert_eq(http_raw(8080, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc", &r),
		500);
	server_await(s, "handler web / (plugin overread): http_body() says it used more");
	server_stop(s);
}

Test(http, lets_no_handler_break_the_framing_with_headers)
{
	struct server *s = server_start(SERVICE
		"[handler web /]\nplugin = ${T}/headers.so\n%s", "");
	struct response r;
	int fd = client_connect(8080);

	client_get(fd, "/", &r);
	cr_assert_eq(r.status, 200);
	cr_assert_str_eq(r.body, "end\n", "let through: %s", r.body);
	cr_assert_null(response_header(&r, "X-Injected"));
	cr_assert_str_eq(response_header(&r, "X-Good"), "yes");
	client_get(fd, "/", &r);
	close(fd);
	server_stop(s);
}

/* ---- requests that nobody may believe ---- */

Test(http, refuses_what_two_parsers_could_read_in_two_ways)
{
	static const char *const bad[] = {
		"GET / HTTP/1.1\nHost: test\n\n",
		"GET / HTTP/1.1\r\nHost: test\r\nX: a\nY: b\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
		"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 18446744073709551617\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: test\r\nContent-Length : 4\r\n\r\nabcd",
		"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n4\nabcd\r\n0\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: test\r\nX: a\r\n b\r\n\r\n",
		"GET /%00 HTTP/1.1\r\nHost: test\r\n\r\n",
		"\x16\x03\x01 not http at all\r\n\r\n",
	};
	struct server *s = server_start(ECHO, "");
	struct response r;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		int fd = client_connect(8080);
		client_says(fd, bad[i]);
		cr_assert(client_response(fd, &r), "no answer to %s", bad[i]);
		cr_assert_eq(r.status, 400, "%d for %s", r.status, bad[i]);
		cr_assert(r.close);
		client_expect_end(fd, false);
	}
	cr_assert_eq(http_status(8080, "/"), 200);
	server_stop(s);
}
