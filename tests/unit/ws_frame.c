/* SPDX-License-Identifier: MIT */
/* ws_frame.c - the frames of RFC 6455: each rule, with every way to cut the input. */
#include "proto/ws_frame.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(ws_frame, .timeout = 60);

enum { MAX_MESSAGE = 300 };

/* ---- what is read, as a story ---- */

struct reading {
	struct ws_reader reader;
	char   story[4096];
	char   message[4096];            /* so far */
	size_t message_len;
	bool   broken;
};

static void tell(struct reading *r, const char *format, ...)
{
	size_t len = strlen(r->story);
	va_list args;

	va_start(args, format);
	vsnprintf(r->story + len, sizeof(r->story) - len, format, args);
	va_end(args);
}

static void keep(struct reading *r, const struct ws_found *f)
{
	memcpy(r->message + r->message_len, f->data, f->len);
	r->message_len += f->len;
}

static void tell_control(struct reading *r, const struct ws_found *f)
{
	if (r->reader.opcode == WS_CLOSE)
		tell(r, "close:%u:%.*s ", ws_close_code(f->data, f->len),
			f->len > 2 ? (int)f->len - 2 : 0, f->data + 2);
	else
		tell(r, "%s:%.*s ", r->reader.opcode == WS_PING ? "ping" : "pong", (int)f->len,
			f->data);
}

static void read_piece(struct reading *r, const char *data, size_t len)
{
	char *copy = malloc(len);        /* of just that size, for ASan to guard */
	size_t at = 0;

	memcpy(copy, data, len);
	while (at < len && !r->broken) {
		struct ws_found f;
		enum ws_event event = ws_reader_next(&r->reader, copy + at, len - at, &f);

		cr_assert_leq(f.used, len - at);
		cr_assert_gt(f.used, 0);
		at += f.used;
		if (event == WS_PIECE || event == WS_MESSAGE)
			keep(r, &f);
		if (event == WS_MESSAGE) {
			tell(r, "%s:%.*s ", f.is_text ? "text" : "binary", (int)r->message_len,
				r->message);
			r->message_len = 0;
		}
		if (event == WS_CONTROL)
			tell_control(r, &f);
		r->broken = event == WS_BROKEN;
		if (event == WS_MORE)
			cr_assert_eq(at, len);
	}
	if (r->broken)
		tell(r, "%u %s", r->reader.code, r->reader.why);
	free(copy);
}

static const char *story_of(const char *data, size_t len, size_t first, size_t by)
{
	static struct reading r;

	memset(&r, 0, sizeof(r));
	ws_reader_init(&r.reader, MAX_MESSAGE);
	for (size_t at = 0, n; at < len && !r.broken; at += n) {
		n = at == 0 && first ? first : by;
		n = len - at < n ? len - at : n;
		read_piece(&r, data + at, n);
	}
	return r.story;
}

/* Whole, byte by byte, and cut once at every byte. */
static void reads(const char *what, const char *data, size_t len, const char *story)
{
	cr_assert_str_eq(story_of(data, len, 0, len), story, "%s: got %s", what,
		story_of(data, len, 0, len));
	for (size_t cut = 1; cut < len; cut++)
		cr_assert_str_eq(story_of(data, len, cut, len), story, "%s, cut at %zu: got %s", what,
			cut, story_of(data, len, cut, len));
	cr_assert_str_eq(story_of(data, len, 0, 1), story, "%s, by byte", what);
}

/* ---- tables: a frame is its first two bytes, a mask of zeros, its payload ---- */

struct frame_case {
	const char *data;
	size_t      len;
	const char *story;
};

#define M "\0\0\0\0"
#define READS(bytes, story) { bytes, sizeof(bytes) - 1, story }

static void table(const struct frame_case *cases, size_t count)
{
	char what[16];

	for (size_t i = 0; i < count; i++) {
		snprintf(what, sizeof(what), "case %zu", i);
		reads(what, cases[i].data, cases[i].len, cases[i].story);
	}
}

#define TABLE(cases) table(cases, sizeof(cases) / sizeof(*(cases)))

