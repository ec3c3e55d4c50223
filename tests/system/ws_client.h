/* SPDX-License-Identifier: MIT */
/*
 * ws_client.h - a WebSocket client on the sockets of client.h.
 */
#ifndef SYSTEM_WS_CLIENT_H
#define SYSTEM_WS_CLIENT_H

#include <stddef.h>

#define WS_HANDSHAKE(path, more)                                             \
	"GET " path " HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n"      \
	"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"               \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" more "\r\n"

/* A connection that was upgraded, or the test fails. */
int  ws_connect(int port, const char *path);
/* Reads the 101, to its last byte. */
void ws_await_upgrade(int fd);

/* One frame, masked; up to 125 bytes. */
void ws_say(int fd, unsigned opcode, const char *data, size_t len);
/* One whole frame: its opcode; the payload goes to out, with a NUL. */
unsigned ws_hear(int fd, char *out, size_t room);
void ws_expect(int fd, unsigned opcode, const char *text);
/* The same of who has just come, and may hear something that was said before: messages to all workers
 * come to each in its time. */
void ws_await(int fd, unsigned opcode, const char *text);
/* The next frame is a close: its code. */
unsigned ws_expect_close(int fd);

#endif
