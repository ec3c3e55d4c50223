/* SPDX-License-Identifier: MIT */
/* files_ranges.c - the plugin files by the rules of RFC 9110: ranges and codings. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "files_rig.h"
#include "harness.h"

SYSTEM_SUITE(files_ranges);

/* ---- ranges: RFC 9110, 14 ---- */

static const struct one_range {
	const char *range;
	int         status;
	const char *says;        /* Content-Range */
	const char *body;
} one_ranges[] = {
	{ "bytes=0-0", 206, "bytes 0-0/36", "0" },
	{ "bytes=1-3", 206, "bytes 1-3/36", "123" },
	{ "BYTES=1-3", 206, "bytes 1-3/36", "123" },
	{ "bytes=33-", 206, "bytes 33-35/36", "xyz" },
	{ "bytes=33-99", 206, "bytes 33-35/36", "xyz" },
	{ "bytes=33-99999999999999999999999", 206, "bytes 33-35/36", "xyz" },
	{ "bytes=-3", 206, "bytes 33-35/36", "xyz" },
	{ "bytes=-99", 206, "bytes 0-35/36", ALPHABET },
	{ "bytes=0-", 206, "bytes 0-35/36", ALPHABET },
	{ "bytes=35-35", 206, "bytes 35-35/36", "z" },
	{ "bytes= 1-3 ", 206, "bytes 1-3/36", "123" },
	{ "bytes=,1-3,", 206, "bytes 1-3/36", "123" },
	{ "bytes=1-3,99-", 206, "bytes 1-3/36", "123" },        /* what is left of several */
	{ "bytes=36-", 416, "bytes */36", NULL },
	{ "bytes=36-40,50-", 416, "bytes */36", NULL },
	{ "bytes=-0", 416, "bytes */36", NULL },
	{ "bytes=99999999999999999999999-", 416, "bytes */36", NULL },
	/* Not valid: as if there were none. */
	{ "bytes=3-1", 200, NULL, ALPHABET },
	{ "bytes=1-3,3-1", 200, NULL, ALPHABET },
	{ "bytes=", 200, NULL, ALPHABET },
	{ "bytes=-", 200, NULL, ALPHABET },
	{ "bytes=--1", 200, NULL, ALPHABET },
	{ "bytes=1", 200, NULL, ALPHABET },
	{ "bytes=1-2-3", 200, NULL, ALPHABET },
	{ "bytes=1 -3", 200, NULL, ALPHABET },
	{ "bytes=+1-3", 200, NULL, ALPHABET },
	{ "bytes=0x1-3", 200, NULL, ALPHABET },
	{ "bytes 1-3", 200, NULL, ALPHABET },
	{ "lines=1-3", 200, NULL, ALPHABET },
	/* More than the whole, and more than is good for anything. */
	{ "bytes=0-,0-,0-", 200, NULL, ALPHABET },
	{ "bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,10-10,11-11,12-12,13-13,14-14,15-15,16-16",
		200, NULL, ALPHABET },
};

Test(files_ranges, sends_a_range)
{
	struct response r;
	char headers[256];

	files_make();
	struct server *s = files_start("");
	for (size_t i = 0; i < sizeof(one_ranges) / sizeof(*one_ranges); i++) {
		const struct one_range *c = &one_ranges[i];
		snprintf(headers, sizeof(headers), "Range: %s\r\n", c->range);
		cr_assert_eq(files_get("/a.txt", headers, &r), c->status, "%s gave %d", c->range,
			r.status);
		files_has_header(&r, "Content-Range", c->says);
		if (c->body)
			cr_assert_str_eq(r.body, c->body, "%s gave %s", c->range, r.body);
	}
	write_file("www/nothing", "%s", "");
	cr_assert_eq(files_get("/nothing", "", &r), 200);
	cr_assert_eq(files_get("/nothing", "Range: bytes=0-\r\n", &r), 416);
	files_has_header(&r, "Content-Range", "bytes */0");
	server_stop(s);
}

static const char *next_part(const char *at, const char *boundary, size_t first, size_t last,
	size_t size)
{
	char head[300];

	snprintf(head, sizeof(head), "\r\n--%s\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Range: bytes %zu-%zu/%zu\r\n\r\n", boundary, first, last, size);
	cr_assert_eq(strncmp(at, head, strlen(head)), 0, "'%.200s' instead of '%s'", at, head);
	at += strlen(head);
	for (size_t i = first; i <= last; i++)
		cr_assert_eq(*at++, files_byte(i), "byte %zu", i);
	return at;
}

