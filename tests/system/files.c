/* SPDX-License-Identifier: MIT */
/* files.c - the plugin files by the rules of RFC 9110: what is sent, and conditions. */
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "files_rig.h"
#include "harness.h"

SYSTEM_SUITE(files);

/* ---- what is sent ---- */

Test(files, describes_a_file)
{
	struct response r;

	files_make();
	struct server *s = files_start("max_age = 1h\n");
	cr_assert_eq(files_get("/a.txt", "", &r), 200);
	cr_assert_str_eq(r.body, ALPHABET);
	files_has_header(&r, "Content-Type", "text/plain; charset=utf-8");
	files_has_header(&r, "Last-Modified", BIRTHDAY);
	files_has_header(&r, "Accept-Ranges", "bytes");
	files_has_header(&r, "Vary", "Accept-Encoding");
	files_has_header(&r, "Cache-Control", "max-age=3600");
	cr_assert_eq(response_header(&r, "ETag")[0], '"');
	cr_assert_eq(files_ask("HEAD", "/a.txt", "", &r), 200);
	files_has_header(&r, "Content-Length", "36");
	cr_assert_eq(files_ask("HEAD", "/a.txt", "Range: bytes=0-1\r\n", &r), 200);
	server_stop(s);
}

/* A tmpfs keeps any time and any length. */
static struct server *start_with_odd_file(off_t size, time_t when)
{
	const struct timespec times[] = { { .tv_sec = when }, { .tv_sec = when } };

	cr_assert_eq(unshare(CLONE_NEWNS), 0);
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cr_assert_eq(mkdir(path_of("www"), 0755), 0);
	cr_assert_eq(mount("tmpfs", path_of("www"), "tmpfs", 0, "mode=755"), 0);
	int fd = open(path_of("www/odd"), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	cr_assert_geq(fd, 0);
	cr_assert(ftruncate(fd, size) == 0 && futimens(fd, times) == 0);
	close(fd);
	return files_start("");
}

/* gmtime(3) has no room for it: the worker died. */
Test(files, a_time_beyond_all_years_is_told_as_a_date)
{
	struct response r;
	struct server *s = start_with_odd_file(1, INT64_MAX / 8);

	cr_assert_eq(files_get("/odd", "", &r), 200);
	cr_assert_eq(strlen(response_header(&r, "Last-Modified")), strlen(BIRTHDAY), "%s",
		response_header(&r, "Last-Modified"));
	server_stop(s);
}

static int status_of_ranges(const char *ranges)
{
	struct response r = {0};
	char text[128];
	int fd = client_connect(8080);

	snprintf(text, sizeof(text), "GET /odd HTTP/1.1\r\nHost: a\r\nRange: bytes=%s\r\n\r\n", ranges);
	client_says(fd, text);
	(void)client_response_to_head(fd, &r);
	close(fd);
	return r.status;
}

/* Their lengths, with those of the heads between them, are more than can be counted. */
Test(files, ranges_of_the_longest_file_are_not_added_up)
{
	struct server *s = start_with_odd_file(INT64_MAX, 1);

	cr_assert_eq(status_of_ranges("0-,0-"), 200);
	cr_assert_eq(status_of_ranges("0-0,1-"), 200);
	server_stop(s);
}

Test(files, options_can_be_turned_off)
{
	struct response r;

	files_make();
	write_file("www/.hidden", "seen");
	struct server *s = files_start("gzip = no\ncharset = none\ndot_files = yes\nindex = a.txt\n");
	cr_assert_eq(files_get("/", "", &r), 200);
	cr_assert_str_eq(r.body, ALPHABET);
	files_has_header(&r, "Content-Type", "text/plain");
	files_has_header(&r, "Vary", NULL);
	files_has_header(&r, "Cache-Control", NULL);
	cr_assert_eq(files_get("/.hidden", "", &r), 200);
	server_stop(s);
}

Test(files, another_content_has_another_tag)
{
	struct response r;
	char first[100];

	files_make();
	struct server *s = files_start("cache = 0\n");
	files_get("/a.txt", "", &r);
	snprintf(first, sizeof(first), "%s", response_header(&r, "ETag"));
	files_get("/a.txt", "", &r);
	files_has_header(&r, "ETag", first);
	write_file("www/a.txt", "%s", ALPHABET);         /* a new file */
	files_date("www/a.txt", 784111777);
	files_get("/a.txt", "", &r);
	cr_assert_str_neq(response_header(&r, "ETag"), first);
	server_stop(s);
}

Test(files, knows_types_by_the_systems_table)
{
	static const struct {
		const char *name, *type;
	} cases[] = {
		{ "x.html", "text/html; charset=utf-8" }, { "x.HTML", "text/html; charset=utf-8" },
		{ "x.css", "text/css; charset=utf-8" }, { "x.png", "image/png" },
		{ "x.json", "application/json" }, { "x.svg", "image/svg+xml" },
		{ "x.jpeg", "image/jpeg" }, { "x", "application/octet-stream" },
		{ "x.", "application/octet-stream" }, { "html", "application/octet-stream" },
		{ "x.nothing-known", "application/octet-stream" }, { "x.tar.png", "image/png" },
	};
	struct response r;
	char path[64];

	files_make();
	struct server *s = files_start("");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(path, sizeof(path), "www/%s", cases[i].name);
		write_file(path, "x");
		cr_assert_eq(files_get(path + 3, "", &r), 200);
		files_has_header(&r, "Content-Type", cases[i].type);
	}
	server_stop(s);
}

