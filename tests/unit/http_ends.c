/* SPDX-License-Identifier: MIT */
/*
 * http_ends.c - the end of a connection whose client has said its last word: at once if it
 * keeps it, and so that the answer is not reset away if it talks on (RFC 9112, 9.6).
 */
#include "http_rig.h"

#include <criterion/criterion.h>
#include <string.h>

HTTP_SUITE(http_ends);

#define LAST "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
#define LAST_POST "POST /a HTTP/1.0\r\n\r\n"
#define ANSWER TEXT("200 OK", "2", "Connection: close\r\n", "/a")

static char block[2 * HUB_READ_BLOCK];

/* Only over TCP a reset deletes what was sent. */
static void over_tcp(void)
{
	client_fini(&http.client);
	rig_turns(3);
	connect_tcp(&http.client);
}

static void is_heard_out(void)
{
	hears(ANSWER);
	client_sees_the_end(&http.client);
	cr_assert_eq(rig.hub.streams, 1, "closed while its client talks");
	client_ends(&http.client);
	rig_turns(3);
	cr_assert_eq(rig.hub.streams, 0);
}

static void is_closed_at_once(const char *request)
{
	over_tcp();
	says(request);
	cr_assert_eq(rig.hub.streams, 0, "waits for the end of a client that said close");
	hears(ANSWER);
	client_sees_the_end(&http.client);
}

/* One request a connection costs no lingering. */
Test(http_ends, a_client_that_keeps_its_word_is_not_waited_for)
{
	is_closed_at_once(LAST);
	is_closed_at_once("GET /a HTTP/1.0\r\n\r\n");
	is_closed_at_once("POST /a HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc");
}

Test(http_ends, what_comes_with_the_last_request_resets_nothing)
{
	over_tcp();
	says(LAST GET("/b"));
	is_heard_out();
	over_tcp();
	says(LAST_POST "a body that nobody announced");
	is_heard_out();
}

/* Larger than a read: the rest is still in the socket when the answer is sent. */
Test(http_ends, what_lies_in_the_socket_resets_nothing)
{
	over_tcp();
	memset(block, 'x', sizeof(block));
	memcpy(block, LAST_POST, strlen(LAST_POST));
	client_sends(&http.client, block, sizeof(block));
	rig_turns(3);
	is_heard_out();
}

/* Between the request and an answer that comes later. */
Test(http_ends, what_comes_before_a_late_answer_resets_nothing)
{
	http.on_request = later;
	over_tcp();
	says(LAST);
	says("and more");
	portico_reply_text(http.held, 200, "/a");
	rig_turns(3);
	is_heard_out();
}

/* As if it came in the moment of the answer: nobody has read it. */
static int reply_and_hear_more(struct portico_request *r)
{
	client_says(&http.client, "more");
	return portico_reply_text(r, 200, "/a");
}

Test(http_ends, what_comes_at_the_moment_of_the_answer_resets_nothing)
{
	http.on_request = reply_and_hear_more;
	over_tcp();
	says(LAST);
	is_heard_out();
}

/* What is thrown away while the answer goes out: more may come behind it. */
Test(http_ends, what_comes_while_the_answer_goes_out_resets_nothing)
{
	size_t head = strlen("HTTP/1.1 200 OK\r\nContent-Length: 524288\r\nConnection: close\r\n\r\n");

	fill_large();
	http.on_request = reply_large;
	http.site.kind.max_queue = 2 * sizeof(large);
	connect_again();
	says("GET /524288 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	cr_assert_eq(rig.hub.streams, 1);
	says("more");
	for (int i = 0; i < 1000 && !http.client.ended; i++) {
		client_reads(&http.client);
		rig_turn();
	}
	cr_assert(http.client.ended);
	cr_assert_gt(http.client.got_len, sizeof(large) + head);
	cr_assert_eq(rig.hub.streams, 1, "closed while its client talks");
}
