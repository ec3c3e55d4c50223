/* SPDX-License-Identifier: MIT */
/*
 * ws_client.c - a WebSocket client on the sockets of client.h.
 */
#include "ws_client.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "harness.h"

void ws_await_upgrade(int fd)
{
	char head[1024];
	size_t len = 0;

	do {
		cr_assert_lt(len, sizeof(head) - 1);
		client_read(fd, head + len++, 1);
		head[len] = '\0';
	} while (len < 4 || strcmp(head + len - 4, "\r\n\r\n") != 0);
	cr_assert_eq(strncmp(head, "HTTP/1.1 101 ", 13), 0, "%s", head);
	cr_assert_not_null(strstr(head, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
}

int ws_connect(int port, const char *path)
{
	char request[512];
	int fd = client_connect(port);

	snprintf(request, sizeof(request), WS_HANDSHAKE("%s", ""), path);
	client_says(fd, request);
	ws_await_upgrade(fd);
	return fd;
}

void ws_say(int fd, unsigned opcode, const char *data, size_t len)
{
	static const char mask[4] = { 0x12, 0x34, 0x56, 0x78 };
	char frame[6 + 125];

	cr_assert_leq(len, 125);
	frame[0] = (char)(0x80 | opcode);
	frame[1] = (char)(0x80 | len);
	memcpy(frame + 2, mask, 4);
	for (size_t i = 0; i < len; i++)
		frame[6 + i] = (char)(data[i] ^ mask[i % 4]);
	client_send(fd, frame, 6 + len);
}

unsigned ws_hear(int fd, char *out, size_t room)
{
	unsigned char head[2];

	client_read(fd, head, 2);
	cr_assert_eq(head[0] & 0xf0, 0x80);
	cr_assert_lt(head[1], 126, "it is masked or long");
	cr_assert_lt(head[1], room);
	if (head[1] > 0)
		client_read(fd, out, head[1]);   /* of no bytes it would wait for the next */
	out[head[1]] = '\0';
	return head[0] & 0x0f;
}

void ws_expect(int fd, unsigned opcode, const char *text)
{
	char heard[126];

	cr_assert_eq(ws_hear(fd, heard, sizeof(heard)), opcode);
	cr_assert_str_eq(heard, text);
}

void ws_await(int fd, unsigned opcode, const char *text)
{
	char heard[126];

	do
		cr_assert_eq(ws_hear(fd, heard, sizeof(heard)), opcode);
	while (strcmp(heard, text) != 0);
}

unsigned ws_expect_close(int fd)
{
	char heard[126];

	cr_assert_eq(ws_hear(fd, heard, sizeof(heard)), 8);
	return (unsigned)(uint8_t)heard[0] << 8 | (uint8_t)heard[1];
}
