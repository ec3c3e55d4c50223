/* SPDX-License-Identifier: MIT */
/* http_access.c - proto/http_access.c: which requests have a line, when, and what it says. */
#include "http_rig.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "portico.h"
#include "sys/scribe.h"

static uint64_t lost;
static int file = -1;
static char text[1 << 16];

static void begin(bool json)
{
	file = memfd_create("access", MFD_CLOEXEC);
	cr_assert_geq(file, 0);
	http.site.access = (struct http_access){
		.scribe = scribe_create(dup(file), "test", &lost),
		.json = json,
		.service = "web",
		.worker = 2,
	};
	cr_assert_not_null(http.site.access.scribe);
}

static void set_up(void)
{
	http_set_up();
	begin(false);
	http.telling = false;
}

static void end(void)
{
	if (!http.site.access.scribe)
		return;
	scribe_end(http.site.access.scribe, clock_ns() + 20 * CLOCK_SECOND);
	scribe_destroy(http.site.access.scribe);
	http.site.access.scribe = NULL;
	ssize_t n = pread(file, text, sizeof(text) - 1, 0);
	cr_assert_geq(n, 0);
	text[n] = '\0';
	close(file);
}

static void tear_down(void)
{
	end();
	http_tear_down();
	cr_assert_eq(lost, 0);
}

TestSuite(http_access, .init = set_up, .fini = tear_down, .timeout = 60);

/* What was logged, each line from behind its time on. */
static void logged(const char *wanted)
{
	char got[sizeof(text)] = "";

	end();
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		const char *rest = strstr(line, "] ");
		cr_assert_not_null(rest, "%s", line);
		strcat(strcat(got, rest + 2), "\n");
	}
	cr_assert_str_eq(got, wanted);
	begin(false);
}

static void forget(void)
{
	rig_turns(5);
	client_reads(&http.client);
	client_forgets(&http.client);
}

/* ---- when ---- */

Test(http_access, every_request_has_its_line)
{
	says(GET("/a") GET("/b?q") "HEAD /c HTTP/1.0\r\nUser-Agent: me\r\nreferer: there\r\n\r\n");
	forget();
	logged("\"GET /a HTTP/1.1\" 200 2 \"-\" \"-\"\n"
		"\"GET /b?q HTTP/1.1\" 200 2 \"-\" \"-\"\n"
		"\"HEAD /c HTTP/1.0\" 200 0 \"there\" \"me\"\n");
}

Test(http_access, a_line_comes_when_the_reply_is_whole)
{
	http.on_request = later;
	says(GET("/a"));
	logged("");
	cr_assert_eq(portico_reply_begin(http.held, 201, PORTICO_CHUNKED), 0);
	cr_assert_eq(portico_reply_write(http.held, "hello", 5), 5);
	rig_turns(3);
	logged("");
	cr_assert_eq(portico_reply_write(http.held, ", you", 5), 5);
	cr_assert_eq(portico_reply_end(http.held), 0);
	forget();
	logged("\"GET /a HTTP/1.1\" 201 10 \"-\" \"-\"\n");
}

Test(http_access, who_leaves_before_the_reply_has_a_line_without_a_status)
{
	http.on_request = later;
	says(GET("/a"));
	client_dies(&http.client);
	rig_turns(3);
	portico_conn_abort(portico_request_conn(http.held));
	rig_turns(3);
	logged("\"GET /a HTTP/1.1\" - 0 \"-\" \"-\"\n");
}

Test(http_access, a_reply_that_is_cut_counts_what_was_sent)
{
	http.on_request = later;
	says(GET("/a"));
	cr_assert_eq(portico_reply_begin(http.held, 200, 100), 0);
	cr_assert_eq(portico_reply_write(http.held, "hello", 5), 5);
	portico_conn_abort(portico_request_conn(http.held));
	rig_turns(3);
	logged("\"GET /a HTTP/1.1\" 200 5 \"-\" \"-\"\n");
}

