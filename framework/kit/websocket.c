/* SPDX-License-Identifier: MIT */
/*
 * websocket.c - the client's side of RFC 6455: what it sends is masked, pings and closes are
 * answered as a browser answers them.
 */
#include "kit/kit.h"

#include <stdlib.h>
#include <string.h>

#include "proto/ws_frame.h"

/* RFC 6455, 1.3: the example's key, and what must be made of it. */
#define KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

enum { KIT_MASK = 4, KIT_MASKED = 0x80, KIT_FINAL = 0x80 };

/* ---- out ---- */

/* Queues one frame: ws_head_write() makes the head of an unmasked one, which is changed. */
static void queue_frame(struct portico_test_client *c, enum ws_opcode opcode, const char *data,
	size_t len)
{
	static const char mask[KIT_MASK] = { 0x37, (char)0xfa, 0x21, 0x3d };
	char head[WS_OWN_HEAD_MOST];
	size_t head_len = ws_head_write(head, opcode, len);
	char *masked = malloc(len + 1);

	kit_need(masked != NULL);
	head[1] = (char)(head[1] | KIT_MASKED);
	for (size_t i = 0; i < len; i++)
		masked[i] = (char)(data[i] ^ mask[i % KIT_MASK]);
	kit_append(&c->out, head, head_len);
	kit_append(&c->out, mask, KIT_MASK);
	kit_append(&c->out, masked, len);
	free(masked);
	c->test->moved++;
}

/* Whether such a client may say more. */
static bool may_say(const struct portico_test_client *c)
{
	if (!c->is_socket)
		kit_fail(c->test, "the client is no WebSocket: portico_test_upgrade() first");
	return c->is_socket && c->fd >= 0 && !c->closing;
}

void portico_test_socket_send(struct portico_test_client *c, int kind, const void *data,
	size_t len)
{
	if (may_say(c))
		queue_frame(c, kind == PORTICO_TEXT ? WS_TEXT : WS_BINARY, data, len);
	kit_settle(c->test);
}

void portico_test_socket_say(struct portico_test_client *c, const char *text)
{
	portico_test_socket_send(c, PORTICO_TEXT, text, strlen(text));
}

static void say_close(struct portico_test_client *c, unsigned code, const char *reason)
{
	char payload[WS_CONTROL_MOST];

	queue_frame(c, WS_CLOSE, payload, ws_close_write(payload, code, reason));
	c->closing = true;
}

void portico_test_socket_close(struct portico_test_client *c, int code, const char *reason)
{
	if (reason && strlen(reason) > WS_REASON_MOST)
		kit_fail(c->test, "portico_test_socket_close(): a reason has at most %d bytes",
			WS_REASON_MOST);
	else if (may_say(c))
		say_close(c, (unsigned)code, reason ? reason : "");
	kit_settle(c->test);
}

/* ---- in ---- */

static void heard_close(struct portico_test_client *c, const char *data, size_t len)
{
	unsigned code = ws_close_code(data, len);
	size_t skip = len < 2 ? len : 2;         /* the code in front of the reason */

	kit_put(&c->items, 0, (int)code, data + skip, len - skip);
	if (!c->closing)
		say_close(c, code, "");
}

static void heard(struct portico_test_client *c, unsigned opcode, const char *data, size_t len)
{
	switch (opcode) {
	case WS_TEXT:
	case WS_BINARY:
		kit_put(&c->items, opcode == WS_TEXT ? PORTICO_TEXT : PORTICO_BINARY, 0, data, len);
		break;
	case WS_CLOSE:
		heard_close(c, data, len);
		break;
	case WS_PING:
		if (!c->closing)
			queue_frame(c, WS_PONG, data, len);
		break;
	case WS_PONG:
		break;
	default:
		kit_fail(c->test, "what came is no frame of portico's: opcode %u", opcode);
		break;
	}
}

/* The payload's length behind the two first bytes; *at where it begins; false: not whole. */
static bool read_length(const unsigned char *p, size_t have, size_t *at, uint64_t *len)
{
	size_t more = p[1] == 127 ? 8 : p[1] == 126 ? 2 : 0;

	if (have < 2 + more)
		return false;
	*len = more ? 0 : p[1];
	for (size_t i = 0; i < more; i++)
		*len = *len << 8 | p[2 + i];
	*at = 2 + more;
	return *len <= have - *at;
}

/* portico sends each message in one frame, unmasked. */
void kit_socket_turn(struct portico_test_client *c)
{
	size_t at;
	uint64_t len;

	while (buf_len(&c->in) >= 2) {
		unsigned char *p = (unsigned char *)buf_head(&c->in);
		if (!read_length(p, buf_len(&c->in), &at, &len))
			return;
		heard(c, p[0] & ~(unsigned)KIT_FINAL, (const char *)p + at, (size_t)len);
		buf_take(&c->in, at + (size_t)len);
	}
}

struct portico_test_message *portico_test_message(struct portico_test_client *c)
{
	free(c->taken);
	c->taken = kit_take(&c->items);
	return c->taken ? &c->taken->message : NULL;
}

/* ---- the handshake ---- */

bool portico_test_upgrade(struct portico_test_client *c, const char *target,
	const char *protocol)
{
	struct buf fields = {0};
	static const char asks[] = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n";

	kit_append(&fields, asks, strlen(asks));
	if (protocol) {
		kit_append(&fields, "Sec-WebSocket-Protocol: ", 24);
		kit_append(&fields, protocol, strlen(protocol));
		kit_append(&fields, "\r\n", 2);
	}
	portico_test_request(c, "GET", target, kit_text(&fields), NULL, 0);
	buf_fini(&fields);
	if (buf_len(&c->in) < 12 || memcmp(buf_head(&c->in), "HTTP/1.1 101", 12) != 0)
		return false;
	struct portico_test_reply *r = portico_test_reply(c);
	const char *accept = r ? portico_test_field(r, "Sec-WebSocket-Accept") : NULL;
	if (!accept || strcmp(accept, ACCEPT) != 0)
		kit_fail(c->test, "the upgrade's Sec-WebSocket-Accept is %s", accept ? accept : "not there");
	c->is_socket = true;
	kit_socket_turn(c);      /* what came right behind it */
	kit_settle(c->test);
	return true;
}
