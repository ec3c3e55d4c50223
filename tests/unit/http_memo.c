/* SPDX-License-Identifier: MIT */
/*
 * http_memo.c - a head that comes again: the same answers as without a memo, how many of them there
 * are, and when they go.
 */
#include "proto/http_memo.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cases/http_cases.h"
#include "cases/saw.h"
#include "portico.h"
#include "ws_rig.h"

HTTP_SUITE(http_memo);
WS_SUITE(ws_memo);

#define REQUEST(fields) "GET /a HTTP/1.1\r\nHost: x\r\n" fields "\r\n"

static size_t memos(void)
{
	return http.site.memos.count;
}

static void says_times(const char *text, int times)
{
	while (times-- > 0)
		says(text);
	client_reads(&http.client);
	client_forgets(&http.client);
}

/* ---- the same as without ---- */

static void see(struct saw *saw, const char *before, const char *part)
{
	if (part)
		saw_part(saw, before, part, strlen(part), "");
}

static int reply_what_it_sees(struct portico_request *r)
{
	static const char *const names[] = { "Host", "Content-Length", "X", "a", "Connection" };
	struct saw saw = { .len = 0 };
	size_t len;
	const char *body = portico_request_body(r, &len);

	see(&saw, "", portico_request_method(r));
	see(&saw, " ", portico_request_target(r));
	see(&saw, " ", portico_request_path(r));
	see(&saw, " ?", portico_request_query(r));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		see(&saw, " =", portico_request_header(r, names[i]));
	saw_part(&saw, " [", body, len, "]");
	return portico_reply_text(r, 200, saw.text);
}

static unsigned remembered;              /* clients of heard() that had a memo */

/* All that a client hears that says this, in two pieces, times times, and then ends. */
static char *heard(const char *data, size_t len, size_t cut, int times)
{
	client_fini(&http.client);
	rig_turns(2);
	connect_client(&http.client);
	for (int i = 0; i < times; i++) {
		/* It may be refused and closed before all is sent. */
		(void)send(http.client.fd, data, cut, MSG_NOSIGNAL);
		rig_turns(2);
		(void)send(http.client.fd, data + cut, len - cut, MSG_NOSIGNAL);
		rig_turns(2);
	}
	remembered += memos() == 1;
	(void)shutdown(http.client.fd, SHUT_WR);
	rig_turns(2);
	client_reads(&http.client);
	return strdup(http.client.got ? http.client.got : "");
}

/* With the dates, which may differ, overwritten. */
static char *undated(char *text)
{
	for (char *at = text; (at = strstr(at, "\r\nDate: ")); at++)
		memset(at + 8, '-', strcspn(at + 8, "\r"));
	return text;
}

static char *heard_without_memos(const char *data, size_t len, size_t cut, int times)
{
	size_t count = memos();
	http.site.memos.count = HTTP_MEMO_MOST;
	char *text = heard(data, len, cut, times);
	cr_assert_eq(memos(), HTTP_MEMO_MOST);
	http.site.memos.count = count;
	return undated(text);
}

static void compare(const char *name, const char *data, size_t len, size_t cut)
{
	char *with = undated(heard(data, len, cut, 4));
	char *without = heard_without_memos(data, len, cut, 4);

	cr_assert_str_eq(with, without, "%s, cut at %zu, gives\n%s\nwith memos, and\n%s", name, cut,
		with, without);
	free(with);
	free(without);
}

static void bound_as_the_cases(void)
{
	http.site.bounds.head = (struct http_limits){ CASE_MAX_TARGET, CASE_MAX_HEAD, CASE_MAX_FIELDS };
	http.site.bounds.max_body = CASE_MAX_BODY;
	http.on_request = reply_what_it_sees;
	http.telling = false;
}

Test(http_memo, changes_no_answer, .timeout = 120)
{
	static const size_t cuts[] = { 0, 1, 10, 20, 30, 40, 60 };

	bound_as_the_cases();
	for (size_t i = 0; i < HTTP_CASES; i++)
		for (size_t j = 0; j < sizeof(cuts) / sizeof(*cuts); j++)
			if (cuts[j] < http_cases[i].len)
				compare(http_cases[i].name, http_cases[i].bytes, http_cases[i].len, cuts[j]);
	cr_assert_gt(remembered, HTTP_CASES, "%u", remembered);
}

Test(http_memo, changes_no_answer_wherever_the_head_is_cut)
{
	static const char text[] = CHUNKED("/x%41/../y?q") "3\r\nabc\r\n0\r\n\r\n";

	bound_as_the_cases();
	for (size_t cut = 0; cut < sizeof(text) - 1; cut++)
		compare("chunked", text, sizeof(text) - 1, cut);
}

Test(http_memo, tells_a_head_from_all_that_are_like_it)
{
	static const char *const heads[] = {
		GET("/a"), GET("/b"), "GET /a HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
		"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n", REQUEST("X: y\r\n"), REQUEST("X: z\r\n"),
		REQUEST("X:  y\r\n"), "\r\n" GET("/a"), "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
	};
	enum { HEADS = sizeof(heads) / sizeof(*heads) };
	char text[1024];

	bound_as_the_cases();
	for (int a = 0; a < HEADS; a++)
		for (int b = 0; b < HEADS; b++) {
			snprintf(text, sizeof(text), "%s%s%s%s", heads[a], heads[a], heads[a], heads[b]);
			for (size_t cut = 0; cut <= strlen(heads[a]) * 2; cut += strlen(heads[a]))
				compare(text, text, strlen(text), cut);
		}
}

