/* SPDX-License-Identifier: MIT */
/* files_cache.c - framework/files/cache.c from within: what clients who mean harm cannot make of it. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>

#include "../../framework/files/cache.c"

TestSuite(kit_files_cache, .timeout = 60);

static struct file open_one(void)
{
	char path[] = "/tmp/portico-cache-XXXXXX";
	struct file f = { .fd = mkstemp(path), .type = "text/plain" };

	cr_assert_geq(f.fd, 0);
	unlink(path);
	cr_assert_eq(write(f.fd, "body", 4), 4);
	cr_assert_eq(fstat(f.fd, &f.st), 0);
	return f;
}

static size_t bucket_length(const struct cache *c, size_t bucket)
{
	size_t count = 0;

	for (const struct entry *e = c->buckets[bucket]; e; e = e->next)
		count++;
	return count;
}

static size_t longest_bucket(const struct cache *c)
{
	size_t longest = 0;

	for (size_t i = 0; i <= c->mask; i++)
		longest = bucket_length(c, i) > longest ? bucket_length(c, i) : longest;
	return longest;
}

static size_t bytes_used(const struct cache *c)
{
	size_t bytes = 0;

	for (const struct entry *e = c->newest; e; e = e->older)
		bytes += e->cost;
	return bytes;
}

/* One file has as many paths as a client likes: /a, //a, ///a. */
Test(kit_files_cache, paths_that_meet_do_not_make_a_long_walk)
{
	struct cache *c = cache_create(1 << 20, 60.);
	struct file f = open_one();
	char path[32];
	size_t len, met = 0;

	for (unsigned i = 0; met < 100; i++) {
		snprintf(path, sizeof(path), "/%u", i);
		if (((hash_of(path, &len) * 2) & c->mask) != 0)
			continue;
		cr_assert_null(cache_find(c, path, false));
		cr_assert_not_null(cache_keep(c, path, false, &f));
		cr_assert_not_null(cache_find(c, path, false));
		met++;
	}
	cr_assert_eq(bucket_length(c, 0), IN_A_BUCKET);
	cr_assert_eq(bytes_used(c), c->used);
	cache_destroy(c);
	close(f.fd);
}

Test(kit_files_cache, holds_no_more_than_its_limit_whatever_is_asked_for)
{
	struct cache *c = cache_create(64 << 10, 60.);
	struct file f = open_one();
	char path[32];

	for (unsigned i = 0; i < 10000; i++) {
		snprintf(path, sizeof(path), "/%u", i % 3 ? i : 3);
		if (cache_find(c, path, i % 2))
			continue;
		cr_assert_not_null(cache_keep(c, path, i % 2, &f));
		cr_assert_leq(c->used, c->limit);
	}
	cr_assert_gt(c->used, c->limit / 2);
	cr_assert_leq(longest_bucket(c), IN_A_BUCKET);
	cr_assert_not_null(cache_find(c, "/3", false));  /* asked for again and again */
	cr_assert_eq(bytes_used(c), c->used);
	cache_destroy(c);
	close(f.fd);
}

Test(kit_files_cache, a_file_that_changes_while_it_is_read_is_not_kept)
{
	struct cache *c = cache_create(64 << 10, 60.);
	struct file f = open_one();

	cr_assert_null(cache_find(c, "/a", false));
	cr_assert_eq(ftruncate(f.fd, 2), 0);
	cr_assert_null(cache_keep(c, "/a", false, &f), "it is shorter");
	cr_assert_eq(pwrite(f.fd, "longer", 6, 0), 6);
	cr_assert_null(cache_keep(c, "/a", false, &f), "it is longer");
	cr_assert_eq(fstat(f.fd, &f.st), 0);
	f.st.st_mtim.tv_nsec ^= 1;
	cr_assert_null(cache_keep(c, "/a", false, &f), "it was written to");
	f.st.st_mtim.tv_nsec ^= 1;
	cr_assert_not_null(cache_keep(c, "/a", false, &f));
	cr_assert_eq(memcmp(cache_find(c, "/a", false)->body, "longer", 6), 0);
	cache_destroy(c);
	close(f.fd);
}
