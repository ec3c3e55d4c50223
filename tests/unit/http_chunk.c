/* SPDX-License-Identifier: MIT */
/*
 * http_chunk.c - bodies in the chunked coding, whole and a byte at a time.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/http_chunk.h"

struct outcome {
	enum http_chunk_event event;
	size_t used;
	size_t body_len;
	char   body[64];
};

/* Feeds at most step bytes a call.  Stops at the first event that is neither
 * data nor more, or at the end of the input. */
static struct outcome run(const char *data, size_t len, size_t step)
{
	struct outcome o = { .event = HTTP_CHUNK_MORE };
	struct http_chunk c;

	http_chunk_init(&c);
	while (o.used < len) {
		const char *piece;
		size_t used, piece_len, n = len - o.used < step ? len - o.used : step;

		o.event = http_chunk_next(&c, data + o.used, n, &used, &piece, &piece_len);
		cr_assert_leq(used, n);
		if (o.event == HTTP_CHUNK_DATA) {
			cr_assert_leq(o.body_len + piece_len, sizeof(o.body));
			memcpy(o.body + o.body_len, piece, piece_len);
			o.body_len += piece_len;
		}
		o.used += used;
		if (o.event == HTTP_CHUNK_END || o.event == HTTP_CHUNK_BAD)
			break;
	}
	return o;
}

static void decodes(const char *text, const char *body, size_t used)
{
	for (size_t step = 1; step <= strlen(text); step++) {
		struct outcome o = run(text, strlen(text), step);

		cr_assert_eq(o.event, HTTP_CHUNK_END, "%s, by %zu: event %d", text, step, o.event);
		cr_assert_eq(o.used, used, "%s, by %zu: used %zu", text, step, o.used);
		cr_assert_eq(o.body_len, strlen(body));
		cr_assert_eq(memcmp(o.body, body, o.body_len), 0);
	}
}

static void refuses_bytes(const char *text, size_t len)
{
	size_t used = run(text, len, len).used;

	for (size_t step = 1; step <= len; step++) {
		struct outcome o = run(text, len, step);

		cr_assert_eq(o.event, HTTP_CHUNK_BAD, "\"%s\", by %zu: event %d", text, step, o.event);
		cr_assert_eq(o.used, used);
	}
}

#define REFUSES(text) refuses_bytes(text, sizeof(text) - 1)

Test(http_chunk, chunks_are_joined)
{
	decodes("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", 26);
}

Test(http_chunk, an_empty_body_is_one_last_chunk)
{
	decodes("0\r\n\r\n", "", 5);
	decodes("0000000000000000\r\n\r\n", "", 20);
}