Test(http_memo, knows_a_head_and_not_its_body)
{
	http.on_request = reply_what_it_sees;
	for (int i = 0; i < 3; i++) {
		says(POST("/a", "3") "abc" POST("/a", "3") "xyz");
		hears(TEXT("200 OK", "22", "", "POST /a /a =x =3 [abc]") TEXT("200 OK", "22", "",
			"POST /a /a =x =3 [xyz]"));
	}
	cr_assert_eq(memos(), 1);
}

Test(http_memo, asks_for_a_body_each_time)
{
	for (int i = 0; i < 4; i++) {
		says(EXPECTS);
		hears("HTTP/1.1 100 Continue\r\n\r\n");
		says("abc");
		hears(OK_A);
		says(EXPECTS "abc");             /* it is here already */
		hears(OK_A);
	}
	cr_assert_eq(memos(), 1);
}

Test(http_memo, keeps_what_the_handler_was_shown_until_it_replies)
{
	http.on_request = later;
	for (int i = 0; i < 4; i++) {
		says(REQUEST("X: y\r\n"));
		says(GET("/b"));                 /* waits behind it */
		struct portico_request *r = http.held;
		cr_assert_not_null(r);
		cr_assert_str_eq(portico_request_header(r, "x"), "y");
		portico_reply_text(r, 200, portico_request_path(r));
		rig_turns(2);
		hears(OK_A);
		portico_reply_text(http.held, 200, portico_request_path(http.held));
		rig_turns(2);
		hears(OK_B);
	}
}

/* ---- how many, and how long ---- */

Test(http_memo, is_made_when_a_head_comes_again_and_goes_with_another)
{
	says_times(GET("/a"), 1);
	cr_assert_eq(memos(), 0);
	says_times(GET("/a"), 1);
	cr_assert_eq(memos(), 1);
	says_times(GET("/a"), 5);
	cr_assert_eq(memos(), 1);
	says_times(GET("/b"), 1);
	cr_assert_eq(memos(), 0);
	cr_assert_eq(http.site.memos.bytes, 0);
	says_times(GET("/b"), 1);
	cr_assert_eq(memos(), 1);
}

Test(http_memo, stays_when_its_head_comes_in_pieces)
{
	says_times(GET("/a"), 3);
	says("GET /a HTTP/1.1\r\nHo");
	says("st: x\r\n\r\n");
	hears(OK_A);
	cr_assert_eq(memos(), 1);
}

Test(http_memo, is_shared_by_all_that_say_the_same_and_goes_with_the_last)
{
	struct client others[3];

	for (int i = 0; i < 3; i++) {
		connect_client(&others[i]);
		client_says(&others[i], GET("/a") GET("/a") GET("/a"));
		rig_turns(3);
		client_hears(&others[i], OK_A OK_A OK_A);
		cr_assert_eq(memos(), 1);
	}
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(memos(), 1);
		client_fini(&others[i]);
		rig_turns(3);
	}
	cr_assert_eq(memos(), 0);
	cr_assert_eq(http.site.memos.bytes, 0);
}

Test(http_memo, is_not_made_over_the_bounds)
{
	http.site.memos.count = HTTP_MEMO_MOST;
	says_times(GET("/a"), 4);
	cr_assert_eq(memos(), HTTP_MEMO_MOST);
	http.site.memos.count = 0;
	connect_again();
	http.site.memos.bytes = HTTP_MEMO_BYTES - 1000;
	says_times(GET("/a"), 4);
	cr_assert_eq(memos(), 0);
	http.site.memos.bytes = 0;
	connect_again();
	says_times(GET("/a"), 4);
	cr_assert_eq(memos(), 1);
}

static int take(void *arg, int fd, const struct parcel *p)
{
	(void)arg, (void)fd, (void)p;
	return 0;
}

Test(http_memo, goes_when_the_connection_is_handed_on)
{
	says_times(GET("/a"), 3);
	cr_assert_eq(memos(), 1);
	cr_assert_eq(http_site_hand_on(&http.site, take, NULL), 0);
	rig_turns(2);
	cr_assert_eq(memos(), 0);
}

/* The heads of these differ where no hint looks. */
static void says_numbered(int from, int to)
{
	char text[128];

	for (int i = from; i < to; i++) {
		snprintf(text, sizeof(text), REQUEST("X: %06d\r\nAccept: any/thing\r\n"), i);
		says_times(text, 1);
	}
}

Test(http_memo, is_not_tried_again_at_once_where_it_was_in_vain)
{
	says_numbered(0, 3);
	cr_assert_eq(memos(), 0, "the one of the second head was let go by the third");
	for (int i = 3; i < 250; i++) {
		says_numbered(i, i + 1);
		cr_assert_eq(memos(), 0);
	}
	for (int i = 0; i < 20; i++)
		says_numbered(250, 251);
	cr_assert_eq(memos(), 1, "in the end it is");
}

Test(ws_memo, goes_when_the_connection_becomes_a_websocket)
{
	int (*accept)(struct portico_request *) = http.on_request;

	http.on_request = NULL;
	says_times(SHAKE, 3);
	cr_assert_eq(memos(), 1);
	http.on_request = accept;
	ws_shake();
	cr_assert_eq(memos(), 0);
	SENDS("\x81\x81" M "a");
}
