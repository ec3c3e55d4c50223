/* SPDX-License-Identifier: MIT */
/* arena.c - base/arena.c: memory that is freed all at once. */
#include "base/arena.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

static struct arena arena;

static void open_arena(void)
{
	arena_init(&arena);
}

static void close_arena(void)
{
	arena_fini(&arena);
}

TestSuite(arena, .init = open_arena, .fini = close_arena);

Test(arena, every_pointer_is_aligned_and_apart)
{
	char *last = NULL;

	for (size_t len = 0; len < 200; len++) {
		char *p = arena_alloc(&arena, len);
		cr_assert_not_null(p);
		cr_assert_eq((uintptr_t)p % alignof(max_align_t), 0);
		cr_assert_neq(p, last);
		memset(p, 0xa5, len);
		last = p;
	}
}

Test(arena, zalloc_gives_zeroes_after_reset_too)
{
	memset(arena_alloc(&arena, 1000), 0xff, 1000);
	arena_reset(&arena);
	const char *p = arena_zalloc(&arena, 1000);
	for (size_t i = 0; i < 1000; i++)
		cr_assert_eq(p[i], 0);
}

Test(arena, large_ones_do_not_waste_the_chunk_in_use)
{
	char *first = arena_alloc(&arena, 16);
	char *large = arena_alloc(&arena, 100000);
	char *second = arena_alloc(&arena, 16);

	memset(large, 1, 100000);
	cr_assert_eq(second, first + 16);
}

Test(arena, a_large_one_can_be_the_first)
{
	char *large = arena_alloc(&arena, 100000);
	char *small = arena_alloc(&arena, 16);

	memset(large, 1, 100000);
	memset(small, 2, 16);
	cr_assert_eq(large[99999], 1);
}

Test(arena, reset_keeps_one_usual_chunk)
{
	char *first = arena_alloc(&arena, 16);

	arena_alloc(&arena, 100000);
	arena_reset(&arena);
	cr_assert_eq(arena_alloc(&arena, 16), first);
	arena_reset(&arena);
	arena_fini(&arena);
	arena_reset(&arena);
	cr_assert_not_null(arena_alloc(&arena, 1));
}

Test(arena, length_that_overflows_is_refused)
{
	errno = 0;
	cr_assert_null(arena_alloc(&arena, SIZE_MAX));
	cr_assert_eq(errno, ENOMEM);
	cr_assert_null(arena_alloc(&arena, SIZE_MAX - 8));
	cr_assert_null(arena_copy(&arena, "", SIZE_MAX));
	cr_assert_eq(errno, ENOMEM);
}

Test(arena, copy_and_printf_end_with_a_nul)
{
	cr_assert_str_eq(arena_copy(&arena, "hello", 2), "he");
	cr_assert_str_eq(arena_copy(&arena, "", 0), "");
	cr_assert_str_eq(arena_printf(&arena, "%s-%d", "x", 7), "x-7");
	cr_assert_eq(strlen(arena_printf(&arena, "%9000d", 1)), 9000);
}
