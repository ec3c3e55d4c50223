/* SPDX-License-Identifier: MIT */
/* symbol.c - sys/symbol.c: the names of functions, static ones too, and of none that is not there. */
#include "sys/symbol.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(symbol, .timeout = 60);

static __attribute__((noinline)) int known_to_this_file_alone(int n)
{
	__asm__ volatile("");
	return n + 1;
}

extern const char __ehdr_start[] __attribute__((visibility("hidden")));

static char name[128];
static uintptr_t into;

static int find(const char *path, const void *at)
{
	return symbol_find(path, __ehdr_start, (uintptr_t)at - (uintptr_t)__ehdr_start, name,
		sizeof(name), &into);
}

Test(symbol, a_static_function_has_a_name)
{
	const char *at = (const char *)(uintptr_t)known_to_this_file_alone;

	cr_assert_eq(known_to_this_file_alone(1), 2);
	cr_assert_eq(find("/proc/self/exe", at + 1), 0);
	cr_assert_str_eq(name, "known_to_this_file_alone");
	cr_assert_eq(into, 1);
}

Test(symbol, a_library_without_a_symbol_table_tells_what_it_exports)
{
	Dl_info in;

	cr_assert(dladdr((void *)(uintptr_t)fopen, &in));
	uintptr_t offset = (uintptr_t)fopen - (uintptr_t)in.dli_fbase;
	cr_assert_eq(symbol_find(in.dli_fname, in.dli_fbase, offset, name, sizeof(name), &into), 0);
	cr_assert_not_null(strstr(name, "fopen"), "%s", name);
}

Test(symbol, a_name_that_is_too_long_is_cut)
{
	const void *at = (const void *)(uintptr_t)known_to_this_file_alone;
	uintptr_t offset = (uintptr_t)at - (uintptr_t)__ehdr_start;

	cr_assert_eq(symbol_find("/proc/self/exe", __ehdr_start, offset, name, 6, &into), 0);
	cr_assert_str_eq(name, "known");
}

Test(symbol, data_and_nothing_have_none)
{
	cr_assert_eq(find("/proc/self/exe", name), -1);
	cr_assert_eq(find("/proc/self/exe", __ehdr_start), -1);
}

Test(symbol, another_file_is_not_believed)
{
	const void *at = (const void *)(uintptr_t)known_to_this_file_alone;

	cr_assert_eq(find("/bin/true", at), -1);
	cr_assert_eq(find("/etc/passwd", at), -1);
	cr_assert_eq(find("/nowhere", at), -1);
	cr_assert_eq(find("/dev/null", at), -1);
}

/* Whatever of it was changed or is missing: no crash, which a sanitizer would tell. */
Test(symbol, a_broken_file_is_survived)
{
	static unsigned char bytes[1 << 16];
	const void *at = (const void *)(uintptr_t)known_to_this_file_alone;
	char path[] = "/tmp/portico-symbol-XXXXXX";
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to = mkstemp(path);
	ssize_t len = read(from, bytes, sizeof(bytes));

	cr_assert_eq(len, (ssize_t)sizeof(bytes));
	for (size_t i = 0; i < 64 + 13 * 56; i += 3) {
		unsigned char before = bytes[i];
		bytes[i] ^= 0xff;
		cr_assert_eq(pwrite(to, bytes, sizeof(bytes), 0), len);
		(void)find(path, at);
		bytes[i] = before;
	}
	for (off_t size = 0; size < 1024; size += 32) {
		cr_assert_eq(pwrite(to, bytes, sizeof(bytes), 0), len);
		cr_assert_eq(ftruncate(to, size), 0);
		cr_assert_eq(find(path, at), -1);
	}
	unlink(path);
}
