/* SPDX-License-Identifier: MIT */
/*
 * http.c - a bare loop that answers HTTP hello.
 *
 *     bare_http ADDR PORT hello     every head gets the same 200, pipelined ones with one send
 *     bare_http ADDR PORT close     the connection ends behind it
 *     bare_http ADDR PORT post      requests have bodies, which are thrown away
 *
 * The answer has the headers and the size of portico's.  A peer that does not read its answers is
 * closed.
 */
#include "bare.h"
#include "hello.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

struct http_conn {
	struct bare_conn base;
	struct hello_input input;
};

static size_t (*take)(struct hello_input *input) = hello_take;
static bool close_behind;

static int answer(struct http_conn *http, size_t count)
{
	size_t size;
	const char *answers = hello_answers(count, &size);
	ssize_t sent = send(http->base.fd, answers, size, MSG_NOSIGNAL);
	return sent == (ssize_t)size && !close_behind ? 0 : -1;
}

static int http_ready(struct bare_conn *conn)
{
	struct hello_input *input = &((struct http_conn *)conn)->input;
	size_t room = HELLO_INPUT - input->used;
	ssize_t got = recv(conn->fd, input->bytes + input->used, room, 0);

	if (got <= 0)
		return got < 0 && errno == EAGAIN ? 0 : -1;
	input->used += (size_t)got;
	size_t requests = take(input);
	if (requests > 0)
		return answer((struct http_conn *)conn, requests);
	return input->used < HELLO_INPUT ? 0 : -1;
}

int main(int argc, char **argv)
{
	static const struct bare_server server = {
		.conn_size = sizeof(struct http_conn),
		.conn_ready = http_ready,
		.second = hello_make,
	};

	if (argc == 4 && strcmp(argv[3], "post") == 0)
		take = hello_take_bodies;
	else if (argc == 4 && strcmp(argv[3], "close") == 0)
		close_behind = true;
	else if (argc != 4 || strcmp(argv[3], "hello") != 0)
		bare_usage("ADDR PORT hello|close|post");
	if (close_behind)
		hello_say("Connection: close\r\n");
	bare_serve(argv[1], argv[2], &server);
}
