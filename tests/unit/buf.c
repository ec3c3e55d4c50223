/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

Test(buf, gives_back_what_was_appended)
{
	struct buf b = {0};

	cr_assert_eq(buf_append(&b, "hello ", 6), 0);
	cr_assert_eq(buf_append(&b, "world", 5), 0);
	cr_assert_eq(buf_len(&b), 11);
	cr_assert_eq(memcmp(buf_head(&b), "hello world", 11), 0);
	buf_take(&b, 6);
	cr_assert_eq(buf_len(&b), 5);
	cr_assert_eq(memcmp(buf_head(&b), "world", 5), 0);
	buf_fini(&b);
}

Test(buf, starts_at_the_front_again_once_empty)
{
	struct buf b = {0};

	buf_append(&b, "abc", 3);
	buf_take(&b, 3);
	cr_assert_eq(b.start, 0);
	cr_assert_eq(b.end, 0);
	buf_fini(&b);
}

Test(buf, moves_instead_of_growing_when_little_is_left)
{
	struct buf b = {0};
	char filler[256] = {0};

	buf_append(&b, filler, sizeof(filler));
	uint32_t size = b.size;
	buf_take(&b, 250);
	cr_assert_eq(buf_reserve(&b, 200), 0);
	cr_assert_eq(b.size, size);
	cr_assert_eq(buf_len(&b), 6);
	buf_fini(&b);
}

Test(buf, stays_whole_over_any_mix_of_append_and_take)
{
	struct buf b = {0};
	unsigned char next_in = 0, next_out = 0;
	unsigned seed = 1;

	for (int i = 0; i < 20000; i++) {
		seed = seed * 1103515245 + 12345;
		unsigned n = (seed >> 16) % 97;
		if (seed & 0x4000 || buf_len(&b) < n) {
			for (unsigned k = 0; k < n; k++) {
				unsigned char c = next_in++;
				cr_assert_eq(buf_append(&b, &c, 1), 0);
			}
		} else {
			for (unsigned k = 0; k < n; k++)
				cr_assert_eq((unsigned char)buf_head(&b)[k], next_out++);
			buf_take(&b, n);
		}
	}
	buf_fini(&b);
}

Test(buf, refuses_what_cannot_be_counted)
{
	struct buf b = {0};

	cr_assert_eq(buf_append(&b, "x", 1), 0);
	cr_assert_eq(buf_reserve(&b, SIZE_MAX - 1), -1);
	cr_assert_eq(errno, EOVERFLOW);
	cr_assert_eq(buf_reserve(&b, (size_t)UINT32_MAX), -1);
	cr_assert_eq(errno, EOVERFLOW);
	cr_assert_eq(buf_len(&b), 1);
	buf_fini(&b);
}