Test(http_access, json_says_whether_a_reply_is_whole)
{
	end();
	begin(true);
	says(GET("/a"));
	http.on_request = later;
	says(GET("/b"));
	portico_conn_abort(portico_request_conn(http.held));
	rig_turns(3);
	end();
	cr_assert_not_null(strstr(text, "\"target\":\"/a\""), "%s", text);
	cr_assert_not_null(strstr(text, "\"status\":200,\"bytes\":2,"), "%s", text);
	cr_assert_not_null(strstr(text, "\"whole\":true"), "%s", text);
	cr_assert_not_null(strstr(text, "\"status\":null,\"bytes\":0,"), "%s", text);
	cr_assert_not_null(strstr(text, "\"whole\":false"), "%s", text);
	cr_assert_not_null(strstr(text, "\"worker\":2}"), "%s", text);
	begin(false);
}

Test(http_access, a_head_that_never_was_whole_is_no_request)
{
	says("GET /a HTTP/1.1\r\nHost:");
	client_dies(&http.client);
	rig_turns(5);
	logged("");
}

/* ---- refusals ---- */

Test(http_access, refused_requests_show_what_was_readable)
{
	static const struct { const char *says, *line; } cases[] = {
		{ "GET /a HTTP/1.1\r\n\r\n", "\"GET /a HTTP/1.1\" 400" },
		{ "GET /a HTTP/1.1\r\nHost : x\r\n\r\n", "\"GET /a HTTP/1.1\" 400" },
		{ "\r\nGET  /a\x1b HTTP/1.1\r\n", "\"GET  /a\\x1b HTTP/1.1\" 400" },
		{ "GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", "\"GET /%00 HTTP/1.1\" 400" },
		{ "GET /a HTTP/2.0\r\nHost: x\r\n\r\n", "\"GET /a HTTP/2.0\" 505" },
		{ "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n", "\"CONNECT x:1 HTTP/1.1\" 501" },
		{ "\x16\x03\x01\x02", "\"\\x16\\x03\\x01\\x02\" 400" },
		{ "\n", "\"-\" 400" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		says(cases[i].says);
		end();
		cr_assert_not_null(strstr(text, cases[i].line), "%zu: %s", i, text);
		cr_assert_eq(strchr(text, '\n'), text + strlen(text) - 1, "one line: %s", text);
		begin(false);
		connect_again();
	}
}

Test(http_access, a_target_that_is_too_long_is_shown_as_far_as_it_goes)
{
	static char request[20000] = "GET /";

	memset(request + 5, 'a', sizeof(request) - 6);
	client_says(&http.client, request);
	rig_turns(5);
	end();
	cr_assert_not_null(strstr(text, "aaa...\" 414 "), "%s", text);
	begin(false);
}

Test(http_access, who_is_too_slow_is_shown_as_far_as_it_came)
{
	http.site.heads.span = 0.1;
	says("GET /slow HTTP/1.1\r\nHo");
	rig_pass(0.5);
	forget();
	logged("\"GET /slow HTTP/1.1\" 408 54 \"-\" \"-\"\n");
}

/* ---- the file that was refused is not the next one's ---- */

Test(http_access, a_request_has_nothing_of_the_one_before)
{
	says("GET /a HTTP/1.1\r\nHost: x\r\nUser-Agent: one\r\nReferer: two\r\n\r\n");
	says("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
	says("GET  /bad\r\n");
	connect_again();
	says(GET("/c"));
	forget();
	end();
	cr_assert_not_null(strstr(text, "\"GET /a HTTP/1.1\" 200 2 \"two\" \"one\"\n"), "%s", text);
	cr_assert_not_null(strstr(text, "\"POST /b HTTP/1.1\" 200 2 \"-\" \"-\"\n"), "%s", text);
	cr_assert_not_null(strstr(text, "\"GET  /bad\" 400 "), "%s", text);
	cr_assert_not_null(strstr(text, "\"GET /c HTTP/1.1\" 200 2 \"-\" \"-\"\n"), "%s", text);
	begin(false);
}