Test(files, refuses_other_methods_early)
{
	static const char *const methods[] = { "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get" };
	struct response r;

	files_make();
	struct server *s = files_start("");
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		cr_assert_eq(files_ask(methods[i], "/a.txt", "", &r), 405, "%s", methods[i]);
		files_has_header(&r, "Allow", "GET, HEAD");
	}
	cr_assert_eq(files_ask("PUT", "/a.txt", "Content-Length: 1000000\r\n", &r), 405);
	cr_assert(r.close, "it waits for a body that nobody wants");
	server_stop(s);
}

Test(files, redirects_to_a_directory_on_this_server)
{
	static const struct {
		const char *path, *to;
	} cases[] = {
		{ "/dir", "/dir/" }, { "/dir?a=b&c", "/dir/?a=b&c" }, { "//dir", "/dir/" },
		{ "//evil.example/%2e%2e/dir", "/dir/" }, { "/./dir", "/dir/" },
		{ "/a%20b%0d%0aX:%20y", "/a%20b%0D%0AX:%20y/" }, { "/%5cevil", "/%5Cevil/" },
	};
	struct response r;

	files_make();
	cr_assert_eq(mkdir(path_of("www/a b\r\nX: y"), 0755), 0);
	cr_assert_eq(mkdir(path_of("www/\\evil"), 0755), 0);
	struct server *s = files_start("");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cr_assert_eq(files_get(cases[i].path, "", &r), 301, "%s: %d", cases[i].path, r.status);
		files_has_header(&r, "Location", cases[i].to);
	}
	server_stop(s);
}

Test(files, strips_its_prefix)
{
	struct response r;

	files_make();
	struct server *s = server_start("[portico]\nworkers = 1\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /s]\nplugin = ${E}/files.so\nroot = %s\nprefix = /s\n"
		"[handler web /t]\nplugin = ${E}/files.so\nroot = %s\nprefix = /other/\n",
		path_of("www"), path_of("www"));
	cr_assert_eq(files_get("/s/a.txt", "", &r), 200);
	cr_assert_eq(files_get("/s/dir/", "", &r), 200);
	cr_assert_eq(files_get("/s", "", &r), 301);
	files_has_header(&r, "Location", "/s/");
	cr_assert_eq(files_get("/s/", "", &r), 403);
	cr_assert_eq(files_get("/t/a.txt", "", &r), 404);
	server_stop(s);
}

Test(files, says_why_it_does_not_start)
{
	struct outcome o;

	write_file("portico.ini", "[portico]\nworkers = 1\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${E}/files.so\nroot = /nowhere/at/all\n");
	portico_ends(&o, NULL, "run", "-c", path_of("portico.ini"), NULL);
	cr_assert_neq(o.code, 0);
	cr_assert_not_null(strstr(o.err, "root = /nowhere/at/all: No such file or directory"));
	write_file("portico.ini", "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${E}/files.so\n");
	portico_ends(&o, NULL, "check", "-c", path_of("portico.ini"), NULL);
	cr_assert_neq(o.code, 0);
	cr_assert_not_null(strstr(o.err, "root is missing"));
}

/* ---- conditions: RFC 9110, 13 ---- */

#define OLDER "Sun, 06 Nov 1994 08:49:36 GMT"
#define LATER "Sun, 06 Nov 1994 08:49:38 GMT"