Test(http_chunk, what_follows_the_body_is_not_touched)
{
	decodes("1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "a", 11);
}

Test(http_chunk, data_may_look_like_anything)
{
	decodes("7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n", 17);
}

Test(http_chunk, digits_are_hexadecimal_in_either_case)
{
	decodes("a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n", "01234567890123456789a", 36);
}

Test(http_chunk, extensions_are_ignored)
{
	decodes("1;a=b;c=\"d e\"\r\nx\r\n0 \t;e\r\n\r\n", "x", 27);
}

Test(http_chunk, trailers_are_read_and_dropped)
{
	decodes("1\r\nx\r\n0\r\nA: b\r\nContent-Length: 5\r\nC:\r\n\r\n", "x", 40);
}

Test(http_chunk, a_bad_size_is_refused)
{
	REFUSES("\r\n");
	REFUSES(";a\r\n");
	REFUSES(" 1\r\na\r\n");
	REFUSES("0x1\r\na\r\n");
	REFUSES("-1\r\na\r\n");
	REFUSES("+1\r\na\r\n");
	REFUSES("g\r\n");
	REFUSES("1 \r\na\r\n");
	REFUSES("1 1\r\na\r\n");
	REFUSES("1,1\r\na\r\n");
	REFUSES("1_\r\n");
	REFUSES("\0" "1\r\n");
}

Test(http_chunk, a_size_over_INT64_MAX_is_refused)
{
	REFUSES("8000000000000000\r\n");
	REFUSES("ffffffffffffffff\r\n");
	REFUSES("10000000000000000\r\n");
	REFUSES("00000000000000001\r\na\r\n");
	cr_assert_eq(run("7fffffffffffffff\r\nabc", 21, 21).event, HTTP_CHUNK_DATA);
	cr_assert_eq(run("7fffffffffffffff\r\nabc", 21, 21).body_len, 3);
}

Test(http_chunk, a_line_ends_with_CRLF_only)
{
	REFUSES("1\na\r\n");
	REFUSES("1\r\r\n");
	REFUSES("1\ra");
	REFUSES("1;a\nb");
	REFUSES("1;a\rb");
	REFUSES("1;a\0\r\n");
	REFUSES("1;a\x7f\r\n");
	REFUSES("1\r\na\n");
	REFUSES("1\r\na\rb");
	REFUSES("0\r\n\n");
	REFUSES("0\r\n\ra");
	REFUSES("0\r\nA: b\n");
	REFUSES("0\r\nA: b\rc");
}

Test(http_chunk, data_longer_than_its_size_is_refused)
{
	REFUSES("1\r\nab\r\n");
	REFUSES("1\r\na0\r\n\r\n");
}

Test(http_chunk, a_bad_trailer_is_refused)
{
	REFUSES("0\r\nA\r\n\r\n");
	REFUSES("0\r\n: a\r\n\r\n");
	REFUSES("0\r\nA : b\r\n\r\n");
	REFUSES("0\r\nA: b\r\n c\r\n\r\n");
	REFUSES("0\r\nA: \0\r\n\r\n");
	REFUSES("0\r\n1\r\na\r\n");
}

Test(http_chunk, the_outcome_is_final)
{
	struct http_chunk c;
	const char *piece;
	size_t used, len;

	http_chunk_init(&c);
	cr_assert_eq(http_chunk_next(&c, "x", 1, &used, &piece, &len), HTTP_CHUNK_BAD);
	cr_assert_eq(http_chunk_next(&c, "0\r\n\r\n", 5, &used, &piece, &len), HTTP_CHUNK_BAD);
	cr_assert_eq(used, 0);
	http_chunk_init(&c);
	cr_assert_eq(http_chunk_next(&c, "0\r\n\r\n", 5, &used, &piece, &len), HTTP_CHUNK_END);
	cr_assert_eq(http_chunk_next(&c, "x", 1, &used, &piece, &len), HTTP_CHUNK_END);
	cr_assert_eq(used, 0);
}

Test(http_chunk, what_is_given_back_comes_again)
{
	const char *text = "3\r\nabc\r\n0\r\n\r\n", *piece;
	struct http_chunk c;
	size_t used, len;

	http_chunk_init(&c);
	cr_assert_eq(http_chunk_next(&c, text, 14, &used, &piece, &len), HTTP_CHUNK_DATA);
	cr_assert_eq(len, 3);
	http_chunk_give_back(&c, 3);
	cr_assert_eq(http_chunk_next(&c, text + 3, 2, &used, &piece, &len), HTTP_CHUNK_DATA);
	cr_assert_eq(len, 2);
	http_chunk_give_back(&c, 1);
	cr_assert_eq(http_chunk_next(&c, text + 4, 10, &used, &piece, &len), HTTP_CHUNK_DATA);
	cr_assert_eq(len, 2);
	cr_assert_eq(http_chunk_next(&c, text + 6, 7, &used, &piece, &len), HTTP_CHUNK_END);
	cr_assert_eq(used, 7);
}

Test(http_chunk, nothing_gives_more)
{
	struct http_chunk c;
	const char *piece;
	size_t used, len;

	http_chunk_init(&c);
	cr_assert_eq(http_chunk_next(&c, "", 0, &used, &piece, &len), HTTP_CHUNK_MORE);
	cr_assert_eq(used, 0);
	cr_assert_eq(len, 0);
}

static enum http_chunk_event feed(struct http_chunk *c, const char *data, size_t len)
{
	const char *piece;
	size_t used, piece_len;

	return http_chunk_next(c, data, len, &used, &piece, &piece_len);
}

/* What is fed comes as often as the line needs. */
static enum http_chunk_event feed_many(struct http_chunk *c, char byte, size_t times)
{
	enum http_chunk_event event = HTTP_CHUNK_MORE;

	while (times-- > 0)
		event = feed(c, &byte, 1);
	return event;
}

Test(http_chunk, a_line_of_4096_bytes_is_the_longest)
{
	struct http_chunk c;

	http_chunk_init(&c);
	cr_assert_eq(feed(&c, "1;", 2), HTTP_CHUNK_MORE);
	cr_assert_eq(feed_many(&c, 'x', 4094), HTTP_CHUNK_MORE);
	cr_assert_eq(feed(&c, "\r\n", 2), HTTP_CHUNK_MORE);
	http_chunk_init(&c);
	feed(&c, "1;", 2);
	cr_assert_eq(feed_many(&c, 'x', 4095), HTTP_CHUNK_BAD);
	http_chunk_init(&c);
	feed(&c, "0\r\nA:", 5);
	cr_assert_eq(feed_many(&c, 'x', 4095), HTTP_CHUNK_BAD);
}

/* Feeds the same lines until they are refused.  Gives how often they were not. */
static int rounds(const char *begin, const char *lines)
{
	struct http_chunk c;
	int n = 0;

	http_chunk_init(&c);
	feed(&c, begin, strlen(begin));
	for (; n < 100000; n++)
		for (const char *at = lines; *at; at++)
			if (feed(&c, at, 1) == HTTP_CHUNK_BAD)
				return n;
	return n;
}

Test(http_chunk, extensions_and_trailers_are_bounded_in_sum)
{
	cr_assert_eq(rounds("", "1;ext\r\na\r\n"), 16384 / 4);
	cr_assert_eq(rounds("0\r\n", "A: bcdef\r\n"), 16384 / 8);
}

Test(http_chunk, small_chunks_are_not_bounded)
{
	cr_assert_eq(rounds("", "1\r\na\r\n"), 100000);
}
