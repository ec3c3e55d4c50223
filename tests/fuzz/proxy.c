/* SPDX-License-Identifier: MIT */
/*
 * proxy.c - fuzzes proxy_header_parse().
 *
 * Holds: nothing outside of the input is read; a header ends in what there is; byte by byte it is
 * MORE until its last byte, so all that was seen is its own; once BAD it is BAD for ever; what
 * follows changes nothing; what a line tells is what a second opinion, sscanf(3), sees in it.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "must.h"
#include "proto/proxy_header.h"

static enum proxy_verdict parse(struct proxy_header *h, const uint8_t *input, size_t len)
{
	char *copy = malloc(len ? len : 1);      /* of just that size, for ASan to guard */

	memcpy(copy, input, len);
	enum proxy_verdict v = proxy_header_parse(h, copy, len);
	free(copy);
	if (v == PROXY_DONE)
		MUST(h->used > 0 && h->used <= len && h->used <= PROXY_HEADER_MOST);
	if (v == PROXY_DONE && h->told)
		MUST(h->peer.sa.sa_family == AF_INET || h->peer.sa.sa_family == AF_INET6);
	if (v == PROXY_BAD)
		MUST(h->why && *h->why);
	return v;
}

/* Of a line that was good: its addresses and ports, read in another way and written anew. */
static void must_tell(const struct proxy_header *h, const uint8_t *input)
{
	char line[PROXY_LINE_MOST + 1] = "", family[8], from[64], to[64], again[256], text[ADDR_TEXT];
	unsigned from_port, to_port;

	MUST(h->used <= PROXY_LINE_MOST);
	memcpy(line, input, h->used);
	if (!h->told) {
		MUST(strncmp(line, "PROXY UNKNOWN", 13) == 0);
		return;
	}
	MUST(sscanf(line, "PROXY %7s %63s %63s %u %u", family, from, to, &from_port, &to_port) == 5);
	snprintf(again, sizeof(again), "PROXY %s %s %s %u %u\r\n", family, from, to, from_port, to_port);
	MUST(strcmp(again, line) == 0 && from_port <= 65535 && to_port <= 65535);
	MUST(addr_port(&h->peer) == (int)from_port);
	addr_format(&h->peer, text);
	if (h->peer.sa.sa_family == AF_INET6)
		MUST(strcmp(family, "TCP6") == 0);
	else
		MUST(strcmp(family, "TCP6") == 0 || strncmp(text, from, strlen(from)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct proxy_header whole, part;
	enum proxy_verdict v = parse(&whole, input, size);
	size_t known = size;     /* bytes that decide */

	if (v == PROXY_DONE) {
		known = whole.used;
		MUST(parse(&part, input, known) == PROXY_DONE && part.used == known);
		MUST(part.told == whole.told && memcmp(&part.peer, &whole.peer, sizeof(part.peer)) == 0);
	}
	if (v == PROXY_DONE && input[0] == 'P')
		must_tell(&whole, input);
	bool bad = false;
	for (size_t len = 0; len < known && len < 512; len++) {
		enum proxy_verdict now = parse(&part, input, len);
		MUST(now != PROXY_DONE && (!bad || now == PROXY_BAD));
		bad = now == PROXY_BAD;
	}
	MUST(!bad || v == PROXY_BAD);
	return 0;
}
