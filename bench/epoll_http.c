/* SPDX-License-Identifier: MIT */
/*
 * epoll_http.c - a bare epoll loop that answers HTTP hello.
 *
 * The cheapest server that is still right for wrk: every head gets the same 200 with the headers
 * and the size that portico sends.  Pipelined requests are answered with one send.  It knows no
 * bodies, no methods and no `Connection: close`, and a peer that does not read its answers is
 * closed.
 */
#define _GNU_SOURCE 1 /* memmem */
#include "bare.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define HEAD_END "\r\n\r\n"
#define BODY	 "Hello\n"

enum {
	HEAD_END_SIZE = sizeof(HEAD_END) - 1,
	INPUT_SIZE = 4096,
	MOST_ANSWERS = INPUT_SIZE / HEAD_END_SIZE, /* that one full input can ask for */
	ANSWER_ROOM = 256,
};

struct http_conn {
	struct bare_conn base;
	size_t used; /* bytes of a head that has not ended yet */
	char input[INPUT_SIZE];
};

/* The same answer MOST_ANSWERS times in a row, so that n answers are one send. */
static char answers[MOST_ANSWERS * ANSWER_ROOM];
static size_t answer_size;

static void make_answers(void)
{
	char date[64], answer[ANSWER_ROOM];
	time_t now = time(NULL);
	struct tm utc;

	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &utc));
	answer_size = (size_t)snprintf(answer, sizeof(answer),
		"HTTP/1.1 200 OK\r\n"
		"Date: %s\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Length: %zu\r\n"
		"\r\n" BODY,
		date, sizeof(BODY) - 1);
	for (size_t i = 0; i < MOST_ANSWERS; i++)
		memcpy(answers + i * answer_size, answer, answer_size);
}

/* Takes every complete head off the input; the beginning of the next one stays.  How many there
 * were. */
static size_t take_heads(struct http_conn *http)
{
	size_t heads = 0;
	char *from = http->input;
	char *end = http->input + http->used;
	char *found;

	while ((found = memmem(from, (size_t)(end - from), HEAD_END, HEAD_END_SIZE)) != NULL) {
		from = found + HEAD_END_SIZE;
		heads++;
	}
	http->used = (size_t)(end - from);
	if (heads > 0 && http->used > 0)
		memmove(http->input, from, http->used);
	return heads;
}

static int answer(struct http_conn *http, size_t count)
{
	size_t size = count * answer_size;
	ssize_t sent = send(http->base.fd, answers, size, MSG_NOSIGNAL);
	return sent == (ssize_t)size ? 0 : -1;
}

static int http_ready(struct bare_conn *conn)
{
	struct http_conn *http = (struct http_conn *)conn;
	size_t room = INPUT_SIZE - http->used;
	ssize_t got = recv(conn->fd, http->input + http->used, room, 0);

	if (got <= 0)
		return got < 0 && errno == EAGAIN ? 0 : -1;
	http->used += (size_t)got;
	size_t heads = take_heads(http);
	if (heads > 0)
		return answer(http, heads);
	return http->used < INPUT_SIZE ? 0 : -1;
}

int main(int argc, char **argv)
{
	static const struct bare_server server = {
		.conn_size = sizeof(struct http_conn),
		.conn_ready = http_ready,
		.second = make_answers,
	};
	bare_main(argc, argv, &server);
}