Test(files_ranges, sends_several_ranges_in_parts)
{
	enum { SIZE = 900000 };
	struct response r;
	char boundary[80], end[100];

	files_make();
	files_fill("www/big.txt", SIZE);
	struct server *s = files_start("");
	int fd = client_connect(8080);
	for (int i = 0; i < 3; i++) {            /* on one connection: its end is found */
		client_says(fd, "GET /big.txt HTTP/1.1\r\nHost: test\r\n"
			"Range: bytes=5-9, 899990-, 100000-400000, -1, 500000-516383\r\n\r\n");
		cr_assert(client_response(fd, &r));
		cr_assert_eq(r.status, 206);
		files_has_header(&r, "Content-Range", NULL);
		const char *type = response_header(&r, "Content-Type");
		cr_assert_eq(sscanf(type, "multipart/byteranges; boundary=%79s", boundary), 1, "%s", type);
		const char *at = next_part(r.body, boundary, 5, 9, SIZE);
		at = next_part(at, boundary, 899990, 899999, SIZE);
		at = next_part(at, boundary, 100000, 400000, SIZE);
		at = next_part(at, boundary, 899999, 899999, SIZE);
		at = next_part(at, boundary, 500000, 516383, SIZE);
		snprintf(end, sizeof(end), "\r\n--%s--\r\n", boundary);
		cr_assert_str_eq(at, end);
	}
	close(fd);
	server_stop(s);
}

/* ---- codings: RFC 9110, 12.5.3 ---- */

static const struct coding {
	const char *accept;
	bool        gzip;
} codings[] = {
	{ "gzip", true }, { "GZIP", true }, { "x-gzip", true }, { "deflate, gzip;q=1.0, *;q=0.5", true },
	{ "gzip;q=0.001", true }, { "gzip ; q=0.5", true }, { "*", true }, { "br,gzip", true },
	{ "gzip, identity;q=0", true }, { "gzip;q=1, identity;q=1", true }, { "*;q=0.5, identity;q=0.2", true },
	{ "", false }, { "identity", false }, { "gzip;q=0", false }, { "gzip;q=0.000", false },
	{ "gzip;q=0, *", false }, { "*;q=0", false }, { "gzipped", false }, { "agzip", false }, { "br", false },
	{ "gzip;q=0.5, identity", false }, { "gzip;q=0.2, identity;q=0.3", false }, { "gzip;x", false },
};

Test(files_ranges, sends_the_compressed_sibling_to_those_who_take_it)
{
	struct response r;
	char headers[256], plain[100];

	files_make();
	write_file("www/a.txt.gz", "not really compressed");
	struct server *s = files_start("");
	files_get("/a.txt", "", &r);
	snprintf(plain, sizeof(plain), "%s", response_header(&r, "ETag"));
	for (size_t i = 0; i < sizeof(codings) / sizeof(*codings); i++) {
		snprintf(headers, sizeof(headers), "Accept-Encoding: %s\r\n", codings[i].accept);
		cr_assert_eq(files_get("/a.txt", headers, &r), 200);
		cr_assert_str_eq(r.body, codings[i].gzip ? "not really compressed" : ALPHABET, "%s",
			headers);
		files_has_header(&r, "Content-Encoding", codings[i].gzip ? "gzip" : NULL);
		files_has_header(&r, "Content-Type", "text/plain; charset=utf-8");
		files_has_header(&r, "Vary", "Accept-Encoding");
		cr_assert_eq(strcmp(response_header(&r, "ETag"), plain) != 0, codings[i].gzip);
	}
	cr_assert_eq(files_get("/a.txt", "Accept-Encoding: gzip\r\nRange: bytes=4-9\r\n", &r), 206);
	cr_assert_str_eq(r.body, "really");
	files_has_header(&r, "Content-Encoding", "gzip");
	server_stop(s);
}

Test(files_ranges, an_outdated_sibling_is_not_sent)
{
	struct response r;

	files_make();
	write_file("www/a.txt.gz", "old");
	files_date("www/a.txt.gz", 784111776);
	struct server *s = files_start("cache = 0\n");
	cr_assert_eq(files_get("/a.txt", "Accept-Encoding: gzip\r\n", &r), 200);
	cr_assert_str_eq(r.body, ALPHABET);
	files_date("www/a.txt.gz", 784111777);
	cr_assert_eq(files_get("/a.txt", "Accept-Encoding: gzip\r\n", &r), 200);
	cr_assert_str_eq(r.body, "old");
	server_stop(s);
}