Test(ws_frame, reads_messages)
{
	static const struct frame_case cases[] = {
		READS("\x81\x85" M "Hello", "text:Hello "),
		READS("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "text:Hello "),  /* RFC 6455, 5.7 */
		READS("\x82\x83" M "abc", "binary:abc "),
		READS("\x81\x80" M, "text: "),
		READS("\x82\x80" M, "binary: "),
		READS("\x82\x80" M "\x81\x81" M "a" "\x81\x80" M, "binary: text:a text: "),
		READS("\x81\x81" M "a" "\x82\x81" M "\xff", "text:a binary:\xff "),
	};

	TABLE(cases);
}

Test(ws_frame, joins_fragments)
{
	static const struct frame_case cases[] = {
		READS("\x01\x82" M "ab" "\x80\x81" M "c", "text:abc "),
		READS("\x02\x81" M "a" "\x00\x81" M "b" "\x80\x81" M "c", "binary:abc "),
		READS("\x01\x80" M "\x00\x80" M "\x80\x80" M, "text: "),
		READS("\x01\x80" M "\x00\x81" M "x" "\x80\x80" M, "text:x "),
		READS("\x01\x81" M "\xc3" "\x80\x81" M "\xa4", "text:\xc3\xa4 "),      /* inside a character */
		READS("\x01\x81" M "a" "\x89\x81" M "p" "\x80\x81" M "b", "ping:p text:ab "),
		READS("\x01\x81" M "\xc3" "\x8a\x81" M "\xff" "\x80\x81" M "\xa4", "pong:\xff text:\xc3\xa4 "),
		READS("\x01\x81" M "a" "\x88\x80" M, "close:1005: "),
	};

	TABLE(cases);
}

Test(ws_frame, reads_control_frames)
{
	static const struct frame_case cases[] = {
		READS("\x89\x80" M, "ping: "),
		READS("\x89\x84" M "ping", "ping:ping "),
		READS("\x8a\x80" M, "pong: "),
		READS("\x89\x81\xff\xff\xff\xff\x9e", "ping:a "),
		READS("\x88\x80" M, "close:1005: "),
		READS("\x88\x82" M "\x03\xe8", "close:1000: "),
		READS("\x88\x85" M "\x03\xe9" "bye", "close:1001:bye "),
		READS("\x88\x84" M "\x0f\xa0\xc3\xa4", "close:4000:\xc3\xa4 "),
	};

	TABLE(cases);
}

Test(ws_frame, refuses_what_the_rfc_refuses)
{
	static const struct frame_case cases[] = {
		/* 5.1: the client masks */
		READS("\x81\x05" "Hello", "1002 a frame without mask"),
		READS("\x89\x00", "1002 a frame without mask"),
		/* 5.2: reserved bits, opcodes, lengths */
		READS("\xc1\x80" M, "1002 a reserved bit is set"),
		READS("\xa1\x80" M, "1002 a reserved bit is set"),
		READS("\x91\x80" M, "1002 a reserved bit is set"),
		READS("\xf9\x80" M, "1002 a reserved bit is set"),
		READS("\x83\x80" M, "1002 unknown opcode"),
		READS("\x87\x80" M, "1002 unknown opcode"),
		READS("\x8b\x80" M, "1002 unknown opcode"),
		READS("\x8f\x80" M, "1002 unknown opcode"),
		READS("\x82\xfe\x00\x7d" M, "1002 a length in more bytes than it needs"),
		READS("\x82\xff\0\0\0\0\0\0\xff\xff" M, "1002 a length in more bytes than it needs"),
		READS("\x82\xff\0\0\0\0\0\0\0\0" M, "1002 a length in more bytes than it needs"),
		READS("\x82\xff\x80\0\0\0\0\0\0\0" M, "1002 a length over 63 bits"),
		READS("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff" M, "1002 a length over 63 bits"),
		/* 5.4: fragments */
		READS("\x80\x81" M "a", "1002 nothing to continue"),
		READS("\x00\x81" M "a", "1002 nothing to continue"),
		READS("\x81\x81" M "a" "\x80\x80" M, "text:a 1002 nothing to continue"),
		READS("\x01\x81" M "a" "\x81\x81" M "b", "1002 a message inside a message"),
		READS("\x01\x81" M "a" "\x02\x81" M "b", "1002 a message inside a message"),
		/* 5.5: control frames */
		READS("\x09\x80" M, "1002 a control frame in fragments"),
		READS("\x08\x80" M, "1002 a control frame in fragments"),
		READS("\x89\xfe\x00\x7e" M, "1002 a control frame over 125 bytes"),
		READS("\x88\xff\0\0\0\0\0\1\0\0" M, "1002 a control frame over 125 bytes"),
		/* 5.5.1, 7.4: closes */
		READS("\x88\x81" M "\x03", "1002 a close with half a code"),
		READS("\x88\x83" M "\x03\xe8\xff", "1007 the reason is not UTF-8"),
		READS("\x88\x83" M "\x03\xe8\xc3", "1007 the reason is not UTF-8"),
		/* 8.1: text */
		READS("\x81\x81" M "\xff", "1007 the text is not UTF-8"),
		READS("\x81\x81" M "\xc3", "1007 the text ends inside a character"),
		READS("\x01\x81" M "\xc3" "\x80\x81" M "a", "1007 the text is not UTF-8"),
		READS("\x01\x81" M "\xc3" "\x80\x80" M, "1007 the text ends inside a character"),
		/* what came before it was good */
		READS("\x81\x81" M "a" "\x82\x81" M "b" "\xff\xff", "text:a binary:b 1002 a reserved bit is set"),
	};

	TABLE(cases);
}

static void close_is(unsigned code, bool good)
{
	char frame[] = "\x88\x82" M "??", story[64];

	frame[6] = (char)(code >> 8);
	frame[7] = (char)code;
	snprintf(story, sizeof(story), good ? "close:%u: " : "1002 a close with a code that is none",
		code);
	cr_assert_str_eq(story_of(frame, sizeof(frame) - 1, 0, 100), story, "%u", code);
}

Test(ws_frame, knows_every_close_code)
{
	for (unsigned code = 0; code <= UINT16_MAX; code++)
		close_is(code, (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006))
			|| (code >= 3000 && code < 5000));
}

