/* SPDX-License-Identifier: MIT */
/*
 * http_skip.h - how to get to the end of a name, a path or a value soon.
 *
 * http_skip() is right for every class.  The other two look at 16 bytes at a
 * time where the machine can; they may stop early, at the latest 15 bytes in
 * front of the end, and http_skip() goes on from there.  They never pass a
 * byte that it would not.
 */
#ifndef PORTICO_PROTO_HTTP_SKIP_H
#define PORTICO_PROTO_HTTP_SKIP_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "proto/http_chars.h"

/* The first byte from at that is not of the class; end without one. */
static inline const char *http_skip(const char *at, const char *end, enum http_char class)
{
	while (at < end && http_char_is(*at, class))
		at++;
	return at;
}

#ifdef __SSE2__
/* The bits of those of 16 bytes that no value holds, and of HTAB, which one may. */
static inline unsigned http_skip_no_value(const char *at)
{
	const __m128i control = _mm_set1_epi8(0x1f), del = _mm_set1_epi8(0x7f);
	__m128i b = _mm_loadu_si128((const __m128i *)(const void *)at);
	__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(b, control), b);

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(low, _mm_cmpeq_epi8(b, del)));
}

/* Stops at any byte that no value holds, and at HTAB.  The last bytes are looked at with some in
 * front of them, if from begin on there are enough:
 *
 *	begin ... end-16 ....... at ....... end
 *	            |   passed   |   new     |
 */
static inline const char *http_skip_value(const char *begin, const char *at, const char *end)
{
	unsigned stops;

	for (; end - at >= 16; at += 16)
		if ((stops = http_skip_no_value(at)) != 0)
			return at + __builtin_ctz(stops);
	if (end - begin < 16)
		return at;
	stops = http_skip_no_value(end - 16) >> (16 - (end - at));
	return stops != 0 ? at + __builtin_ctz(stops) : end;
}

/* Stops at any byte but letters and the signs from first to last: most names
 * and paths have no other. */
static inline const char *http_skip_plain(const char *at, const char *end, char first, char last)
{
	const __m128i case_bit = _mm_set1_epi8(0x20);
	const __m128i a = _mm_set1_epi8('a'), letters = _mm_set1_epi8('z' - 'a');
	const __m128i sign = _mm_set1_epi8(first), signs = _mm_set1_epi8((char)(last - first));

	for (; end - at >= 16; at += 16) {
		__m128i b = _mm_loadu_si128((const __m128i *)(const void *)at);
		__m128i letter = _mm_sub_epi8(_mm_or_si128(b, case_bit), a);
		__m128i other = _mm_sub_epi8(b, sign);
		int plain = _mm_movemask_epi8(
			_mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(letter, letters), letter),
				_mm_cmpeq_epi8(_mm_min_epu8(other, signs), other)));

		if (plain != 0xffff)
			return at + __builtin_ctz(~(unsigned)plain);
	}
	return at;
}
#else
static inline const char *http_skip_value(const char *begin, const char *at, const char *end)
{
	(void)begin, (void)end;
	return at;
}

static inline const char *http_skip_plain(const char *at, const char *end, char first, char last)
{
	(void)end, (void)first, (void)last;
	return at;
}
#endif

#endif
