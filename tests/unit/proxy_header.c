/* SPDX-License-Identifier: MIT */
/*
 * proxy_header.c - proto/proxy_header.c: a table of headers, each with the section of
 * proxy-protocol.txt that decides it, whole and cut at every byte.
 */
#include "proto/proxy_header.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

TestSuite(proxy_header);

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\xc0\x00\x02\x07" "\xc6\x33\x64\x01" "\x12\x67" "\x01\xbb"
#define V6 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07" "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"      \
	"\x12\x67" "\x01\xbb"
#define MAPPED "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x07" "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc6\x33\x64\x01" \
	"\x12\x67" "\x01\xbb"
#define X12 "xxxxxxxxxxxx"
#define X108 X12 X12 X12 X12 X12 X12 X12 X12 X12
/* Hosts at the longest: 39 characters. */
#define LONG "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

static const char OWN[] = "own", MORE[] = "more", BAD[] = "bad";

static const struct {
	const char *section, *bytes;
	size_t      len;
	const char *says;        /* who the client is; OWN: who the socket says; MORE; BAD */
} table[] = {
#define CASE(section, bytes, says) { section, bytes, sizeof(bytes) - 1, says }
	/* version 1 */
	CASE("2.1", "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n", "192.0.2.7:4711"),
	CASE("2.1 longest", "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
		"255.255.255.255:65535"),
	CASE("2.1 port 0", "PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0:0"),
	CASE("2.1", "PROXY TCP6 2001:db8::7 2001:DB8::1 4711 443\r\n", "[2001:db8::7]:4711"),
	CASE("2.1 longest", "PROXY TCP6 " LONG " " LONG " 65535 65535\r\n",
		"[" LONG "]:65535"),
	CASE("2.1 as HAProxy has it", "PROXY TCP6 ::ffff:192.0.2.7 ::ffff:192.0.2.1 4711 443\r\n",
		"192.0.2.7:4711"),
	CASE("2.1 short form", "PROXY UNKNOWN\r\n", OWN),
	CASE("2.1 longest of all", "PROXY UNKNOWN " LONG " " LONG " 65535 65535\r\n", OWN),
	CASE("2.1 the rest is ignored", "PROXY UNKNOWN \0 and what  not \r\n", OWN),
	CASE("2.1 nothing yet", "", MORE),
	CASE("2.1", "P", MORE),
	CASE("2.1", "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r", MORE),
	CASE("2.1 exactly one space", "PROXY  TCP4 192.0.2.7 198.51.100.1 4711 443\r\n", BAD),
	CASE("2.1 exactly one space", "PROXY TCP4  192.0.2.7 198.51.100.1 4711 443\r\n", BAD),
	CASE("2.1 exactly one space", "PROXY TCP4 192.0.2.7  198.51.100.1 4711 443\r\n", BAD),
	CASE("2.1 exactly one space", "PROXY TCP4 192.0.2.7 198.51.100.1 4711  443\r\n", BAD),
	CASE("2.1 no space at the end", "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443 \r\n", BAD),
	CASE("2.1 a space", "PROXY\tTCP4 192.0.2.7 198.51.100.1 4711 443\r\n", BAD),
	CASE("2.1 a space", "PROXY TCP4\t192.0.2.7 198.51.100.1 4711 443\r\n", BAD),
	CASE("2.1 too few words", "PROXY TCP4 192.0.2.7 198.51.100.1 4711\r\n", BAD),
	CASE("2.1 too few words", "PROXY TCP4 192.0.2.7\r\n", BAD),
	CASE("2.1 too few words", "PROXY TCP4 \r\n", BAD),
	CASE("2.1 too few words", "PROXY TCP4\r\n", BAD),
	CASE("2.1 too few words", "PROXY \r\n", BAD),
	CASE("2.1 too many words", "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443 1\r\n", BAD),
	CASE("2.1 UNKNOWN is a word", "PROXY UNKNOWNS\r\n", BAD),
	CASE("2.1 UNKNOWN is a word", "PROXY UNKNOWN\0\r\n", BAD),
	CASE("2.1 protocols", "PROXY UDP4 192.0.2.7 198.51.100.1 4711 443\r\n", BAD),
	CASE("2.1 protocols", "PROXY TCP5 192.0.2.7 198.51.100.1 4711 443\r\n", BAD),
	CASE("2.1 protocols", "PROXY tcp4 192.0.2.7 198.51.100.1 4711 443\r\n", BAD),
	CASE("2.1 \"PROXY\"", "proxy TCP4 192.0.2.7 198.51.100.1 4711 443\r\n", BAD),
	CASE("2.1 the family dictates", "PROXY TCP6 192.0.2.7 198.51.100.1 4711 443\r\n", BAD),
	CASE("2.1 the family dictates", "PROXY TCP4 2001:db8::7 2001:db8::1 4711 443\r\n", BAD),
	CASE("2.1 the same family", "PROXY TCP4 192.0.2.7 2001:db8::1 4711 443\r\n", BAD),
	CASE("2.1 4 integers", "PROXY TCP4 192.0.7 198.51.100.1 4711 443\r\n", BAD),
	CASE("2.1 4 integers", "PROXY TCP4 192.0.2.7.1 198.51.100.1 4711 443\r\n", BAD),
	CASE("2.1 0..255", "PROXY TCP4 192.0.2.256 198.51.100.1 4711 443\r\n", BAD),
	CASE("2.1 heading zeroes", "PROXY TCP4 192.0.2.07 198.51.100.1 4711 443\r\n", BAD),
	CASE("2.1 decimal", "PROXY TCP4 0xc0.0.2.7 198.51.100.1 4711 443\r\n", BAD),
	CASE("2.1 addresses", "PROXY TCP4 localhost 198.51.100.1 4711 443\r\n", BAD),
	CASE("2.1 one double colon", "PROXY TCP6 2001::7::1 2001:db8::1 4711 443\r\n", BAD),
	CASE("2.1 128 bits", "PROXY TCP6 1:2:3:4:5:6:7 2001:db8::1 4711 443\r\n", BAD),
	CASE("2.1 no zone", "PROXY TCP6 fe80::1%lo 2001:db8::1 4711 443\r\n", BAD),
	CASE("2.1 no brackets", "PROXY TCP6 [::1] ::1 4711 443\r\n", BAD),
	CASE("2.1 0..65535", "PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n", BAD),
	CASE("2.1 0..65535", "PROXY TCP4 192.0.2.7 198.51.100.1 4294967297 443\r\n", BAD),
	CASE("2.1 0..65535", "PROXY TCP4 192.0.2.7 198.51.100.1 4711 99999999999999999999\r\n", BAD),
	CASE("2.1 0..65535", "PROXY TCP4 192.0.2.7 198.51.100.1 -1 443\r\n", BAD),
	CASE("2.1 decimal", "PROXY TCP4 192.0.2.7 198.51.100.1 +80 443\r\n", BAD),
	CASE("2.1 decimal", "PROXY TCP4 192.0.2.7 198.51.100.1 4711 0x50\r\n", BAD),
	CASE("2.1 heading zeroes", "PROXY TCP4 192.0.2.7 198.51.100.1 04711 443\r\n", BAD),
	CASE("2.1 heading zeroes", "PROXY TCP4 192.0.2.7 198.51.100.1 4711 00\r\n", BAD),
	CASE("2.1 a zero byte", "PROXY TCP4 192.0.2.7\0 198.51.100.1 4711 443\r\n", BAD),
	CASE("2.1 a zero byte", "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\0\r\n", BAD),
	CASE("2.1 LF alone", "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\n", BAD),
	CASE("2.1 CR alone", "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\rG", BAD),
	CASE("2.1 CR CR LF", "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\r\n", BAD),
	CASE("2.1 LF alone", "PROXY UNKNOWN a\nb\r\n", BAD),
	CASE("2.1 106 bytes of 107", "PROXY UNKNOWN " LONG " " LONG " 65535 6553\r\n", OWN),
	CASE("2.1 108 bytes", "PROXY UNKNOWN " LONG " " LONG " 65535 65535x\r\n", BAD),
	CASE("2.1 no CRLF in 107 bytes", "PROXY UNKNOWN " LONG " " LONG " 65535 65535x", BAD),

	/* version 2 */
	CASE("2.2 \\x11", SIGNATURE "\x21\x11\0\x0c" V4, "192.0.2.7:4711"),
	CASE("2.2 \\x21", SIGNATURE "\x21\x21\0\x24" V6, "[2001:db8::7]:4711"),
	CASE("2.2 IPv4 in IPv6 dress", SIGNATURE "\x21\x21\0\x24" MAPPED, "192.0.2.7:4711"),
	CASE("2.2 LOCAL", SIGNATURE "\x20\x00\0\0", OWN),
	CASE("2.2 LOCAL, family ignored", SIGNATURE "\x20\x11\0\x0c" V4, OWN),
	CASE("2.2 LOCAL, family ignored", SIGNATURE "\x20\xff\0\x03" "abc", OWN),
	CASE("2.2 LOCAL, skipped by its length", SIGNATURE "\x20\x00\0\x05" "\x01\xff\xff" "ab", OWN),
	CASE("2.2 UNSPEC", SIGNATURE "\x21\x00\0\0", OWN),
	CASE("2.2 UNSPEC, skipped by its length", SIGNATURE "\x21\x00\0\x03" "abc", OWN),
	CASE("2.2 AF_UNSPEC", SIGNATURE "\x21\x01\0\x0c" V4, OWN),
	CASE("2.2 UNSPEC transport", SIGNATURE "\x21\x10\0\x0c" V4, OWN),
	CASE("2.2 UDP falls back to UNSPEC", SIGNATURE "\x21\x12\0\x0c" V4, OWN),
	CASE("2.2 UDP falls back to UNSPEC", SIGNATURE "\x21\x22\0\x24" V6, OWN),
	CASE("2.2 UNIX falls back to UNSPEC", SIGNATURE "\x21\x31\0\xd8" X108 X108, OWN),
	CASE("2.2 UNIX falls back to UNSPEC", SIGNATURE "\x21\x32\0\xd8" X108 X108, OWN),
	CASE("2.2 TLVs", SIGNATURE "\x21\x11\0\x12" V4 "\x04\0\x03" "abc", "192.0.2.7:4711"),
	CASE("2.2 TLVs", SIGNATURE "\x21\x11\0\x15" V4 "\x04\0\x00" "\xe0\0\x00" "\x02\0\x00",
		"192.0.2.7:4711"),
	CASE("2.2 TLVs behind UNIX", SIGNATURE "\x21\x31\0\xdb" X108 X108 "\x04\0\0", OWN),
	CASE("2.2.3", SIGNATURE "\x21\x11\0\x13" V4 "\x03\0\x04" "\x6a\xcd\xf6\x1c", "192.0.2.7:4711"),
	CASE("2.2.3", SIGNATURE "\x21\x11\0\x13" V4 "\x03\0\x04" "\x6a\xcd\xf6\x1d", BAD),
	CASE("2.2.3", SIGNATURE "\x21\x11\0\x11" V4 "\x03\0\x02" "\x6a\xcd", BAD),
	CASE("2.2 a TLV over the end", SIGNATURE "\x21\x11\0\x10" V4 "\x04\0\x02" "a", BAD),
	CASE("2.2 a TLV over the end", SIGNATURE "\x21\x11\0\x10" V4 "\x04\xff\xff" "a", BAD),
	CASE("2.2 a TLV cut off", SIGNATURE "\x21\x11\0\x0e" V4 "\x04\0", BAD),
	CASE("2.2 too short", SIGNATURE "\x21\x11\0\x0b" "abcdefghijk", BAD),
	CASE("2.2 too short", SIGNATURE "\x21\x21\0\x0c" V4, BAD),
	CASE("2.2 too short", SIGNATURE "\x21\x31\0\x0c" V4, BAD),
	CASE("2.2 version", SIGNATURE "\x11", BAD),
	CASE("2.2 version", SIGNATURE "\x31\x11\0\x0c" V4, BAD),
	CASE("2.2 version", SIGNATURE "\x01\x11\0\x0c" V4, BAD),
	CASE("2.2 command", SIGNATURE "\x22\x11\0\x0c" V4, BAD),
	CASE("2.2 command", SIGNATURE "\x2f", BAD),
	CASE("2.2 family", SIGNATURE "\x21\x41\0\x0c" V4, BAD),
	CASE("2.2 transport", SIGNATURE "\x21\x13\0\x0c" V4, BAD),
	CASE("2.2 signature", "\r\n\r\n\0\r\nQUIT\r", BAD),
	CASE("2.2 signature", "\r\n\r\n\r\nQUIT\n", BAD),
	CASE("2.2 half", SIGNATURE "\x21\x11\0\x0c" "\xc0\x00\x02\x07", MORE),
	CASE("2.2 half", SIGNATURE "\x21\x11\x0f\xf0", MORE),
	CASE("more than we take", SIGNATURE "\x21\x11\x0f\xf1", BAD),
	CASE("more than we take", SIGNATURE "\x20\x00\xff\xff", BAD),

	/* neither */
	CASE("2 not guessed", "GET / HTTP/1.1\r\n", BAD),
	CASE("2 not guessed", "P" "OST / HTTP/1.1\r\n", BAD),
	CASE("2 not guessed", "PRI * HTTP/2.0\r\n", BAD),
	CASE("2 not guessed", "\x16\x03\x01\x02\x00\x01", BAD),
	CASE("2 not guessed", "\r\nGET / HTTP/1.1\r\n", BAD),
	CASE("2 not guessed", "\0", BAD),
	CASE("2 not guessed", " PROXY", BAD),
};

