/* SPDX-License-Identifier: MIT */
/*
 * ws_frame.c - fuzzes ws_reader_next() and ws_utf8_take().
 *
 * The first byte of the input chooses the size of the pieces it is fed in.
 * Holds: each call makes progress; what is found lies in what was fed or in the
 * reader; no message is longer than allowed; text is UTF-8 by a second opinion, iconv(3);
 * every way to cut gives the same messages and the same end; what is written is read back.
 */
#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "must.h"
#include "proto/ws_frame.h"

enum { MAX_MESSAGE = 1000 };

/* What was read: each message and control frame as kind, length, bytes. */
struct story {
	uint8_t *bytes;
	size_t   len;
	uint8_t  message[MAX_MESSAGE];   /* under way */
	size_t   message_len;
	unsigned code;                   /* broken */
};

static void add(struct story *s, uint8_t kind, const void *data, size_t len)
{
	s->bytes[s->len++] = kind;
	memcpy(s->bytes + s->len, &len, sizeof(len));
	s->len += sizeof(len);
	memcpy(s->bytes + s->len, data, len);
	s->len += len;
}

static bool is_utf8(const void *data, size_t len)
{
	char *in = (char *)(uintptr_t)data, out[MAX_MESSAGE * 4], *at = out;
	size_t room = sizeof(out);
	iconv_t to = iconv_open("UTF-32LE", "UTF-8");

	MUST(to != (iconv_t)-1);
	bool good = iconv(to, &in, &len, &at, &room) != (size_t)-1;
	iconv_close(to);
	return good;
}

static void take(struct story *s, const struct ws_found *f, bool last)
{
	MUST(f->len <= MAX_MESSAGE - s->message_len);
	memcpy(s->message + s->message_len, f->data, f->len);
	s->message_len += f->len;
	if (!last)
		return;
	MUST(!f->is_text || is_utf8(s->message, s->message_len));
	add(s, f->is_text, s->message, s->message_len);
	s->message_len = 0;
}

static void feed(struct ws_reader *r, struct story *s, const uint8_t *data, size_t len)
{
	char *copy = malloc(len);        /* of just that size, for ASan to guard */
	size_t at = 0;

	memcpy(copy, data, len);
	while (at < len && !s->code) {
		struct ws_found f;
		enum ws_event event = ws_reader_next(r, copy + at, len - at, &f);

		MUST(f.used > 0 && f.used <= len - at);
		if (event == WS_PIECE || event == WS_MESSAGE) {
			MUST(f.data >= copy + at && f.data + f.len == copy + at + f.used);
			take(s, &f, event == WS_MESSAGE);
		}
		if (event == WS_CONTROL) {
			MUST(f.len <= WS_CONTROL_MOST);
			add(s, r->opcode, f.data, f.len);
		}
		if (event == WS_BROKEN)
			s->code = r->code;
		at += f.used;
		MUST(event != WS_MORE || at == len);
	}
	free(copy);
}

static struct story read_by(const uint8_t *data, size_t len, size_t by)
{
	/* Two bytes of a head are the least that a frame has. */
	struct story s = { .bytes = malloc(len * (sizeof(size_t) + 2) + 1) };
	struct ws_reader r;

	ws_reader_init(&r, MAX_MESSAGE);
	for (size_t at = 0, n; at < len && !s.code; at += n) {
		n = len - at < by ? len - at : by;
		feed(&r, &s, data + at, n);
	}
	return s;
}

static void must_agree(const struct story *a, const struct story *b)
{
	MUST(a->code == b->code && a->len == b->len);
	MUST(memcmp(a->bytes, b->bytes, a->len) == 0);
}

/* The input as a binary message, with a mask. */
static void must_come_back(const uint8_t *data, size_t len, size_t by)
{
	uint8_t *frame = malloc(len + WS_HEAD_MOST);
	size_t head = ws_head_write((char *)frame, WS_BINARY, len);

	frame[1] |= 0x80;
	for (size_t i = 0; i < 4; i++)
		frame[head++] = (uint8_t)(i * 77 + len);
	for (size_t i = 0; i < len; i++)
		frame[head + i] = data[i] ^ frame[head - 4 + i % 4];
	struct story s = read_by(frame, head + len, by);
	MUST(len <= MAX_MESSAGE ? s.code == 0 : s.code == WS_TOO_BIG);
	MUST(s.code || memcmp(s.bytes + 1 + sizeof(len), data, len) == 0);
	free(s.bytes);
	free(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	if (size < 2)
		return 0;
	const uint8_t *data = input + 1;
	size_t len = size - 1, by = input[0] % 64 + 1;
	struct story whole = read_by(data, len, len);
	struct story cut = read_by(data, len, by);
	struct story single = read_by(data, len, 1);

	must_agree(&whole, &cut);
	must_agree(&whole, &single);
	MUST(ws_utf8_valid((const char *)data, len > MAX_MESSAGE ? MAX_MESSAGE : len)
		== is_utf8(data, len > MAX_MESSAGE ? MAX_MESSAGE : len));
	free(whole.bytes);
	free(cut.bytes);
	free(single.bytes);
	must_come_back(data, len, by);
	return 0;
}
