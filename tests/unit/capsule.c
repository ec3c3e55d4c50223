/* SPDX-License-Identifier: MIT */
/* capsule.c - what another process hands us is whole, or refused. */
#include "sys/capsule.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

static int sealed(const char *plugin, uint32_t version, const void *data, size_t len)
{
	struct capsule c;

	cr_assert_eq(capsule_open(&c, len), 0);
	cr_assert_eq(capsule_write(&c, data, len), 0);
	int fd = capsule_seal(&c, plugin, version);
	cr_assert_geq(fd, 0);
	return fd;
}

/* A memfd with these bytes and seals. */
static int forged(const unsigned char *bytes, size_t len, int seals)
{
	int fd = memfd_create("forged", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	cr_assert_eq(write(fd, bytes, len), (ssize_t)len);
	cr_assert_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

/* Takes fd.  NULL: it is taken. */
static const char *wrong_with(int fd)
{
	struct capsule_view v;
	const char *wrong = capsule_map(&v, fd);

	if (!wrong)
		capsule_unmap(&v);
	close(fd);
	return wrong;
}

static void is_wrong(int fd, const char *how)
{
	const char *wrong = wrong_with(fd);

	cr_assert(wrong && strcmp(wrong, how) == 0, "%s instead of: %s", wrong ? wrong : "nothing", how);
}

/* One of "hello" and room behind it. */
static size_t example(unsigned char *out, size_t room)
{
	int fd = sealed("cache", 7, "hello", 5);
	ssize_t n = pread(fd, out, room, 0);

	cr_assert_eq(n, (ssize_t)sizeof(struct capsule_head) + 5);
	close(fd);
	return (size_t)n;
}

Test(capsule, brings_what_was_written)
{
	struct capsule_view v;
	int fd = sealed("cache", 7, "hello", 5);

	cr_assert_null(capsule_map(&v, fd));
	cr_assert_str_eq(v.head->plugin, "cache");
	cr_assert_eq(v.head->version, 7);
	cr_assert_eq(v.head->len, 5);
	cr_assert_eq(memcmp(v.data, "hello", 5), 0);
	capsule_unmap(&v);
	close(fd);
}

Test(capsule, may_be_empty)
{
	struct capsule_view v;
	int fd = sealed("cache", 0, "", 0);

	cr_assert_null(capsule_map(&v, fd));
	cr_assert_eq(v.head->len, 0);
	capsule_unmap(&v);
	close(fd);
}

Test(capsule, pieces_of_any_size_come_in_order)
{
	enum { TOTAL = 1 << 20 };
	unsigned char *data = malloc(TOTAL);
	struct capsule c;
	struct capsule_view v;

	for (size_t i = 0; i < TOTAL; i++)
		data[i] = (unsigned char)(i * 31 >> 3);
	cr_assert_eq(capsule_open(&c, TOTAL), 0);
	for (size_t at = 0, n = 1; at < TOTAL; at += n, n = n * 3 + 1) {
		n = n < TOTAL - at ? n : TOTAL - at;
		cr_assert_eq(capsule_write(&c, data + at, n), 0);
	}
	int fd = capsule_seal(&c, "p", 1);
	cr_assert_null(capsule_map(&v, fd));
	cr_assert_eq(v.head->len, TOTAL);
	cr_assert_eq(memcmp(v.data, data, TOTAL), 0);
	capsule_unmap(&v);
	close(fd);
	free(data);
}

Test(capsule, more_than_max_is_refused_for_good)
{
	struct capsule c;

	cr_assert_eq(capsule_open(&c, 8), 0);
	cr_assert_eq(capsule_write(&c, "12345678", 8), 0);
	cr_assert_eq(capsule_write(&c, "9", 1), -1);
	cr_assert_eq(errno, EFBIG);
	errno = 0;
	cr_assert_eq(capsule_write(&c, "", 0), -1);
	cr_assert_eq(errno, EFBIG);
	errno = 0;
	cr_assert_eq(capsule_seal(&c, "p", 1), -1);
	cr_assert_eq(errno, EFBIG);
}

Test(capsule, a_long_name_is_cut)
{
	char name[200];
	struct capsule_view v;

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	int fd = sealed(name, 1, "a", 1);
	cr_assert_null(capsule_map(&v, fd));
	cr_assert_eq(strlen(v.head->plugin), CAPSULE_NAME - 1);
	capsule_unmap(&v);
	close(fd);
}

Test(capsule, nobody_can_change_it_any_more)
{
	int fd = sealed("p", 1, "hello", 5);

	cr_assert_eq(pwrite(fd, "x", 1, 0), -1);
	cr_assert_eq(ftruncate(fd, 1), -1);
	cr_assert_eq(ftruncate(fd, 4096), -1);
	close(fd);
}

Test(capsule, one_that_can_be_made_shorter_is_refused)
{
	unsigned char bytes[256];
	size_t len = example(bytes, sizeof(bytes));

	is_wrong(forged(bytes, len, F_SEAL_GROW | F_SEAL_WRITE), "it is not sealed");
	is_wrong(forged(bytes, len, F_SEAL_SHRINK | F_SEAL_GROW), "it is not sealed");
	cr_assert_null(wrong_with(forged(bytes, len, SEALS)));
}

Test(capsule, what_is_no_memfd_is_refused)
{
	int ends[2];

	is_wrong(open("/dev/zero", O_RDONLY | O_CLOEXEC), "it is not sealed");
	is_wrong(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), "it is not sealed");
	cr_assert_eq(pipe(ends), 0);
	is_wrong(ends[0], "it is not sealed");
	close(ends[1]);
}

Test(capsule, cut_anywhere_it_is_refused)
{
	unsigned char bytes[256];
	size_t len = example(bytes, sizeof(bytes));

	for (size_t n = 0; n < len; n++)
		is_wrong(forged(bytes, n, SEALS), "it is cut short");
}

Test(capsule, longer_than_it_says_it_is_refused)
{
	unsigned char bytes[256] = {0};
	size_t len = example(bytes, sizeof(bytes));

	is_wrong(forged(bytes, len + 1, SEALS), "it is longer than it says");
}

Test(capsule, any_bit_changed_it_is_refused)
{
	unsigned char bytes[256];
	size_t len = example(bytes, sizeof(bytes));

	for (size_t bit = 0; bit < len * 8; bit++) {
		bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		cr_assert_not_null(wrong_with(forged(bytes, len, SEALS)), "bit %zu", bit);
		bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	cr_assert_null(wrong_with(forged(bytes, len, SEALS)));
}