enum { CASES = sizeof(table) / sizeof(*table) };

/* What it says of them, in a copy that AddressSanitizer guards. */
static const char *verdict_of(const char *bytes, size_t len, size_t *used)
{
	static char text[ADDR_TEXT];
	struct proxy_header h;
	char *copy = malloc(len ? len : 1);

	memcpy(copy, bytes, len);
	enum proxy_verdict v = proxy_header_parse(&h, copy, len);
	free(copy);
	*used = h.used;
	if (v == PROXY_BAD)
		cr_assert(h.why && *h.why);
	if (v == PROXY_DONE)
		return h.told ? addr_format(&h.peer, text) : OWN;
	return v == PROXY_MORE ? MORE : BAD;
}

Test(proxy_header, says_what_the_specification_says)
{
	size_t used;

	for (size_t i = 0; i < CASES; i++) {
		const char *says = verdict_of(table[i].bytes, table[i].len, &used);
		cr_expect_str_eq(says, table[i].says, "case %zu, %s: %s", i, table[i].section, says);
		if (says != MORE && says != BAD)
			cr_expect_eq(used, table[i].len, "case %zu, %s", i, table[i].section);
	}
}

/* However it is cut: MORE until the last byte of a good one, and of a bad one until it is known. */
Test(proxy_header, is_the_same_byte_by_byte)
{
	size_t used;

	for (size_t i = 0; i < CASES; i++) {
		bool bad = strcmp(table[i].says, BAD) == 0, known = false;
		for (size_t len = 0; len < table[i].len; len++) {
			const char *says = verdict_of(table[i].bytes, len, &used);
			known = known || says == BAD;
			cr_expect(says == (known ? BAD : MORE), "case %zu, %s, %zu bytes: %s", i,
				table[i].section, len, says);
		}
		cr_expect(bad || !known, "case %zu, %s", i, table[i].section);
	}
}

