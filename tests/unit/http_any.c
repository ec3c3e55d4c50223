/* SPDX-License-Identifier: MIT */
/*
 * http_any.c - everything at once: whatever a client sends and a handler asks,
 * in any order.
 */
#include "http_rig.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

HTTP_SUITE(http_any);

static unsigned seed = 1;

static unsigned any(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static struct portico_request *open_ones[64];
static unsigned open_count;
static int file;                  /* 150 000 bytes, most of the time */

static void forget_one(struct portico_request *r)
{
	for (unsigned i = 0; i < open_count; i++)
		if (open_ones[i] == r)
			open_ones[i--] = open_ones[--open_count];
}

static int do_anything(struct portico_request *r)
{
	switch (any(14)) {
	case 0: return portico_reply_text(r, 200, "x");
	case 1: return portico_reply(r, 200, NULL, large, 100000);
	case 2: portico_reply_begin(r, 200, any(2) ? PORTICO_CHUNKED : 10); break;
	case 3: portico_reply_write(r, large, any(20)); break;
	case 4: portico_reply_end(r); break;
	case 5: portico_request_resume(r); break;
	case 6: if (any(4) == 0) portico_conn_close(portico_request_conn(r)); break;
	case 7: if (any(4) == 0) portico_conn_abort(portico_request_conn(r)); break;
	case 8: return -1;
	case 9: portico_reply_header(r, "X-A", "b"); break;
	case 10: return portico_reply_file(r, 200, NULL, dup(file), any(9), any(2) ? 20 : 100000);
	case 11: portico_reply_write_file(r, dup(file), any(9), any(2) ? any(20) : 100000); break;
	default: break;
	}
	if (any(500) == 0 && ftruncate(file, any(2) ? 150000 : 50000) < 0)
		return -1;
	return 0;
}

static int request_anything(struct portico_request *r)
{
	int result = do_anything(r);

	if (any(3) == 0 || open_count == 64)
		return result;
	open_ones[open_count++] = r;
	return PORTICO_LATER;
}

static ssize_t body_anything(struct portico_request *r, const char *data, size_t len)
{
	(void)data;
	if (do_anything(r) < 0 && any(2))
		return -1;
	if (any(4) == 0)
		portico_request_resume(r);
	return (ssize_t)any((unsigned)len + 1);
}

static void drain_anything(struct portico_request *r)
{
	do_anything(r);
}

static unsigned descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 4096; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

Test(http_any, survives_any_order_of_what_can_be_done)
{
	static const char *const words[] = {
		GET("/a"), POST("/a", "3") "abc", POST("/a", "3") "ab", CHUNKED("/c"), "3\r\nabc\r\n",
		"0\r\n\r\n", "GET /x HTT", "HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n", GET("/b") GET("/c"),
		"GET /a HTTP/1.0\r\n\r\n", CHUNKED("/d") "3\r\nabc\r\n0\r\n\r\n", EXPECTS,
	};

	file = memfd_create("test", MFD_CLOEXEC);
	cr_assert_eq(ftruncate(file, 150000), 0);
	unsigned before = descriptors();
	http.telling = false;
	rig.handler.plugin.http_begin = rig_begin;
	rig.handler.plugin.http_drained = rig_drained;
	http.on_request = request_anything;
	http.on_begin = do_anything;
	http.on_body = body_anything;
	http.on_drained = drain_anything;
	http.on_done = forget_one;
	http.site.kind.max_queue = 128 * 1024;
	http.site.kind.high_water = 64 * 1024;
	for (int round = 0; round < 1500; round++) {
		rig.handler.plugin.http_body = any(3) ? rig_body : NULL;
		connect_again();
		for (int step = 0; step < 20; step++) {
			switch (any(10)) {
			case 0: if (any(4) == 0) shutdown(http.client.fd, SHUT_WR); break;
			case 1: if (open_count > 0) do_anything(open_ones[any(open_count)]); break;
			case 2: client_reads(&http.client); client_forgets(&http.client); break;
			case 3: case 4: rig_turn(); break;
			default: {
				const char *word = words[any(sizeof(words) / sizeof(*words))];
				(void)!send(http.client.fd, word, strlen(word), MSG_NOSIGNAL);
			}
			}
		}
		rig_turns(2);
	}
	client_fini(&http.client);
	rig_turns(3);
	http_site_abort(&http.site);
	rig_turns(3);
	cr_assert_eq(rig.hub.streams, 0);
	rig_sleeps();
	cr_assert_eq(descriptors(), before - 2, "more than the two ends of a connection");
}
