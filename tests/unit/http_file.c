/* SPDX-License-Identifier: MIT */
/*
 * http_file.c - replies whose body lies in a file: short and long, whole and in parts.
 */
#include "http_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "portico.h"

HTTP_SUITE(http_file);

static int file = -1;            /* holds all of large */
static int64_t offset, length;   /* what the handler sends of it */
static int seen;                 /* what portico_reply_file() gave */
static int seen_error;

static void open_file(void)
{
	fill_large();
	file = memfd_create("test", MFD_CLOEXEC);
	cr_assert_geq(file, 0);
	cr_assert_eq(write(file, large, sizeof(large)), (ssize_t)sizeof(large));
}

/* Once portico is done with its descriptors the lowest free one is the same again. */
static int lowest_free(void)
{
	int fd = dup(0);
	close(fd);
	return fd;
}

static int reply_file(struct portico_request *r)
{
	seen = portico_reply_file(r, 200, "text/x", dup(file), offset, length);
	seen_error = errno;
	return seen;
}

static void await_reply(void)
{
	size_t before;

	do {
		before = http.client.got_len;
		rig_turns(3);
		client_reads(&http.client);
	} while (http.client.got_len > before);
}

static const char *body_of_reply(size_t *len)
{
	const char *at = strstr(http.client.got, "\r\n\r\n");

	cr_assert_not_null(at, "no head in '%s'", http.client.got);
	*len = http.client.got_len - (size_t)(at + 4 - http.client.got);
	return at + 4;
}

static void gives(int64_t from, int64_t len)
{
	char line[64];
	size_t got;
	int before = lowest_free();

	offset = from;
	length = len;
	client_says(&http.client, GET("/a"));
	await_reply();
	const char *body = body_of_reply(&got);
	cr_assert_eq(got, (size_t)len, "%zu bytes instead of %zd", got, (ssize_t)len);
	cr_assert_eq(memcmp(body, large + from, got), 0);
	snprintf(line, sizeof(line), "\r\nContent-Length: %zd\r\n", (ssize_t)len);
	cr_assert_not_null(strstr(http.client.got, line));
	cr_assert_not_null(strstr(http.client.got, "\r\nContent-Type: text/x\r\n"));
	cr_assert_eq(lowest_free(), before, "a descriptor is left");
	client_forgets(&http.client);
}

Test(http_file, sends_any_part_of_a_file)
{
	open_file();
	http.telling = false;
	http.on_request = reply_file;
	gives(0, 0);
	gives(0, 1);
	gives(7, 8192);
	gives(7, 8193);
	gives(1, 16384);
	gives(1, 16385);
	gives(100000, 400000);
	gives(0, sizeof(large));
}

Test(http_file, a_short_file_leaves_with_its_head_in_one_write)
{
	open_file();
	client_fini(&http.client);
	http_accept(&http.site, client_pair(&http.client, SOCK_SEQPACKET), &rig.peer);
	http.on_request = reply_file;
	length = 16384;
	client_says(&http.client, GET("/a"));
	rig_turns(3);
	static char block[32768];
	ssize_t n = read(http.client.fd, block, sizeof(block));
	cr_assert_gt(n, 16384, "%zd bytes in the first packet", n);
}

