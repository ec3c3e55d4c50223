/* SPDX-License-Identifier: MIT */
/*
 * ws.c - a bare loop that echoes small WebSocket messages (RFC 6455).
 *
 * A head with a key is answered with 101; then every masked frame of up to 125 bytes goes back
 * unmasked, those that came together with one send.  It knows no fragments, no control frames and
 * no close: a peer that sends something else is closed.
 */
#include "bare.h"
#include "hello.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define KEY  "Sec-WebSocket-Key: "
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455, 1.3 */

enum {
	KEY_SIZE = 24,
	FIN = 0x80,
	MASKED = 0x80,
	HEAD_SIZE = 6, /* two bytes and the mask */
	MOST_SMALL = 125,
};

struct ws_conn {
	struct bare_conn base;
	bool open; /* the 101 is sent */
	struct hello_input input;
};

static int send_all(const struct ws_conn *ws, const char *data, size_t size)
{
	return send(ws->base.fd, data, size, MSG_NOSIGNAL) == (ssize_t)size ? 0 : -1;
}

static int shake(struct ws_conn *ws)
{
	struct hello_input *input = &ws->input;
	const char *key = memmem(input->bytes, input->used, KEY, sizeof(KEY) - 1);
	char text[KEY_SIZE + sizeof(GUID)], answer[256];
	unsigned char digest[EVP_MAX_MD_SIZE], accept[32];

	if (key == NULL || input->used < (size_t)(key - input->bytes) + sizeof(KEY) + KEY_SIZE)
		return -1;
	memcpy(text, key + sizeof(KEY) - 1, KEY_SIZE);
	memcpy(text + KEY_SIZE, GUID, sizeof(GUID));
	if (EVP_Digest(text, sizeof(text) - 1, digest, NULL, EVP_sha1(), NULL) != 1)
		return -1;
	EVP_EncodeBlock(accept, digest, 20);
	int size = snprintf(answer, sizeof(answer),
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: %s\r\n\r\n",
		accept);
	ws->open = true;
	return send_all(ws, answer, (size_t)size);
}

/* Writes the frame's echo to out.  Bytes taken of the input, 0: not whole yet, -1. */
static int echo_frame(const unsigned char *in, size_t len, unsigned char *out)
{
	if (len < HEAD_SIZE)
		return 0;
	size_t size = in[1] & 0x7f;
	if (!(in[0] & FIN) || (in[0] & 0x0f) > 2 || !(in[1] & MASKED) || size > MOST_SMALL)
		return -1;
	if (len < HEAD_SIZE + size)
		return 0;
	out[0] = in[0];
	out[1] = (unsigned char)size;
	for (size_t i = 0; i < size; i++)
		out[2 + i] = in[HEAD_SIZE + i] ^ in[2 + i % 4];
	return (int)(HEAD_SIZE + size);
}

static int echo_frames(struct ws_conn *ws)
{
	struct hello_input *input = &ws->input;
	unsigned char out[HELLO_INPUT];
	size_t taken = 0, made = 0;
	int size;

	while ((size = echo_frame((unsigned char *)input->bytes + taken, input->used - taken,
			out + made)) > 0) {
		taken += (size_t)size;
		made += (size_t)size - 4;
	}
	input->used -= taken;
	if (input->used > 0)
		memmove(input->bytes, input->bytes + taken, input->used);
	if (size < 0)
		return -1;
	return made > 0 ? send_all(ws, (char *)out, made) : 0;
}

static int ws_ready(struct bare_conn *conn)
{
	struct ws_conn *ws = (struct ws_conn *)conn;
	struct hello_input *input = &ws->input;
	ssize_t got = recv(conn->fd, input->bytes + input->used, HELLO_INPUT - input->used, 0);

	if (got <= 0)
		return got < 0 && errno == EAGAIN ? 0 : -1;
	input->used += (size_t)got;
	if (ws->open)
		return echo_frames(ws);
	if (memmem(input->bytes, input->used, "\r\n\r\n", 4) == NULL)
		return 0;
	int result = shake(ws);
	input->used = 0;
	return result;
}

int main(int argc, char **argv)
{
	static const struct bare_server server = {
		.conn_size = sizeof(struct ws_conn),
		.conn_ready = ws_ready,
	};

	if (argc != 3)
		bare_usage("ADDR PORT");
	bare_serve(argv[1], argv[2], &server);
}
