/* SPDX-License-Identifier: MIT */
/*
 * proxy_header.c - the header of the PROXY protocol, versions 1 and 2: bytes in, a verdict out.
 *
 *	PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 CR LF
 *
 *	 0          12    13    14     16
 *	+-----------+-----+-----+------+----------------------------+------
 *	| signature | 2 c | f p | rest | from, to, port, port       | TLVs   rest bytes in all
 *	+-----------+-----+-----+------+----------------------------+------
 *
 * Where the header names nobody whom a socket of ours could be connected to (a health check of the
 * proxy's own, an unknown protocol, datagrams, a UNIX socket) the socket's own peer holds.
 */
#include "proto/proxy_header.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

static enum proxy_verdict bad(struct proxy_header *h, const char *why)
{
	h->why = why;
	return PROXY_BAD;
}

static void take_v4(struct proxy_header *h, const void *ip, uint16_t port)
{
	h->told = true;
	h->peer = (struct addr){ .in = { .sin_family = AF_INET, .sin_port = port } };
	memcpy(&h->peer.in.sin_addr, ip, sizeof(h->peer.in.sin_addr));
}

/* An IPv4 address in IPv6 dress is told as what it is: nobody compares it with the other form. */
static void take_v6(struct proxy_header *h, const struct in6_addr *ip, uint16_t port)
{
	if (IN6_IS_ADDR_V4MAPPED(ip)) {
		take_v4(h, ip->s6_addr + 12, port);
		return;
	}
	h->told = true;
	h->peer = (struct addr){
		.in6 = { .sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = *ip } };
}

/* ---- version 1 ---- */

/* 2.1: decimal, 0 to 65535, no 0 in front.  In network order, or -1. */
static int read_port(const char *text)
{
	int port = 0;

	if (*text == '\0' || (text[0] == '0' && text[1] != '\0'))
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		port = port * 10 + (*text - '0');
		if (port > 65535)
			return -1;
	}
	return htons((uint16_t)port);
}

/* 2.1: exactly one space between two words.  line is "FROM TO PORT PORT". */
static enum proxy_verdict read_words(struct proxy_header *h, char *line, int family)
{
	struct in6_addr from, to;        /* has room for either */

	const char *from_word = strsep(&line, " ");
	const char *to_word = line ? strsep(&line, " ") : "";
	const char *port_word = line ? strsep(&line, " ") : "";
	int port = read_port(port_word);
	if (port < 0 || !line || read_port(line) < 0)
		return bad(h, "two addresses and two ports with one space between them are missing");
	if (inet_pton(family, from_word, &from) != 1 || inet_pton(family, to_word, &to) != 1)
		return bad(h, "an address is not one of the family that it names");
	if (family == AF_INET)
		take_v4(h, &from, (uint16_t)port);
	else
		take_v6(h, &from, (uint16_t)port);
	return PROXY_DONE;
}

/* A line without its CRLF. */
static enum proxy_verdict read_line(struct proxy_header *h, const char *data, size_t len)
{
	static const char unknown[] = "PROXY UNKNOWN", tcp4[] = "PROXY TCP4 ", tcp6[] = "PROXY TCP6 ";
	const size_t short_form = sizeof(unknown) - 1, before = sizeof(tcp4) - 1;
	char line[PROXY_LINE_MOST + 1];

	memcpy(line, data, len);
	line[len] = '\0';
	/* 2.1: the rest of the line is ignored. */
	if (strncmp(line, unknown, short_form) == 0 && (len == short_form || line[short_form] == ' '))
		return PROXY_DONE;
	if (memchr(line, '\0', len))
		return bad(h, "a zero byte is in it");
	if (strncmp(line, tcp4, before) == 0)
		return read_words(h, line + before, AF_INET);
	if (strncmp(line, tcp6, before) == 0)
		return read_words(h, line + before, AF_INET6);
	return bad(h, "its protocol is none of TCP4, TCP6 and UNKNOWN");
}

/* 2.1: nothing is read before the CRLF is there, and neither CR nor LF alone ends the line. */
static enum proxy_verdict parse_line(struct proxy_header *h, const char *data, size_t len)
{
	size_t end = 0;

	while (end < len && end < PROXY_LINE_MOST - 1 && data[end] != '\r' && data[end] != '\n')
		end++;
	if (end == PROXY_LINE_MOST - 1)
		return bad(h, "no CRLF is in its first 107 bytes");
	if (end == len)
		return PROXY_MORE;
	if (data[end] == '\n')
		return bad(h, "LF without CR before it");
	if (end + 1 == len)
		return PROXY_MORE;
	if (data[end + 1] != '\n')
		return bad(h, "CR without LF behind it");
	h->used = end + 2;
	return read_line(h, data, end);
}