static void head_only(int64_t len)
{
	size_t got;
	int before = lowest_free();

	length = len;
	client_says(&http.client, "HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
	await_reply();
	(void)body_of_reply(&got);
	cr_assert_eq(got, 0);
	cr_assert_eq(lowest_free(), before);
	client_forgets(&http.client);
}

Test(http_file, answers_head_without_a_body)
{
	open_file();
	http.telling = false;
	http.on_request = reply_file;
	head_only(100);
	head_only(sizeof(large));
	gives(0, 100);
}

Test(http_file, answers_pipelined_requests_in_their_order)
{
	size_t got;

	open_file();
	http.telling = false;
	http.on_request = reply_file;
	length = sizeof(large);
	for (int i = 0; i < 5; i++)
		client_says(&http.client, GET("/a"));
	await_reply();
	const char *at = body_of_reply(&got);
	for (int i = 0; i < 5; i++) {
		cr_assert_eq(memcmp(at, large, sizeof(large)), 0, "reply %d", i);
		at += sizeof(large);
		if (i < 4)
			at = strstr(at, "\r\n\r\n") + 4;
	}
	cr_assert_eq(at, http.client.got + http.client.got_len);
}

/* ---- in parts ---- */

static int64_t announced;

static int reply_parts(struct portico_request *r)
{
	cr_assert_eq(portico_reply_begin(r, 200, announced), 0);
	cr_assert_eq(portico_reply_write(r, "<", 1), 1);
	cr_assert_eq(portico_reply_write_file(r, dup(file), 0, 100000), 0);
	cr_assert_eq(portico_reply_write(r, "|", 1), 1);
	cr_assert_eq(portico_reply_write_file(r, dup(file), 5, 10), 0);
	cr_assert_eq(portico_reply_write_file(r, dup(file), 5, 0), 0);
	cr_assert_eq(portico_reply_write_file(r, dup(file), 9, 20000), 0);
	cr_assert_eq(portico_reply_write(r, ">", 1), 1);
	return portico_reply_end(r);
}

static void is_in_parts(const char *body)
{
	cr_assert_eq(memcmp(body, "<", 1), 0);
	cr_assert_eq(memcmp(body + 1, large, 100000), 0);
	cr_assert_eq(memcmp(body + 100001, "|", 1), 0);
	cr_assert_eq(memcmp(body + 100002, large + 5, 10), 0);
	cr_assert_eq(memcmp(body + 100012, large + 9, 20000), 0);
	cr_assert_eq(memcmp(body + 120012, ">", 1), 0);
}

Test(http_file, goes_in_parts_between_what_is_written)
{
	size_t got;
	int before;

	open_file();
	before = lowest_free();
	announced = 120013;
	http.on_request = reply_parts;
	client_says(&http.client, GET("/a"));
	await_reply();
	is_in_parts(body_of_reply(&got));
	cr_assert_eq(got, 120013);
	cr_assert_eq(lowest_free(), before);
}

/* All that came is one reply in chunks: its body, static. */
static const char *body_of_chunks(size_t *len)
{
	static char body[1 << 21];
	size_t got, n;
	const char *at = body_of_reply(&got);
	char *end;

	*len = 0;
	do {
		n = strtoul(at, &end, 16);
		cr_assert_eq(memcmp(end, "\r\n", 2), 0);
		cr_assert_lt(*len + n, sizeof(body));
		memcpy(body + *len, end + 2, n);
		cr_assert_eq(memcmp(end + 2 + n, "\r\n", 2), 0);
		*len += n;
		at = end + 4 + n;
	} while (n > 0);
	cr_assert_eq(at, http.client.got + http.client.got_len);
	return body;
}

Test(http_file, goes_in_chunks)
{
	size_t len;

	open_file();
	announced = PORTICO_CHUNKED;
	http.on_request = reply_parts;
	client_says(&http.client, GET("/a"));
	await_reply();
	is_in_parts(body_of_chunks(&len));
	cr_assert_eq(len, 120013);
}

enum { PART = 17000 };

static unsigned parts;

static int reply_with_too_many_parts(struct portico_request *r)
{
	cr_assert_eq(portico_reply_begin(r, 200, PORTICO_CHUNKED), 0);
	while (portico_reply_write_file(r, dup(file), 0, PART) == 0)
		parts++;
	cr_assert_eq(errno, ENOBUFS);
	return PORTICO_LATER;
}

static void add_the_last_part(struct portico_request *r)
{
	cr_assert_eq(portico_reply_write_file(r, dup(file), 0, PART), 0, "%s", strerror(errno));
	parts++;
	cr_assert_eq(portico_reply_end(r), 0);
}

Test(http_file, a_part_too_many_in_chunks_can_wait)
{
	size_t len;

	open_file();
	int before = lowest_free();
	http.on_request = reply_with_too_many_parts;
	http.on_drained = add_the_last_part;
	rig.handler.plugin.http_drained = rig_drained;
	client_says(&http.client, GET("/a"));
	await_reply();
	const char *body = body_of_chunks(&len);
	cr_assert_eq(parts, STREAM_FILES + 1);
	cr_assert_eq(len, parts * PART);
	for (unsigned i = 0; i < parts; i++)
		cr_assert_eq(memcmp(body + i * PART, large, PART), 0, "part %u", i);
	cr_assert_eq(lowest_free(), before);
}

/* ---- refusals ---- */

static int refused_then_said(struct portico_request *r)
{
	cr_assert_eq(reply_file(r), -1);
	return portico_reply_text(r, 200, strerror(seen_error));
}

Test(http_file, a_file_that_is_too_short_can_still_be_answered_otherwise)
{
	open_file();
	http.on_request = refused_then_said;
	int before = lowest_free();
	offset = sizeof(large) - 9;
	length = 10;
	says(GET("/a"));
	hears(TEXT("200 OK", "18", "", "Input/output error"));
	offset = -1;
	says(GET("/a"));
	hears(TEXT("200 OK", "16", "", "Invalid argument"));
	cr_assert_eq(lowest_free(), before);
}

static int reply_file_or_text(struct portico_request *r)
{
	return reply_file(r) == 0 ? 0 : portico_reply_text(r, 503, strerror(seen_error));
}

Test(http_file, one_too_many_can_still_be_answered_otherwise)
{
	static const char refusal[] = "\r\n\r\nNo buffer space available";

	open_file();
	http.telling = false;
	http.site.kind.high_water = http.site.kind.max_queue = 1 << 30;
	http.on_request = reply_file_or_text;
	length = PART;
	for (int i = 0; i <= STREAM_FILES; i++)
		client_says(&http.client, GET("/a"));
	await_reply();
	cr_assert_gt(http.client.got_len, STREAM_FILES * PART + sizeof(refusal));
	cr_assert_str_eq(http.client.got + http.client.got_len - strlen(refusal), refusal);
}

static int write_too_much(struct portico_request *r)
{
	cr_assert_eq(portico_reply_write_file(r, dup(file), 0, 10), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(portico_reply_begin(r, 200, 20), 0);
	cr_assert_eq(portico_reply_write_file(r, dup(file), 0, 21), -1);
	cr_assert_eq(errno, EMSGSIZE);
	cr_assert_eq(portico_reply_file(r, 200, NULL, dup(file), 0, 20), -1);
	cr_assert_eq(errno, EALREADY);
	cr_assert_eq(portico_reply_write(r, "12345678901234567890", 20), 20);
	return portico_reply_end(r);
}

Test(http_file, refuses_more_than_was_announced)
{
	open_file();
	int before = lowest_free();
	http.on_request = write_too_much;
	says(GET("/a"));
	hears("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n12345678901234567890");
	cr_assert_eq(lowest_free(), before);
}

Test(http_file, a_client_that_leaves_leaves_no_descriptor)
{
	open_file();
	client_fini(&http.client);
	rig_turns(3);
	int before = lowest_free();
	connect_client(&http.client);
	http.on_request = reply_file;
	length = sizeof(large);
	says(GET("/a"));
	client_fini(&http.client);
	rig_turns(5);
	cr_assert_eq(lowest_free(), before);
	connect_client(&http.client);
}

Test(http_file, a_file_that_shrinks_cuts_the_connection)
{
	open_file();
	http.on_request = reply_file;
	length = sizeof(large);
	client_says(&http.client, GET("/a"));
	rig_turns(2);
	cr_assert_eq(ftruncate(file, 10), 0);
	await_reply();
	client_forgets(&http.client);
	client_is_cut(&http.client);
}
