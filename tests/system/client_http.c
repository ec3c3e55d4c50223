/* SPDX-License-Identifier: MIT */
/*
 * client_http.c - an HTTP client that believes nothing: a response is whole or it is not.
 */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

static char bodies[RESPONSE_ROOM];

/* ---- the head ---- */

/* Byte by byte, so that nothing of what follows is taken. */
static bool read_line(int fd, char *out, size_t room)
{
	size_t len = 0;

	while (len < room - 1) {
		if (recv(fd, out + len, 1, 0) != 1)
			return false;
		if (out[len++] == '\n')
			break;
	}
	out[len] = '\0';
	return len >= 2 && out[len - 2] == '\r' && out[len - 1] == '\n';
}

static bool read_head(int fd, struct response *r)
{
	size_t len = 0;

	for (;;) {
		if (!read_line(fd, r->head + len, sizeof(r->head) - len))
			return false;
		if (strcmp(r->head + len, "\r\n") == 0)
			break;
		len += strlen(r->head + len);
	}
	const char *connection = response_header(r, "Connection");
	r->close = connection && strcasecmp(connection, "close") == 0;
	return sscanf(r->head, "HTTP/1.1 %d ", &r->status) == 1;
}

const char *response_header(const struct response *r, const char *name)
{
	static char value[1024];
	size_t len = strlen(name);

	for (const char *line = strchr(r->head, '\n'); line; line = strchr(line + 1, '\n')) {
		if (strncasecmp(line + 1, name, len) != 0 || line[1 + len] != ':')
			continue;
		const char *from = line + 2 + len;
		from += strspn(from, " \t");
		snprintf(value, sizeof(value), "%.*s", (int)strcspn(from, "\r\n"), from);
		return value;
	}
	return NULL;
}

/* ---- the body ---- */

static bool read_piece(int fd, struct response *r, size_t len)
{
	if (len > RESPONSE_ROOM - 1 - r->len)
		return false;
	if (len > 0 && recv(fd, r->body + r->len, len, MSG_WAITALL) != (ssize_t)len)
		return false;
	r->len += len;
	r->body[r->len] = '\0';
	return true;
}

static bool read_chunks(int fd, struct response *r)
{
	char line[128], *end;

	for (;;) {
		if (!read_line(fd, line, sizeof(line)))
			return false;
		unsigned long len = strtoul(line, &end, 16);
		if (end == line || !read_piece(fd, r, len))
			return false;
		if (!read_line(fd, line, sizeof(line)) || strcmp(line, "\r\n") != 0)
			return false;
		if (len == 0)
			return true;
	}
}

static bool read_to_the_end(int fd, struct response *r)
{
	long n = client_read_all(fd, r->body, RESPONSE_ROOM);

	r->len = n > 0 ? (size_t)n : 0;
	return n >= 0;
}

static bool read_body(int fd, struct response *r)
{
	const char *coding = response_header(r, "Transfer-Encoding");
	if (coding && strcmp(coding, "chunked") == 0)
		return read_chunks(fd, r);
	const char *length = response_header(r, "Content-Length");
	if (length)
		return read_piece(fd, r, strtoul(length, NULL, 10));
	return r->status < 200 || r->status == 204 || r->status == 304 || read_to_the_end(fd, r);
}

static bool read_response(int fd, struct response *r, bool has_body)
{
	memset(r, 0, sizeof(*r));
	r->body = bodies;
	r->body[0] = '\0';
	return read_head(fd, r) && (!has_body || read_body(fd, r));
}

bool client_response(int fd, struct response *r)
{
	return read_response(fd, r, true);
}

bool client_response_to_head(int fd, struct response *r)
{
	return read_response(fd, r, false);
}

/* ---- whole exchanges ---- */

void client_get(int fd, const char *path, struct response *r)
{
	char request[1024];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", path);
	client_says(fd, request);
	cr_assert(client_response(fd, r), "no whole answer to GET %s: %s", path, strerror(errno));
}

static void get_once(int port, const char *path, struct response *r)
{
	int fd = client_connect(port);

	client_get(fd, path, r);
	close(fd);
}

const char *http_get(int port, const char *path)
{
	struct response r;

	get_once(port, path, &r);
	cr_assert_eq(r.status, 200, "GET %s gave %d: %s", path, r.status, r.body);
	return r.body;
}

int http_status(int port, const char *path)
{
	struct response r;

	get_once(port, path, &r);
	return r.status;
}

int http_raw(int port, const char *bytes, struct response *r)
{
	int fd = client_connect(port);

	client_says(fd, bytes);
	bool whole = client_response(fd, r);
	close(fd);
	return whole ? r->status : 0;
}
