/* SPDX-License-Identifier: MIT */
/*
 * files.c - what the plugin files keeps in memory, and for how long: under the test kit, whose clock
 * only moves when it is told to.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <portico/test.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig.h"

static char root[] = "/tmp/portico-files-XXXXXX";

static void make_root(void)
{
	cr_assert_not_null(mkdtemp(root));
}

static void remove_root(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", root);
	cr_assert_eq(system(command), 0);
}

TestSuite(kit_files, .init = make_root, .fini = remove_root, .timeout = 60);

static const char *path_of(const char *name)
{
	static char path[2][100];
	static unsigned turn;

	turn = !turn;
	snprintf(path[turn], sizeof(*path), "%s/%s", root, name);
	return path[turn];
}

/* As it is: the same file with other bytes. */
static void write_over(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "we");

	cr_assert_not_null(f);
	cr_assert_geq(fputs(text, f), 0);
	cr_assert_eq(fclose(f), 0);
}

/* By rename(2): another file of that name. */
static void replace(const char *name, const char *text)
{
	write_over("new", text);
	cr_assert_eq(rename(path_of("new"), path_of(name)), 0);
}

static struct portico_test *serve(const char *more)
{
	char settings[200];

	snprintf(settings, sizeof(settings), "root = %s\n%s", root, more);
	return portico_test_new(.file = example("files"), .settings = settings);
}

/* What is asked for with these headers, from a new client. */
static struct portico_test_reply *ask(struct portico_test *t, const char *method, const char *path,
	const char *headers)
{
	struct portico_test_client *c = portico_test_connect(t, NULL);

	portico_test_request(c, method, path, headers, NULL, 0);
	struct portico_test_reply *r = portico_test_reply(c);
	cr_assert_not_null(r, "no reply to %s %s", method, path);
	return r;
}

static void says(struct portico_test *t, const char *path, const char *headers, const char *body)
{
	struct portico_test_reply *r = ask(t, "GET", path, headers);

	cr_assert_str_eq(r->body, body, "%s: %d %s instead of %s", path, r->status, r->body, body);
}

static const char *tag_of(struct portico_test *t, const char *path)
{
	static char tags[4][100];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(tags[turn], sizeof(*tags), "%s", portico_test_field(ask(t, "GET", path, NULL), "ETag"));
	return tags[turn];
}

/* ---- how old it may be ---- */

Test(kit_files, is_never_older_than_cache_time)
{
	write_over("a", "one");
	struct portico_test *t = serve("");
	const char *tag = tag_of(t, "/a");
	replace("a", "two");
	portico_test_advance(t, 0.9);
	says(t, "/a", NULL, "one");              /* or it tests nothing */
	cr_assert_str_eq(tag_of(t, "/a"), tag);
	portico_test_advance(t, 0.11);
	says(t, "/a", NULL, "two");
	cr_assert_str_neq(tag_of(t, "/a"), tag);
	portico_test_end(t);
}

Test(kit_files, being_asked_for_does_not_keep_it)
{
	write_over("a", "one");
	struct portico_test *t = serve("cache_time = 10s\n");
	says(t, "/a", NULL, "one");
	replace("a", "two");
	for (int i = 0; i < 9; i++) {
		portico_test_advance(t, 1.);
		says(t, "/a", NULL, "one");
	}
	portico_test_advance(t, 1.01);
	says(t, "/a", NULL, "two");
	portico_test_end(t);
}

