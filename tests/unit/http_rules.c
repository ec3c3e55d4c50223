/* SPDX-License-Identifier: MIT */
/*
 * http_rules.c - what RFC 9110 and 9112 say about the frame of a reply, a test each, and
 * the methods that a plugin names.
 */
#include "http_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

HTTP_SUITE(http_rules);

#define HEAD(path) "HEAD " path " HTTP/1.1\r\nHost: x\r\n\r\n"

static int status;

static int whole(struct portico_request *r)
{
	return portico_reply(r, status, NULL, "abc", 3);
}

static int chunked(struct portico_request *r)
{
	cr_assert_eq(portico_reply_begin(r, status, PORTICO_CHUNKED), 0);
	cr_assert_eq(portico_reply_write(r, "abc", 3), 3);
	return portico_reply_end(r);
}

/* Both ways of a reply; the connection goes on behind each. */
static void replies(int with, const char *request, const char *when_whole, const char *when_chunked)
{
	status = with;
	http.on_request = whole;
	says(request);
	hears(when_whole);
	http.on_request = chunked;
	says(request);
	hears(when_chunked);
	http.on_request = NULL;
	says(GET("/a"));
	hears(OK_A);
}

/* RFC 9110, 9.3.2: as GET, without content. */
Test(http_rules, the_reply_to_head_is_the_head_alone)
{
	replies(200, HEAD("/x"), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

/* RFC 9110, 8.6 and 9112, 6.1: neither Content-Length nor Transfer-Encoding. */
Test(http_rules, a_204_has_no_frame_and_no_body)
{
	replies(204, GET("/x"), "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n");
}

/* RFC 9110, 15.3.6: no content, and it says so. */
Test(http_rules, a_205_says_that_there_is_nothing)
{
	replies(205, GET("/x"), "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n");
}

/* RFC 9110, 8.6 and 15.4.5: Content-Length is what a 200 would have had, or is not there. */
Test(http_rules, a_304_has_no_body)
{
	replies(304, GET("/x"), "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\n\r\n");
}

static int interim(struct portico_request *r)
{
	cr_assert_eq(portico_reply(r, 103, NULL, NULL, 0), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(portico_reply_begin(r, 101, 0), -1);
	cr_assert_eq(errno, EINVAL);
	return portico_reply(r, 200, NULL, NULL, 0);
}

/* RFC 9110, 15.2: interim; portico says 100 by itself and no other. */
Test(http_rules, a_1xx_is_no_reply)
{
	http.on_request = interim;
	says(GET("/a"));
	hears("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

/* RFC 9110, 15.2: "a server MUST NOT send a 1xx response to an HTTP/1.0 client". */
Test(http_rules, http_1_0_is_not_told_to_continue)
{
	says("POST /a HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
	client_hears_nothing(&http.client);
	says("x");
	hears(TEXT("200 OK", "2", "Connection: close\r\n", "/a"));
}

/* RFC 9112, 6.1: no Transfer-Encoding to HTTP/1.0; 9.3: its connection goes on if both want. */
Test(http_rules, http_1_0_hears_no_chunks)
{
	status = 200;
	http.on_request = chunked;
	says("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	hears("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc");
	client_sees_the_end(&http.client);
	connect_again();
	http.on_request = whole;
	says("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	hears("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc");
	says("GET /a HTTP/1.0\r\n\r\n");
	hears("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
	client_sees_the_end(&http.client);
}

/* ---- Server ---- */

static int names_itself(struct portico_request *r)
{
	cr_assert_eq(portico_reply_header(r, "server", "mine"), -1);
	cr_assert_eq(errno, EINVAL);
	return portico_reply(r, 200, NULL, NULL, 0);
}

Test(http_rules, every_reply_names_the_server)
{
	http.site.ready.server = "portico/test";
	http.on_request = names_itself;
	says(GET("/a"));
	hears("HTTP/1.1 200 OK\r\nServer: portico/test\r\nContent-Length: 0\r\n\r\n");
	says("GET /a HTTP/2.0\r\n");
	client_reads(&http.client);
	cr_assert_not_null(strstr(http.client.got, "\r\nServer: portico/test\r\n"));
	client_forgets(&http.client);
}

Test(http_rules, the_longest_name_of_a_server_has_room)
{
	static char name[HTTP_SERVER_MOST + 1];

	memset(name, 's', HTTP_SERVER_MOST);
	http.site.ready.server = name;
	for (int i = 0; i < 100; i++)
		client_says(&http.client, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	rig_turns(5);
	client_reads(&http.client);
	cr_assert_not_null(strstr(http.client.got, name));
	client_forgets(&http.client);
}

/* ---- one after another, with what is kept of the one before ---- */

static int as_the_path_says(struct portico_request *r)
{
	const char *path = portico_request_path(r);
	int said = atoi(path + 2);

	if (path[1] == 'b')      /* begun without a length */
		return portico_reply_begin(r, said, PORTICO_CHUNKED) < 0 ? -1 : portico_reply_end(r);
	if (path[1] == 'h')
		portico_reply_header(r, "X-A", "b");
	return portico_reply(r, said, "a/b", "body", path[1] == 'e' ? 0 : 4);
}

#define HEAD_OF(status, more) "HTTP/1.1 " status "\r\nContent-Type: a/b\r\n" more "\r\n"

Test(http_rules, each_reply_has_its_own_framing)
{
	static const struct { const char *request, *reply; } turns[] = {
		{ GET("/r200"), HEAD_OF("200 OK", "Content-Length: 4\r\n") "body" },
		{ HEAD("/r200"), HEAD_OF("200 OK", "Content-Length: 4\r\n") },
		{ GET("/e200"), HEAD_OF("200 OK", "Content-Length: 0\r\n") },
		{ GET("/h200"), HEAD_OF("200 OK", "Content-Length: 4\r\nX-A: b\r\n") "body" },
		{ GET("/r204"), HEAD_OF("204 No Content", "") },
		{ GET("/r205"), HEAD_OF("205 Reset Content", "Content-Length: 0\r\n") },
		{ GET("/r304"), HEAD_OF("304 Not Modified", "Content-Length: 4\r\n") },
		{ GET("/e304"), HEAD_OF("304 Not Modified", "") },
		{ GET("/b200"), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
		{ HEAD("/b200"), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" },
		{ GET("/b204"), "HTTP/1.1 204 No Content\r\n\r\n" },
		{ GET("/b205"), "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n" },
		{ GET("/b304"), "HTTP/1.1 304 Not Modified\r\n\r\n" },
		{ "GET /r200 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
			HEAD_OF("200 OK", "Content-Length: 4\r\nConnection: keep-alive\r\n") "body" },
		{ GET("/r200"), HEAD_OF("200 OK", "Content-Length: 4\r\n") "body" },
	};

	http.on_request = as_the_path_says;
	for (unsigned round = 0; round < 3; round++)
		for (size_t i = 0; i < sizeof(turns) / sizeof(*turns); i++) {
			says(turns[i].request);
			hears(turns[i].reply);
		}
	http_site_drain(&http.site, 0.);
	says(GET("/r200"));
	hears(HEAD_OF("200 OK", "Content-Length: 4\r\nConnection: close\r\n") "body");
}

static char long_type[2 * HTTP_TYPE_MOST];

static int of_long_type(struct portico_request *r)
{
	return portico_reply(r, 200, long_type, "x", 1);
}

Test(http_rules, a_type_too_long_to_be_kept_is_told)
{
	char reply[512];

	http.on_request = of_long_type;
	for (size_t len = HTTP_TYPE_MOST - 1; len < sizeof(long_type); len++) {
		memset(long_type, 't', len);
		snprintf(reply, sizeof(reply), "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n"
			"Content-Length: 1\r\n\r\nx", long_type);
		says(GET("/a"));
		hears(reply);
	}
}

/* ---- methods ---- */

#define ALLOW "Allow: GET, HEAD, PUT, OPTIONS\r\n"

Test(http_rules, a_method_that_a_plugin_does_not_name_is_answered_405)
{
	rig.handler.plugin.methods = "GET PUT";
	says("DELETE /a HTTP/1.1\r\nHost: x\r\n\r\n");
	hears(TEXT("405 Method Not Allowed", "34", ALLOW, "405 Method Not Allowed: see Allow\n"));
	says(HEAD("/a") GET("/a"));
	hears(TEXT("200 OK", "2", "", "") OK_A);
	says("PUT /b HTTP/1.1\r\nHost: x\r\n\r\n");
	hears(OK_B);
	rig_told("request/a done/a request/a done/a request/b done/b");
}

Test(http_rules, options_tells_the_methods_that_a_plugin_names)
{
	rig.handler.plugin.methods = "GET PUT";
	says("OPTIONS /a HTTP/1.1\r\nHost: x\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
	hears("HTTP/1.1 204 No Content\r\n" ALLOW "\r\nHTTP/1.1 204 No Content\r\n" ALLOW "\r\n");
	rig.handler.plugin.methods = "OPTIONS";
	says("OPTIONS /a HTTP/1.1\r\nHost: x\r\n\r\n");
	hears(OK_A);
	rig.handler.plugin.methods = NULL;
	says("OPTIONS /b HTTP/1.1\r\nHost: x\r\n\r\n");
	hears(OK_B);
	rig_told("request/a done/a request/b done/b");
}

/* What is left of the body cannot be told from a next request. */
Test(http_rules, a_405_before_the_body_ends_the_connection)
{
	rig.handler.plugin.methods = "GET";
	says(POST("/a", "5") "abcde" GET("/b"));
	hears(TEXT("405 Method Not Allowed", "34", "Connection: close\r\nAllow: GET, HEAD, OPTIONS\r\n",
		"405 Method Not Allowed: see Allow\n"));
	client_sees_the_end(&http.client);
}

/* ---- hosts ---- */

static int tells_where(struct portico_request *r)
{
	return portico_reply_text(r, 200, portico_service_name(portico_request_service(r)));
}

Test(http_rules, the_host_of_a_request_chooses_its_handler)
{
	struct portico_service other = rig.handler;
	struct http_route routes[] = {
		{ .prefix = "/", .handler = &rig.handler },
		{ .prefix = "/", .handler = &other, .host = "b.example" },
	};

	rig.handler.service = "any";
	other.service = "one";
	http_route_sort(routes, 2);
	http.site.routes = routes;
	http.site.route_count = 2;
	http.on_request = tells_where;
	says("GET / HTTP/1.1\r\nHost: B.Example:80\r\n\r\nGET / HTTP/1.1\r\nHost: c.example\r\n\r\n"
		"GET http://b.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n");
	hears(TEXT("200 OK", "3", "", "one") TEXT("200 OK", "3", "", "any") TEXT("200 OK", "3", "", "one"));
	says("GET / HTTP/1.0\r\n\r\n");
	hears(TEXT("200 OK", "3", "Connection: close\r\n", "any"));
}
