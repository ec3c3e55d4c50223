/* SPDX-License-Identifier: MIT */
/*
 * network.c - a set of addresses as people write it: 10.0.0.0/8, 127.0.0.1, ::1/128.
 */
#include "sys/network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { BITS = 128, MAPPED = 96 };

static const uint8_t mapped[MAPPED / 8] = { [10] = 0xff, [11] = 0xff };

static void map(uint8_t out[16], const struct in_addr *ip)
{
	memcpy(out, mapped, sizeof(mapped));
	memcpy(out + sizeof(mapped), ip, sizeof(*ip));
}

static bool is_mapped(const uint8_t address[16])
{
	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

/* Takes away what is not among the first bits. */
static void mask(uint8_t address[16], unsigned bits)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned here = bits > i * 8 ? bits - i * 8 : 0;
		if (here < 8)
			address[i] &= (uint8_t)(0xff00 >> here);
	}
}

static int refuse(const char **why, const char *sentence)
{
	*why = sentence;
	return -1;
}

/* Decimal, without a sign, a blank or a 0 in front; -1 if it is not, or is over most. */
static int parse_bits(const char *text, int most)
{
	int bits = 0;

	if (*text == '\0' || (text[0] == '0' && text[1] != '\0'))
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		bits = bits * 10 + (*text - '0');
		if (bits > most)
			return -1;
	}
	return bits;
}

/* Gives the first bit that may be counted of the family, or -1. */
static int parse_address(const char *text, uint8_t out[16])
{
	struct in_addr ip;

	if (inet_pton(AF_INET, text, &ip) == 1) {
		map(out, &ip);
		return MAPPED;
	}
	return inet_pton(AF_INET6, text, out) == 1 ? 0 : -1;
}

/* Something stands behind the bits that count: which of the two was meant? */
static int refuse_rest(const struct network *n, int first, const char **why)
{
	static char sentence[160];
	char text[INET6_ADDRSTRLEN];

	inet_ntop(first == MAPPED ? AF_INET : AF_INET6, n->address + (first == MAPPED ? 12 : 0), text,
		sizeof(text));
	snprintf(sentence, sizeof(sentence),
		"the address has more bits than that; write %s/%u, or the address alone", text,
		n->bits - (unsigned)first);
	return refuse(why, sentence);
}

int network_parse(const char *text, struct network *out, const char **why)
{
	char address[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "/");
	uint8_t whole[16];

	if (len >= sizeof(address))
		return refuse(why, "no address; write 10.0.0.0/8, 192.0.2.1 or 2001:db8::/32");
	memcpy(address, text, len);
	address[len] = '\0';
	int first = parse_address(address, whole);
	if (first < 0)
		return refuse(why, "no address; write 10.0.0.0/8, 192.0.2.1 or 2001:db8::/32");
	int bits = text[len] == '\0' ? BITS - first : parse_bits(text + len + 1, BITS - first);
	if (bits < 0)
		return refuse(why, first == MAPPED ? "an IPv4 network has /0 to /32"
						   : "an IPv6 network has /0 to /128");
	out->bits = (unsigned)(first + bits);
	memcpy(out->address, whole, sizeof(whole));
	mask(out->address, out->bits);
	return memcmp(out->address, whole, sizeof(whole)) == 0 ? 0 : refuse_rest(out, first, why);
}

bool network_has(const struct network *list, size_t count, const struct addr *a)
{
	uint8_t whole[16], part[16];

	if (a->sa.sa_family == AF_INET)
		map(whole, &a->in.sin_addr);
	else
		memcpy(whole, &a->in6.sin6_addr, sizeof(whole));
	for (size_t i = 0; i < count; i++) {
		if (is_mapped(whole) && list[i].bits < MAPPED)
			continue;
		memcpy(part, whole, sizeof(part));
		mask(part, list[i].bits);
		if (memcmp(part, list[i].address, sizeof(part)) == 0)
			return true;
	}
	return false;
}