/* ---- version 2 ---- */

enum { V2_HEAD = 16, V2_CRC32C = 3, V2_TLV_HEAD = 3 };
enum { V2_LOCAL, V2_PROXY };
enum { V2_UNSPEC, V2_INET, V2_INET6, V2_UNIX };
enum { V2_STREAM = 1, V2_DGRAM = 2 };

static size_t get16(const uint8_t *at)
{
	return (size_t)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | (uint32_t)get16(at + 2);
}

/* RFC 4960, appendix B, over len bytes of which the four at hole count as 0: 2.2.3. */
static uint32_t crc32c(const uint8_t *data, size_t len, size_t hole)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		crc ^= i - hole < 4 ? 0 : data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
	}
	return ~crc;
}

/* From at to the end of the header; all of it but the sum is skipped. */
static enum proxy_verdict read_tlvs(struct proxy_header *h, const uint8_t *data, size_t at)
{
	for (size_t size; at < h->used; at += V2_TLV_HEAD + size) {
		if (h->used - at < V2_TLV_HEAD)
			return bad(h, "a TLV is cut off");
		size = get16(data + at + 1);
		if (size > h->used - at - V2_TLV_HEAD)
			return bad(h, "a TLV is longer than the header");
		if (data[at] != V2_CRC32C)
			continue;
		size_t sum = at + V2_TLV_HEAD;
		if (size != 4 || get32(data + sum) != crc32c(data, h->used, sum))
			return bad(h, "its sum, CRC32c, is not right");
	}
	return PROXY_DONE;
}

static enum proxy_verdict read_addresses(struct proxy_header *h, const uint8_t *data)
{
	static const size_t sizes[] = {
		[V2_INET] = 2 * 4 + 2 * 2, [V2_INET6] = 2 * 16 + 2 * 2, [V2_UNIX] = 2 * 108,
	};
	const uint8_t *from = data + V2_HEAD;
	unsigned family = data[13] >> 4, transport = data[13] & 15;
	struct in6_addr ip;
	uint16_t port;

	if (family > V2_UNIX || transport > V2_DGRAM)
		return bad(h, "its family or transport is not known");
	if (family == V2_UNSPEC)
		return PROXY_DONE;       /* what follows is of no known form */
	if (h->used - V2_HEAD < sizes[family])
		return bad(h, "it is shorter than its addresses");
	if (family == V2_INET && transport == V2_STREAM) {
		memcpy(&port, from + 8, sizeof(port));
		take_v4(h, from, port);
	}
	if (family == V2_INET6 && transport == V2_STREAM) {
		memcpy(&ip, from, sizeof(ip));
		memcpy(&port, from + 32, sizeof(port));
		take_v6(h, &ip, port);
	}
	return read_tlvs(h, data, V2_HEAD + sizes[family]);
}

static enum proxy_verdict parse_block(struct proxy_header *h, const uint8_t *data, size_t len)
{
	if (len > 12 && (data[12] & 0xf0) != 0x20)
		return bad(h, "its version is not 2");
	if (len > 12 && (data[12] & 0x0f) > V2_PROXY)
		return bad(h, "its command is neither LOCAL nor PROXY");
	if (len < V2_HEAD)
		return PROXY_MORE;
	h->used = V2_HEAD + get16(data + 14);
	if (h->used > PROXY_HEADER_MOST)
		return bad(h, "it is longer than 4096 bytes");
	if (len < h->used)
		return PROXY_MORE;
	if ((data[12] & 0x0f) == V2_LOCAL)
		return PROXY_DONE;       /* 2.2: the block is skipped, its family too */
	return read_addresses(h, data);
}

/* ---- either ---- */

static bool begins_like(const char *data, size_t len, const char *signature, size_t size)
{
	return memcmp(data, signature, len < size ? len : size) == 0;
}

enum proxy_verdict proxy_header_parse(struct proxy_header *h, const char *data, size_t len)
{
	static const char v1[] = "PROXY ", v2[] = "\r\n\r\n\0\r\nQUIT\n";
	const size_t v1_size = sizeof(v1) - 1, v2_size = sizeof(v2) - 1;

	*h = (struct proxy_header){ .told = false };
	if (len == 0)
		return PROXY_MORE;
	if (begins_like(data, len, v1, v1_size))
		return len < v1_size ? PROXY_MORE : parse_line(h, data, len);
	if (begins_like(data, len, v2, v2_size))
		return len < v2_size ? PROXY_MORE : parse_block(h, (const uint8_t *)data, len);
	return bad(h, "it begins with no PROXY header");
}
