/* SPDX-License-Identifier: MIT */
/*
 * ws_frame.h - WebSocket frames (RFC 6455, 5): bytes in, messages out.
 *
 * Pure: no I/O, no malloc, no pointers kept.  Strict, and the server's side of it:
 * what comes must be masked, what goes is not.  The result does not depend on how the
 * input was cut.
 */
#ifndef PORTICO_PROTO_WS_FRAME_H
#define PORTICO_PROTO_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/ws_utf8.h"

enum ws_opcode {
	WS_CONTINUATION = 0,
	WS_TEXT = 1,
	WS_BINARY = 2,
	WS_CLOSE = 8,
	WS_PING = 9,
	WS_PONG = 10,
};

enum ws_code {                   /* RFC 6455, 7.4.1 */
	WS_NORMAL = 1000,
	WS_GOING_AWAY = 1001,
	WS_PROTOCOL_ERROR = 1002,
	WS_NO_CODE = 1005,       /* never on the wire: its close said none */
	WS_ABNORMAL = 1006,      /* never on the wire: it ended without a close */
	WS_BAD_TEXT = 1007,
	WS_TOO_BIG = 1009,
	WS_INTERNAL_ERROR = 1011,
};

enum {
	WS_CONTROL_MOST = 125,   /* bytes in a close, ping or pong */
	WS_REASON_MOST = 123,    /* of them in a close, beside its code */
	WS_OWN_HEAD_MOST = 10,   /* bytes in front of a payload of ours */
	WS_HEAD_MOST = 14,       /* and of the client's, with its mask */
};

enum ws_event {
	WS_MORE,                 /* all is used; more is needed */
	WS_PIECE,                /* of a message, and not its last */
	WS_MESSAGE,              /* the last piece of a message; may be empty */
	WS_CONTROL,              /* a whole close, ping or pong: opcode says which */
	WS_BROKEN,               /* the peer broke the protocol: code and why */
};

struct ws_reader {
	uint64_t    max_message; /* bytes in a message: broken over it */
	uint64_t    size;        /* of the message so far, as its heads announce it */
	uint64_t    left;        /* payload of this frame that is still to come */
	const char *why;         /* WS_BROKEN: a constant sentence */
	uint16_t    code;        /* WS_BROKEN: enum ws_code */
	uint8_t     opcode;      /* of this frame */
	uint8_t     message;     /* under way: WS_TEXT or WS_BINARY; 0: none */
	bool        final;       /* this frame is the last of its message */
	bool        in_payload;
	struct ws_utf8 utf8;     /* of the text under way */
	uint8_t     mask_at;
	uint8_t     mask[4];
	uint8_t     head_len;
	uint8_t     head[WS_HEAD_MOST];
	uint8_t     control_len;
	char        control[WS_CONTROL_MOST];
};

struct ws_found {
	size_t      used;        /* of the input */
	char       *data;        /* the piece: in the input; of a control frame: in the reader */
	size_t      len;
	bool        is_text;     /* the message is, or is going to be */
};

void ws_reader_init(struct ws_reader *r, uint64_t max_message);

/* Nothing of a frame or a message is half here. */
static inline bool ws_reader_is_between(const struct ws_reader *r)
{
	return !r->in_payload && r->head_len == 0 && !r->message;
}

/* Goes on by one event; len > 0.  Input that is used was unmasked in place.
 * The found is valid until the next call.  Not after WS_BROKEN. */
enum ws_event ws_reader_next(struct ws_reader *r, char *data, size_t len,
	struct ws_found *found);

/* What a valid close says: its code, WS_NO_CODE without one. */
unsigned ws_close_code(const char *payload, size_t len);

/* Whether a close may say that code. */
bool ws_code_is_valid(unsigned code);

/* The head of an unfragmented, unmasked frame to out, which has room for
 * WS_OWN_HEAD_MOST: its length. */
size_t ws_head_write(char *out, enum ws_opcode opcode, uint64_t len);

/* The payload of a close to out: its length.  reason has at most WS_REASON_MOST
 * bytes; WS_NO_CODE makes an empty one. */
size_t ws_close_write(char *out, unsigned code, const char *reason);

#endif
