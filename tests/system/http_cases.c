/* SPDX-License-Identifier: MIT */
/*
 * http_cases.c - every case of the table against the running server, whole and
 * cut at every byte, with a handler that says what it is shown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cases/http_cases.h"
#include "client.h"
#include "harness.h"
#include "server.h"

SYSTEM_SUITE(http_cases);

enum { MAX_CUTS = 600, PORT = 8080 };

static struct server *serve(void)
{
	return server_start("[portico]\nworkers = 1\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:%d\nhead_time = 1m\n"
		"max_target = %d\nmax_head = %d\nmax_fields = %d\nmax_body = %d\n"
		"[handler web]\nplugin = ${T}/tell.so\n",
		PORT, CASE_MAX_TARGET, CASE_MAX_HEAD, CASE_MAX_FIELDS, CASE_MAX_BODY);
}

/* The server may have refused and closed before all was sent. */
static void offer(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

/* The next answer in text as the table tells it; gives what is behind its head. */
static const char *tell_answer(const char *text, char *out, size_t room)
{
	int status = atoi(text + strlen("HTTP/1.1 "));
	const char *end = strstr(text, "\r\n\r\n");
	const char *saw = strstr(text, "\r\nX-Saw: ");

	cr_assert_not_null(end, "an answer without its end: %s", text);
	if (status == 200 && saw && saw < end)
		snprintf(out, room, "%.*s", (int)strcspn(saw + 9, "\r"), saw + 9);
	else if (status != 100)
		snprintf(out, room, "%d", status);
	else
		out[0] = '\0';
	return end + 4;
}

/* No body and no X-Saw has "HTTP/1.1 " in it: saw.h escapes spaces. */
static const char *tell_answers(const char *text)
{
	static char answers[16384];
	char one[8192];

	answers[0] = '\0';
	while ((text = strstr(text, "HTTP/1.1 "))) {
		text = tell_answer(text, one, sizeof(one));
		if (one[0] && answers[0])
			strcat(answers, "; ");
		strcat(answers, one);
	}
	return answers;
}

/* A refusal is the last answer, and no byte behind it is ever a request. */
static bool ends_refused(const struct http_case *c)
{
	size_t len = strlen(c->answers);
	const char *last = len >= 3 ? c->answers + len - 3 : "";

	return (len == 3 || (len > 3 && last[-1] == ' ')) &&
		(last[0] == '4' || last[0] == '5') && strspn(last, "0123456789") == 3;
}

static bool holds(const struct http_case *c, const char *text)
{
	return memmem(c->bytes, c->len, text, strlen(text)) != NULL;
}

/* Whoever has said that it sends no more, by close or by speaking 1.0, and sends more later, may
 * be reset (RFC 9112, 9.6): the server does not wait for it.  What comes in one piece with the
 * request, or is refused, does not reset the answer away. */
static bool breaks_its_word(const struct http_case *c)
{
	return !ends_refused(c) && (holds(c, "lose") || holds(c, "HTTP/1.0"));
}

/* The client says that it is done: all answers there will ever be. */
static void check_end(const struct http_case *c, int fd, size_t cut, const char *what)
{
	static char text[1 << 16];

	(void)shutdown(fd, SHUT_WR);     /* fails where the server has closed */
	long n = client_read_all(fd, text, sizeof(text));
	close(fd);
	if (n == CLIENT_RESET && cut < c->len && breaks_its_word(c))
		return;
	cr_expect_geq(n, 0, "%s%s, cut at %zu: %s", c->name, what, cut,
		n == CLIENT_RESET ? "reset" : "no end");
	if (n >= 0)
		cr_expect_str_eq(tell_answers(text), c->answers,
			"%s%s, cut at %zu: \"%s\", not \"%s\"", c->name, what, cut,
			tell_answers(text), c->answers);
}

static void check_whole(const struct http_case *c, const char *more, const char *what)
{
	int fd = client_connect(PORT);

	offer(fd, c->bytes, c->len);
	offer(fd, more, strlen(more));
	check_end(c, fd, c->len, what);
}

Test(http_cases, every_case_is_answered_as_it_must_be)
{
	struct server *s = serve();

	for (size_t i = 0; i < HTTP_CASES; i++)
		check_whole(&http_cases[i], "", "");
	server_stop(s);
}

Test(http_cases, nothing_is_answered_behind_a_refusal)
{
	struct server *s = serve();
	size_t refused = 0;

	for (size_t i = 0; i < HTTP_CASES; i++) {
		if (!ends_refused(&http_cases[i]))
			continue;
		refused++;
		check_whole(&http_cases[i], "\r\n\r\nGET /no HTTP/1.1\r\nHost: a\r\n\r\n",
			", and a request");
	}
	cr_assert_gt(refused, 250);
	server_stop(s);
}

/* All first parts are sent, then one request is answered: the worker, which has
 * one loop, has read them by then. */
static void check_cuts(const struct http_case *c)
{
	static int fds[MAX_CUTS];
	size_t stride = (c->len + MAX_CUTS - 1) / MAX_CUTS, count = 0;

	for (size_t cut = 1; cut < c->len; cut += stride) {
		fds[count] = client_connect(PORT);
		offer(fds[count++], c->bytes, cut);
	}
	cr_assert_eq(http_status(PORT, "/"), 200);
	for (size_t i = 0, cut = 1; i < count; i++, cut += stride) {
		offer(fds[i], c->bytes + cut, c->len - cut);
		check_end(c, fds[i], cut, "");
	}
}

/* Part n of four, so that none takes long. */
static void check_quarter(size_t n)
{
	struct server *s = serve();

	for (size_t i = HTTP_CASES * n / 4; i < HTTP_CASES * (n + 1) / 4; i++)
		check_cuts(&http_cases[i]);
	server_stop(s);
}

Test(http_cases, cut_at_every_byte_1)
{
	check_quarter(0);
}

Test(http_cases, cut_at_every_byte_2)
{
	check_quarter(1);
}

Test(http_cases, cut_at_every_byte_3)
{
	check_quarter(2);
}

Test(http_cases, cut_at_every_byte_4)
{
	check_quarter(3);
}

static void send_bytes(int fd, const struct http_case *c)
{
	for (size_t at = 0; at < c->len; at++)
		offer(fd, c->bytes + at, 1);
}

/* Each byte in a packet of its own, of those that are not long. */
Test(http_cases, byte_by_byte)
{
	struct server *s = serve();

	for (size_t i = 0; i < HTTP_CASES; i++) {
		if (http_cases[i].len > MAX_CUTS)
			continue;
		int fd = client_connect(PORT);
		send_bytes(fd, &http_cases[i]);
		check_end(&http_cases[i], fd, 1, " and at each byte behind it");
	}
	server_stop(s);
}
