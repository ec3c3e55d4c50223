/* SPDX-License-Identifier: MIT */
/* siphash.c - SipHash-1-3, as others have it. */
#include "base/siphash.h"

#include <criterion/criterion.h>
#include <endian.h>
#include <string.h>

/* Told by: printf %s TEXT | openssl mac -macopt hexkey:000102030405060708090a0b0c0d0e0f
 * -macopt c-rounds:1 -macopt d-rounds:3 -macopt size:8 -in - SIPHASH */
Test(siphash, gives_what_openssl_gives)
{
	static const struct {
		const char *text;
		uint64_t    hash;        /* the first byte first */
	} cases[] = {
		{ "", UINT64_C(0xdcc40f055801acab) },
		{ "abc", UINT64_C(0xeb4681afe824ce6f) },
		{ "12345678", UINT64_C(0xcea90dcdb5eba811) },
		{ "GET / HTTP/1.1", UINT64_C(0xd0437a510db1acbb) },
	};
	const uint64_t key[2] = { UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		cr_assert_eq(siphash(key, cases[i].text, strlen(cases[i].text)),
			__builtin_bswap64(cases[i].hash), "of '%s'", cases[i].text);
}

Test(siphash, depends_on_all_of_its_key)
{
	const uint64_t a[2] = { 1, 2 }, b[2] = { 1, 3 }, c[2] = { 0, 2 };

	cr_assert_neq(siphash(a, "x", 1), siphash(b, "x", 1));
	cr_assert_neq(siphash(a, "x", 1), siphash(c, "x", 1));
}

Test(siphash, two_words_are_16_bytes)
{
	const uint64_t secret[2] = { 3, UINT64_MAX - 7 }, words[2] = { 1, UINT64_C(1) << 63 };
	uint64_t bytes[2] = { htole64(words[0]), htole64(words[1]) };

	cr_assert_eq(siphash_pair(secret, words[0], words[1]), siphash(secret, bytes, sizeof(bytes)));
}