/* ---- sizes and masks ---- */

static size_t make(char *out, unsigned first, const char *payload, size_t len, const char *mask)
{
	size_t head = ws_head_write(out, first & 0x0f, len);

	out[0] = (char)first;
	out[1] = (char)(out[1] | 0x80);
	memcpy(out + head, mask, 4);
	for (size_t i = 0; i < len; i++)
		out[head + 4 + i] = (char)(payload[i] ^ mask[i % 4]);
	return head + 4 + len;
}

Test(ws_frame, reads_every_size_up_to_the_limit_and_none_over_it)
{
	char payload[MAX_MESSAGE + 2], frame[MAX_MESSAGE + 32], story[MAX_MESSAGE + 32];

	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (char)('a' + i % 26);
	for (size_t size = 0; size <= MAX_MESSAGE; size++) {
		size_t len = make(frame, 0x81, payload, size, "\x01\xfe\x80\x33");

		snprintf(story, sizeof(story), "text:%.*s ", (int)size, payload);
		for (size_t by = 1; by <= len; by += by < 20 ? 1 : 37)
			cr_assert_str_eq(story_of(frame, len, 0, by), story, "%zu by %zu", size, by);
	}
	size_t len = make(frame, 0x82, payload, MAX_MESSAGE + 1, M);
	reads("too big", frame, len, "1009 the message is too big");
	len = make(frame, 0x02, payload, MAX_MESSAGE, M);
	len += make(frame + len, 0x80, payload, 1, M);
	reads("too big in fragments", frame, len, "1009 the message is too big");
	reads("huge", "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff" M, 14, "1009 the message is too big");
	len = make(frame, 0x89, payload, 125, "\x80\x81\x82\x83");
	snprintf(story, sizeof(story), "ping:%.125s ", payload);
	reads("125 bytes", frame, len, story);
}

Test(ws_frame, writes_heads_that_are_as_short_as_can_be)
{
	static const struct { uint64_t size; size_t len; const char *head; } cases[] = {
		{ 0, 2, "\x82\x00" }, { 125, 2, "\x82\x7d" }, { 126, 4, "\x82\x7e\x00\x7e" },
		{ 65535, 4, "\x82\x7e\xff\xff" }, { 65536, 10, "\x82\x7f\0\0\0\0\0\1\0\0" },
		{ UINT64_C(0x123456789a), 10, "\x82\x7f\0\0\0\x12\x34\x56\x78\x9a" },
	};
	char out[WS_CONTROL_MOST];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cr_assert_eq(ws_head_write(out, WS_BINARY, cases[i].size), cases[i].len, "%zu", i);
		cr_assert_eq(memcmp(out, cases[i].head, cases[i].len), 0, "%zu", i);
	}
	cr_assert_eq(ws_close_write(out, 1001, "bye"), 5);
	cr_assert_eq(memcmp(out, "\x03\xe9" "bye", 5), 0);
	cr_assert_eq(ws_close_write(out, WS_NO_CODE, ""), 0);
}
