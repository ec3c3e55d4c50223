/* SPDX-License-Identifier: MIT */
/*
 * http_path.c - spellings of a path, and the one they all become.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/http_path.h"

static void becomes(const char *raw, const char *want)
{
	char out[64], same[64];
	ssize_t len = http_path_normalise(out, raw, strlen(raw));

	cr_assert_eq(len, (ssize_t)strlen(want), "%s: length %zd", raw, len);
	cr_assert_str_eq(out, want, "%s became %s, not %s", raw, out, want);
	strcpy(same, raw);
	cr_assert_eq(http_path_normalise(same, same, strlen(raw)), len);
	cr_assert_str_eq(same, want, "%s in place became %s", raw, same);
}

static void refused(const char *raw, size_t len)
{
	char out[64];

	cr_assert_eq(http_path_normalise(out, raw, len), -1, "%s was taken", raw);
}

Test(http_path, plain_paths_stay)
{
	becomes("/", "/");
	becomes("/a", "/a");
	becomes("/a/", "/a/");
	becomes("/a/b.c/..d/...", "/a/b.c/..d/...");
	becomes("/.a/b..", "/.a/b..");
}

Test(http_path, triplets_are_decoded)
{
	becomes("/%41%7e%7E", "/A~~");
	becomes("/%c3%A9", "/\xc3\xa9");
	becomes("/a%20b%3fc%23", "/a b?c#");
}

Test(http_path, triplets_are_decoded_once)
{
	becomes("/%2541", "/%41");
	becomes("/%252e%252e/a", "/%2e%2e/a");
	becomes("/%25", "/%");
}

Test(http_path, dot_segments_go)
{
	becomes("/.", "/");
	becomes("/./", "/");
	becomes("/a/.", "/a/");
	becomes("/a/./b", "/a/b");
	becomes("/a/b/..", "/a/");
	becomes("/a/b/../", "/a/");
	becomes("/a/b/../c", "/a/c");
	becomes("/a/b/../../c", "/c");
	becomes("/a/b/c/./../../g", "/a/g");
	becomes("/a/..", "/");
}

Test(http_path, nothing_leaves_the_root)
{
	becomes("/..", "/");
	becomes("/../", "/");
	becomes("/../../../etc/passwd", "/etc/passwd");
	becomes("/a/../../b", "/b");
	becomes("/a/../..", "/");
	becomes("/%2e%2e/%2E./.%2e/b", "/b");
	becomes("/..%2f..%2Fetc", "/etc");
	becomes("/a%2f..%2f..%2f..%2fb", "/b");
}

Test(http_path, runs_of_slashes_stay)
{
	becomes("//", "//");
	becomes("//a//b", "//a//b");
	becomes("/a//..", "/a/");
	becomes("/a//../b", "/a/b");
	becomes("//..", "/");
	becomes("//../../a", "/a");
}

Test(http_path, a_bad_triplet_is_refused)
{
	refused("/%", 2);
	refused("/%4", 3);
	refused("/%4g", 4);
	refused("/%g4", 4);
	refused("/%%41", 5);
	refused("/%-1", 4);
	refused("/%411", 3);
}

Test(http_path, NUL_is_refused)
{
	refused("/a%00b", 6);
	refused("/a\0b", 4);
}

Test(http_path, a_path_begins_with_a_slash)
{
	refused("", 0);
	refused("a", 1);
	refused("%2fa", 4);
	refused("*", 1);
}
