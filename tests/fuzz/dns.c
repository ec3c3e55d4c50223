/* SPDX-License-Identifier: MIT */
/*
 * dns.c - fuzzes the answers of examples/dns.c.
 *
 * Holds: nothing outside of the query is read; a reply is as long as was asked for at most, is a
 * reply to that query, and is whole: its counts are what is in it, each name in it is one; to a reply
 * there is none, so two servers do not go on for ever; by TCP nothing is cut.
 */
#include "../../examples/dns.c"

#include "must.h"

static struct zone zone = { .origin = "example.org" };

static void fill(void)
{
	char line[256];

	MUST(read_record(&zone, "example.org 300 A 192.0.2.1\n") == 0);
	MUST(read_record(&zone, "www.example.org 60 AAAA 2001:db8::1\n") == 0);
	MUST(read_record(&zone, "a.b.example.org 60 TXT some words\n") == 0);
	for (int i = 0; i < 8; i++) {
		snprintf(line, sizeof(line), "x.example.org 60 TXT %d %0150d", i, i);
		MUST(read_record(&zone, line) == 0);
	}
}

/* Behind the name at at; the name is whole. */
static const unsigned char *skip_name(const unsigned char *out, size_t len, const unsigned char *at)
{
	char name[1025];
	int n = dn_expand(out, out + len, at, name, sizeof(name));

	MUST(n > 0);
	return at + n;
}

static void must_be_whole(const unsigned char *out, size_t len)
{
	const unsigned char *at = out + HEAD, *end = out + len;

	MUST(get(out + 4) <= 1 && get(out + 8) == 0 && get(out + 10) <= 1);
	if (get(out + 4) > 0)
		at = skip_name(out, len, at) + 4;
	for (unsigned i = 0; i < get(out + 6) + get(out + 10); i++) {
		at = skip_name(out, len, at);
		MUST(end - at >= 10 && end - at >= 10 + (int)get(at + 8));
		at += 10 + get(at + 8);
	}
	MUST(at == end);
}

static void ask(const uint8_t *input, size_t size, size_t limit)
{
	unsigned char *query = malloc(size ? size : 1), out[TCP];        /* of just that size, for ASan */

	memcpy(query, input, size);
	size_t n = answer(&zone, query, size, out, limit);
	free(query);
	if (size < HEAD || (input[2] & 0x80)) {
		MUST(n == 0);
		return;
	}
	MUST(n >= HEAD && n <= (limit == PLAIN ? EDNS : TCP));
	MUST(limit != PLAIN || n <= PLAIN || get(out + 10) == 1);
	MUST(memcmp(out, input, 2) == 0 && (out[2] & 0x80));
	MUST(limit == PLAIN || !(out[2] & 2));
	MUST(!(out[2] & 2) || get(out + 6) == 0);
	must_be_whole(out, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	if (zone.count == 0)
		fill();
	ask(input, size, PLAIN);
	ask(input, size, TCP);
	return 0;
}