/* ETAG stands for the file's tag with its quotes. */
static const struct condition {
	const char *headers;
	int         status;
} conditions[] = {
	{ "If-None-Match: ETAG\r\n", 304 },
	{ "If-None-Match: W/ETAG\r\n", 304 },           /* weak comparison: 13.1.2 */
	{ "If-None-Match: \"x\", ETAG\r\n", 304 },
	{ "If-None-Match: \"x\" ,, W/\"y,z\" ,ETAG\r\n", 304 },
	{ "If-None-Match: *\r\n", 304 },
	{ "If-None-Match: \"x\"\r\n", 200 },
	{ "If-None-Match: x\r\n", 200 },
	{ "If-None-Match: \"x\r\n", 200 },
	{ "If-Modified-Since: " BIRTHDAY "\r\n", 304 },
	{ "If-Modified-Since: " LATER "\r\n", 304 },
	{ "If-Modified-Since: " OLDER "\r\n", 200 },
	{ "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT\r\n", 304 },
	{ "If-Modified-Since: Sunday, 06-Nov-94 08:49:36 GMT\r\n", 200 },
	{ "If-Modified-Since: Sun Nov  6 08:49:37 1994\r\n", 304 },
	{ "If-Modified-Since: Sun Nov  6 08:49:36 1994\r\n", 200 },
	{ "If-Modified-Since: yesterday\r\n", 200 },
	{ "If-Modified-Since: Sun, 06 Xxx 1999 08:49:37 GMT\r\n", 200 },
	{ "If-Modified-Since: Sun, 06 Nov 1999 28:49:37 GMT\r\n", 200 },
	{ "If-Modified-Since: Sun, 06 Nov 1999 08:49:37 GMT+1\r\n", 200 },
	{ "If-Modified-Since: Sun, 06 Nov 1999 08:49:37\r\n", 200 },
	{ "If-None-Match: \"x\"\r\nIf-Modified-Since: " LATER "\r\n", 200 },  /* 13.1.3: ignored */
	{ "If-Match: ETAG\r\n", 200 },
	{ "If-Match: \"x\", ETAG\r\n", 200 },
	{ "If-Match: *\r\n", 200 },
	{ "If-Match: W/ETAG\r\n", 412 },                /* strong comparison: 13.1.1 */
	{ "If-Match: \"x\"\r\n", 412 },
	{ "If-Unmodified-Since: " BIRTHDAY "\r\n", 200 },
	{ "If-Unmodified-Since: " OLDER "\r\n", 412 },
	{ "If-Unmodified-Since: nonsense\r\n", 200 },
	{ "If-Match: ETAG\r\nIf-Unmodified-Since: " OLDER "\r\n", 200 },    /* 13.1.4: ignored */
	{ "If-Match: \"x\"\r\nIf-None-Match: ETAG\r\n", 412 },              /* 13.2.2: first */
	{ "If-Match: ETAG\r\nIf-None-Match: ETAG\r\n", 304 },
	{ "If-None-Match: ETAG\r\nRange: bytes=0-1\r\n", 304 },
	{ "Range: bytes=0-1\r\nIf-Range: ETAG\r\n", 206 },
	{ "Range: bytes=0-1\r\nIf-Range: W/ETAG\r\n", 200 },                /* 13.1.5: strong */
	{ "Range: bytes=0-1\r\nIf-Range: \"x\"\r\n", 200 },
	{ "Range: bytes=0-1\r\nIf-Range: " BIRTHDAY "\r\n", 206 },
	{ "Range: bytes=0-1\r\nIf-Range: " LATER "\r\n", 200 },             /* exactly: 13.1.5 */
	{ "Range: bytes=99-\r\nIf-Range: \"x\"\r\n", 200 },
	{ "If-Range: \"x\"\r\n", 200 },
};

static void put_tag(char *out, size_t room, const char *headers, const char *tag)
{
	const char *at;
	size_t len = 0;

	while ((at = strstr(headers, "ETAG"))) {
		len += (size_t)snprintf(out + len, room - len, "%.*s%s", (int)(at - headers), headers, tag);
		headers = at + 4;
	}
	snprintf(out + len, room - len, "%s", headers);
}

static void honour_conditions(const char *cache)
{
	struct response r;
	char tag[100], headers[512];

	files_make();
	struct server *s = files_start(cache);
	files_get("/a.txt", "", &r);
	snprintf(tag, sizeof(tag), "%s", response_header(&r, "ETag"));
	for (size_t i = 0; i < sizeof(conditions) / sizeof(*conditions); i++) {
		const struct condition *c = &conditions[i];
		put_tag(headers, sizeof(headers), c->headers, tag);
		cr_assert_eq(files_get("/a.txt", headers, &r), c->status, "%d, not %d: %s", r.status,
			c->status, headers);
		if (c->status == 200)
			cr_assert_str_eq(r.body, ALPHABET);
		if (c->status == 304)
			cr_assert_eq(r.len, 0);
		files_has_header(&r, "ETag", tag);
		files_has_header(&r, "Vary", "Accept-Encoding");
	}
	server_stop(s);
}

Test(files, honours_conditions_from_the_disk)
{
	honour_conditions("cache = 0\n");
}

Test(files, honours_conditions_from_memory)
{
	honour_conditions("cache_time = 1h\n");
}

Test(files, a_fresh_date_is_not_strong_enough_for_if_range)
{
	struct response r;
	char headers[200];

	files_make();
	struct server *s = files_start("");
	files_date("www/a.txt", (long)time(NULL) + 100);
	files_get("/a.txt", "", &r);
	snprintf(headers, sizeof(headers), "Range: bytes=0-1\r\nIf-Range: %s\r\n",
		response_header(&r, "Last-Modified"));
	cr_assert_eq(files_get("/a.txt", headers, &r), 200);
	server_stop(s);
}
