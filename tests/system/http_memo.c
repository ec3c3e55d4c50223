/* SPDX-License-Identifier: MIT */
/* http_memo.c - clients that say the same head over and over, and other ones in between. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access_rig.h"
#include "client.h"
#include "harness.h"
#include "server.h"

SYSTEM_SUITE(http_memo);

#define SERVICE                                                              \
	"[portico]\nworkers = 1\n" WEB "access_log = access.log\nmax_body = 100\n" \
	"[handler web /echo]\nplugin = ${T}/echo_path.so\n"                  \
	"[handler web /methods]\nplugin = ${T}/methods.so\n"
#define HOST " HTTP/1.1\r\nHost: test\r\nUser-Agent: same\r\n"

/* What is said, and what is answered. */
struct exchange {
	const char *head, *body;
	int         status;
	const char *answer;      /* NULL: any */
	bool        no_body;     /* the answer to HEAD has none */
};

static const struct exchange exchanges[] = {
	{ "GET /echo/a?q" HOST "\r\n", "", 200, "- GET /echo/a q \n", false },
	{ "HEAD /echo/a?q" HOST "\r\n", "", 200, NULL, true },
	{ "GET /echo/../echo/%61" HOST "\r\n", "", 200, "- GET /echo/a - \n", false },
	{ "POST /echo/a" HOST "Content-Length: 3\r\n\r\n", "abc", 200, "- POST /echo/a - abc\n", false },
	{ "POST /echo/a" HOST "Content-Length: 3\r\n\r\n", "xyz", 200, "- POST /echo/a - xyz\n", false },
	{ "PUT /echo" HOST "Transfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n0\r\n\r\n", 200,
		"- PUT /echo - a\n", false },
	{ "PUT /echo" HOST "Transfer-Encoding: chunked\r\n\r\n", "2\r\nbc\r\n0\r\n\r\n", 200,
		"- PUT /echo - bc\n", false },
	{ "GET /none" HOST "\r\n", "", 404, NULL, false },
	{ "GET /methods" HOST "\r\n", "", 200, "GET", false },
	{ "POST /methods" HOST "Content-Length: 0\r\n\r\n", "", 405, NULL, false },
	{ "OPTIONS /methods" HOST "\r\n", "", 204, NULL, false },
	{ "OPTIONS *" HOST "\r\n", "", 204, NULL, false },
	{ "GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "", 200, "- GET /echo - \n", false },
};
enum { EXCHANGES = sizeof(exchanges) / sizeof(*exchanges) };

static void say(int fd, const struct exchange *e)
{
	char text[512];

	snprintf(text, sizeof(text), "%s%s", e->head, e->body);
	client_says(fd, text);
}

static void hear(int fd, const struct exchange *e)
{
	struct response r;

	cr_assert(e->no_body ? client_response_to_head(fd, &r) : client_response(fd, &r),
		"no answer to %s", e->head);
	cr_assert_eq(r.status, e->status, "%d to %s", r.status, e->head);
	if (e->answer)
		cr_assert_str_eq(r.body, e->answer, "'%s' to %s", r.body, e->head);
	cr_assert_not(r.close, "%s", e->head);
}

Test(http_memo, a_client_that_repeats_itself_and_then_says_something_else)
{
	struct server *s = server_start("%s", SERVICE);
	int fd = client_connect(8080);

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < EXCHANGES; i++)
			for (int times = 0; times < 3; times++) {
				say(fd, &exchanges[i]);
				hear(fd, &exchanges[i]);
			}
	close(fd);
	server_stop(s);
}

Test(http_memo, pipelined_heads_of_many_clients_in_any_order)
{
	enum { CLIENTS = 8, EACH = 200, DEEP = 20 };
	struct server *s = server_start("%s", SERVICE);
	int fds[CLIENTS];
	unsigned first[CLIENTS];

	for (int i = 0; i < CLIENTS; i++)
		fds[i] = client_connect(8080);
	srand(1);
	for (int n = 0; n < EACH / DEEP; n++) {
		for (int i = 0; i < CLIENTS; i++) {
			first[i] = (unsigned)rand();
			for (unsigned j = 0; j < DEEP; j++)
				say(fds[i], &exchanges[(first[i] + j / 4) % EXCHANGES]);
		}
		for (int i = 0; i < CLIENTS; i++)
			for (unsigned j = 0; j < DEEP; j++)
				hear(fds[i], &exchanges[(first[i] + j / 4) % EXCHANGES]);
	}
	for (int i = 0; i < CLIENTS; i++)
		close(fds[i]);
	server_stop(s);
}

Test(http_memo, a_body_is_asked_for_and_refused_each_time)
{
	static const char ask[] = "POST /echo" HOST "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n";
	static const char large[] = "POST /echo" HOST "Content-Length: 101\r\n\r\n";
	struct server *s = server_start("%s", SERVICE);
	struct response r;
	char line[25];
	int fd = client_connect(8080);

	for (int i = 0; i < 4; i++) {
		client_says(fd, ask);
		client_read(fd, line, sizeof(line));
		cr_assert_eq(memcmp(line, "HTTP/1.1 100 Continue\r\n\r\n", sizeof(line)), 0);
		client_says(fd, "abc");
		cr_assert(client_response(fd, &r));
		cr_assert_str_eq(r.body, "- POST /echo - abc\n");
	}
	close(fd);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(http_raw(8080, large, &r), 413);
	server_stop(s);
}

Test(http_memo, each_has_its_line_in_the_access_log)
{
	enum { TIMES = 5 };
	static const char line[] = "\"GET /echo/%41?q HTTP/1.1\" 200 17 \"there\" \"same\"\n";
	struct server *s = server_start("%s", SERVICE);
	struct response r;
	int fd = client_connect(8080);

	for (int i = 0; i < TIMES; i++) {
		client_says(fd, "GET /echo/%41?q" HOST "Referer: there\r\n\r\n");
		cr_assert(client_response(fd, &r));
	}
	close(fd);
	server_stop(s);
	char *text = access_text("access.log");
	size_t lines = 0;
	for (const char *at = text; (at = strstr(at, line)); at += strlen(line))
		lines++;
	cr_assert_eq(lines, TIMES, "%s", text);
	free(text);
}