/* Whatever stands behind it is not looked at and not taken. */
Test(proxy_header, ends_where_it_ends)
{
	static const char *const tails[] = { "\r\n", "GET / HTTP/1.1\r\n\r\n", "PROXY ", "\x16\x03\x01" };
	char all[1024];
	size_t used;

	for (size_t i = 0; i < CASES; i++)
		for (size_t t = 0; t < sizeof(tails) / sizeof(*tails); t++) {
			if (strcmp(table[i].says, MORE) == 0)
				continue;
			memcpy(all, table[i].bytes, table[i].len);
			memcpy(all + table[i].len, tails[t], strlen(tails[t]));
			const char *says = verdict_of(all, table[i].len + strlen(tails[t]), &used);
			cr_expect_str_eq(says, table[i].says, "case %zu, %s, tail %zu", i,
				table[i].section, t);
			if (says != BAD)
				cr_expect_eq(used, table[i].len);
		}
}

Test(proxy_header, takes_as_much_as_it_says_it_does)
{
	static char big[PROXY_HEADER_MOST];
	size_t used;

	memcpy(big, SIGNATURE "\x21\x11\x0f\xf0" V4 "\x04\x0f\xe1", 16 + 12 + 3);
	cr_assert_str_eq(verdict_of(big, sizeof(big), &used), "192.0.2.7:4711");
	cr_assert_eq(used, sizeof(big));
	cr_assert_str_eq(verdict_of(big, sizeof(big) - 1, &used), MORE);
}
