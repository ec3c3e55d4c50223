/* SPDX-License-Identifier: MIT */
/*
 * message.c - what is sent and what has to come back.
 *
 * Every answer to the same request has the same length, so that a load that counts bytes needs no
 * parser: the first one is read with care, and of the others the beginning is compared.
 */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bare/bare.h"

#define STATUS	 "HTTP/1.1 200"
#define HEAD_END "\r\n\r\n"

enum { MOST_REQUEST = 8192, MOST_ANSWER = 1 << 20, WS_BINARY = 0x82, WS_MASKED = 0x80 };

static void *allocate(size_t size)
{
	void *memory = calloc(1, size);
	if (memory == NULL)
		bare_fail("calloc");
	return memory;
}

static _Noreturn void refuse(const char *what)
{
	fprintf(stderr, "load: %s\n", what);
	exit(EXIT_FAILURE);
}

/* depth times the same. */
static void set_out(struct message *m, const char *one, size_t size, unsigned depth)
{
	m->out_size = size * depth;
	m->out = allocate(m->out_size);
	for (unsigned i = 0; i < depth; i++)
		memcpy(m->out + i * size, one, size);
	m->batch_size = m->answer_size * depth;
}

/* The size of the answer at bytes, 0: not whole yet. */
static size_t whole_answer(const char *bytes, size_t len)
{
	const char *end = memmem(bytes, len, HEAD_END, sizeof(HEAD_END) - 1);
	if (end == NULL)
		return 0;
	char head[MOST_REQUEST];
	snprintf(head, sizeof(head), "%.*s", (int)(end - bytes), bytes);
	const char *field = strcasestr(head, "\r\ncontent-length:");
	if (field == NULL)
		refuse("the answer has no Content-Length");
	size_t body = strtoul(field + sizeof("\r\ncontent-length:") - 1, NULL, 10);
	size_t size = (size_t)(end - bytes) + sizeof(HEAD_END) - 1 + body;
	return size <= len ? size : 0;
}

/* One request on a connection of its own, which is never resumed. */
static void learn_answer(
	struct message *m, const struct load_plan *plan, const char *request, size_t request_size)
{
	struct load_plan plain = *plan;
	struct wire wire = {.fd = -1};
	size_t used = 0;
	ssize_t got;

	if (plain.tls == LOAD_RESUMED)
		plain.tls = LOAD_FULL;
	m->answer = allocate(MOST_ANSWER);
	if (wire_open(&wire, &plain) != 0 || !wire_is_open(&wire))
		bare_fail("connect");
	wire_set_blocking(&wire, true);
	if (wire_shake(&wire, &plain) != 1 || wire_send(&wire, request, request_size) != 0)
		refuse("the first request could not be sent");
	do {
		got = wire_receive(&wire, m->answer + used, MOST_ANSWER - used);
		if (got <= 0)
			refuse("the first answer did not come");
		used += (size_t)got;
		m->answer_size = whole_answer(m->answer, used);
	} while (m->answer_size == 0);
	wire_free(&wire);
	m->checked = sizeof(STATUS) - 1;
	if (strncmp(m->answer, STATUS, m->checked) != 0) {
		fprintf(stderr, "load: the first answer is %.*s\n", (int)strcspn(m->answer, "\r\n"),
			m->answer);
		exit(EXIT_FAILURE);
	}
}

void message_init_http(struct message *m, const struct load_plan *plan, const char *file)
{
	char request[MOST_REQUEST];
	FILE *in = fopen(file, "r");

	if (in == NULL)
		bare_fail(file);
	size_t size = fread(request, 1, sizeof(request), in);
	fclose(in);
	learn_answer(m, plan, request, size);
	set_out(m, request, size, plan->depth);
}

/* Bytes without a short period, so that a lost or doubled piece is seen. */
static void fill(char *bytes, size_t size)
{
	uint32_t x = 1;
	for (size_t i = 0; i < size; i++) {
		x = x * 1664525 + 1013904223;
		bytes[i] = (char)(x >> 24);
	}
}

/* One frame for each side; the mask is the same for all, which costs a server the same. */
static void frame(struct message *m, size_t bytes, unsigned depth)
{
	static const char mask[4] = {0x12, 0x34, 0x56, 0x78};
	char out[MOST_REQUEST];

	m->answer_size = bytes + 2;
	m->answer = allocate(m->answer_size);
	m->answer[0] = (char)WS_BINARY;
	m->answer[1] = (char)bytes;
	fill(m->answer + 2, bytes);
	out[0] = (char)WS_BINARY;
	out[1] = (char)(WS_MASKED | bytes);
	memcpy(out + 2, mask, sizeof(mask));
	for (size_t i = 0; i < bytes; i++)
		out[6 + i] = m->answer[2 + i] ^ mask[i % sizeof(mask)];
	set_out(m, out, bytes + 6, depth);
}

void message_init_bytes(struct message *m, const struct load_plan *plan, size_t bytes)
{
	if (plan->kind == LOAD_WS) {
		frame(m, bytes, plan->depth);
	} else {
		m->answer_size = bytes;
		m->answer = allocate(bytes);
		fill(m->answer, bytes);
		set_out(m, m->answer, bytes, plan->depth);
	}
	m->checked = m->answer_size;
}

bool message_fits(const struct message *m, size_t position, const char *bytes, size_t len)
{
	if (len > m->batch_size - position)
		return false;
	while (len > 0) {
		size_t at = position % m->answer_size;
		size_t part = m->answer_size - at < len ? m->answer_size - at : len;
		if (at < m->checked) {
			size_t compared = m->checked - at < part ? m->checked - at : part;
			if (memcmp(bytes, m->answer + at, compared) != 0)
				return false;
		}
		position += part;
		bytes += part;
		len -= part;
	}
	return true;
}