Test(kit_files, a_change_that_stat_does_not_tell_is_seen)
{
	struct stat before, after;

	write_over("a", "one");
	int fd = open(path_of("a"), O_RDWR | O_CLOEXEC);
	char *map = mmap(NULL, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	cr_assert_neq(map, MAP_FAILED);
	map[0] = 'O';                            /* of this one it does */
	struct portico_test *t = serve("");
	says(t, "/a", NULL, "One");
	cr_assert_eq(fstat(fd, &before), 0);
	map[0] = 'U';
	cr_assert_eq(fstat(fd, &after), 0);
	cr_assert_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	portico_test_advance(t, 1.01);
	says(t, "/a", NULL, "Une");
	portico_test_end(t);
	munmap(map, 3);
	close(fd);
}

static const char *const without[] = { "cache = 0\n", "cache_time = 0\n", "cache_file = 2\n", "cache = 100\n" };

Test(kit_files, is_not_kept_where_that_is_turned_off)
{
	for (size_t i = 0; i < sizeof(without) / sizeof(*without); i++) {
		replace("a", "one");
		struct portico_test *t = serve(without[i]);
		says(t, "/a", NULL, "one");
		replace("a", "two");
		says(t, "/a", NULL, "two");
		portico_test_end(t);
	}
}

Test(kit_files, what_is_removed_or_cut_is_so_after_cache_time)
{
	write_over("a", "one");
	write_over("b", "a longer one");
	struct portico_test *t = serve("");
	says(t, "/a", NULL, "one");
	says(t, "/b", NULL, "a longer one");
	cr_assert_eq(unlink(path_of("a")), 0);
	cr_assert_eq(truncate(path_of("b"), 3), 0);
	says(t, "/b", NULL, "a longer one");     /* whole, and with its own length */
	portico_test_advance(t, 1.01);
	cr_assert_eq(ask(t, "GET", "/a", NULL)->status, 404);
	says(t, "/b", NULL, "a l");
	write_over("a", "again");
	says(t, "/a", NULL, "again");            /* that nothing was there is not kept */
	portico_test_end(t);
}

Test(kit_files, a_link_that_is_turned_leads_elsewhere)
{
	write_over("one", "one");
	write_over("two", "two");
	cr_assert_eq(symlink("one", path_of("link")), 0);
	struct portico_test *t = serve("symlinks = yes\n");
	says(t, "/link", NULL, "one");
	cr_assert_eq(symlink("two", path_of("new")), 0);
	cr_assert_eq(rename(path_of("new"), path_of("link")), 0);
	portico_test_advance(t, 1.01);
	says(t, "/link", NULL, "two");
	portico_test_end(t);
}

/* ---- what is said of it ---- */

Test(kit_files, what_is_kept_says_the_same_of_itself)
{
	char condition[200];

	write_over("a.txt", "one");
	struct portico_test *t = serve("max_age = 1h\n");
	struct portico_test_reply *first = ask(t, "GET", "/a.txt", NULL);
	const char *second = ask(t, "GET", "/a.txt", NULL)->head;
	cr_assert_str_eq(first->head, second);
	snprintf(condition, sizeof(condition), "If-None-Match: %s\r\n", tag_of(t, "/a.txt"));
	cr_assert_eq(ask(t, "GET", "/a.txt", condition)->status, 304);
	struct portico_test_reply *head = ask(t, "HEAD", "/a.txt", NULL);
	cr_assert_eq(head->len, 0);
	cr_assert_str_eq(head->head, second);
	cr_assert_eq(ask(t, "GET", "/a.txt", "If-Match: \"x\"\r\n")->status, 412);
	portico_test_end(t);
}

/* A range is of the file as it is now, and so is what it says of it. */
Test(kit_files, a_range_of_what_was_kept_is_never_mixed_with_another)
{
	char condition[200];

	write_over("a", "one, two");
	struct portico_test *t = serve("");
	snprintf(condition, sizeof(condition), "Range: bytes=3-\r\nIf-Range: %s\r\n", tag_of(t, "/a"));
	says(t, "/a", condition, ", two");
	replace("a", "ONE, TWO");
	says(t, "/a", NULL, "one, two");
	says(t, "/a", condition, "ONE, TWO");
	says(t, "/a", "Range: bytes=0-2\r\n", "ONE");
	portico_test_end(t);
}

Test(kit_files, both_sorts_of_clients_get_their_own)
{
	static const char gzip[] = "Accept-Encoding: gzip, br\r\n", none[] = "Accept-Encoding: gzip;q=0\r\n";

	write_over("a", "plain");
	write_over("a.gz", "packed");
	struct portico_test *t = serve("");
	for (int i = 0; i < 3; i++) {
		says(t, "/a", gzip, "packed");
		says(t, "/a", none, "plain");
		says(t, "/a", NULL, "plain");
		cr_assert_str_eq(portico_test_field(ask(t, "GET", "/a", gzip), "Content-Encoding"), "gzip");
		cr_assert_null(portico_test_field(ask(t, "GET", "/a", none), "Content-Encoding"));
	}
	cr_assert_eq(unlink(path_of("a.gz")), 0);
	portico_test_advance(t, 1.01);
	says(t, "/a", gzip, "plain");
	portico_test_end(t);
}

/* ---- bounds ---- */

Test(kit_files, what_was_asked_for_longest_ago_makes_room)
{
	char text[4001] = "", name[16];

	memset(text, 'x', sizeof(text) - 1);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "%d", i);
		write_over(name, text);
	}
	struct portico_test *t = serve("cache = 64k\n");
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "/%d", i);
		cr_assert_eq(portico_test_get(t, name)->len, 4000);
		cr_assert_eq(portico_test_get(t, "/0")->len, 4000);
		if (i == 0)
			replace("0", "new");
	}
	replace("1", "new");
	replace("19", "new");
	says(t, "/0", NULL, text);
	says(t, "/19", NULL, text);
	says(t, "/1", NULL, "new");
	portico_test_end(t);
}

Test(kit_files, a_large_file_is_not_kept)
{
	static char text[16 * 1024 + 2];

	memset(text, 'x', sizeof(text) - 1);
	write_over("a", text);
	struct portico_test *t = serve("");
	says(t, "/a", NULL, text);
	text[16 * 1024] = '\0';
	replace("a", text);
	says(t, "/a", NULL, text);
	replace("a", "new");
	says(t, "/a", NULL, text);               /* of just 16k */
	portico_test_end(t);
}
