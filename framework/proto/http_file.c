/* SPDX-License-Identifier: MIT */
/*
 * http_file.c - replies whose body lies in a file.
 *
 * A short part is read at once and leaves with its head in one write; a longer one is left to
 * the stream, which sends it from where it lies (net/stream_file.c).
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "portico.h"
#include "proto/http_request.h"

enum { SHORT_FILE = 16 * 1024 };

static int give_up(int fd, int error)
{
	close(fd);
	errno = error;
	return -1;
}

/* Closes fd.  -1 with EIO if the file does not have all of it. */
static int read_short(int fd, char *out, int64_t offset, size_t len)
{
	size_t got = 0;
	ssize_t n;

	while (got < len && (n = pread(fd, out + got, len - got, offset + (off_t)got)) > 0)
		got += (size_t)n;
	if (got < len)
		return give_up(fd, EIO);
	close(fd);
	return 0;
}

static bool is_range(int64_t offset, int64_t length)
{
	return offset >= 0 && length >= 0 && offset <= INT64_MAX - length;
}

/* ---- a part of a reply ---- */

/* fd is taken.  Once the size line is out the chunk must follow: there has to be room for the
 * file, and for the line and the CRLF behind it. */
static int send_chunk(struct stream *s, int fd, int64_t offset, int64_t length)
{
	char line[20];
	int len = snprintf(line, sizeof(line), "%llx\r\n", (unsigned long long)length);

	if (stream_may_send_file(s) < 0 || !stream_reserve(s, (size_t)len + 2)
		|| stream_write(s, line, (size_t)len) < 0)
		return give_up(fd, errno);
	if (stream_send_file(s, fd, offset, length) == 0 && stream_write(s, "\r\n", 2) == 0)
		return 0;
	int error = errno;
	stream_abort(s);
	errno = error;
	return -1;
}

static int write_short(struct portico_request *r, int fd, int64_t offset, size_t len)
{
	char block[SHORT_FILE];

	if (read_short(fd, block, offset, len) < 0)
		return -1;
	return portico_reply_write(r, block, len) < 0 ? -1 : 0;
}

int portico_reply_write_file(struct portico_request *r, int fd, int64_t offset, int64_t length)
{
	struct stream *s = &r->conn->conn.stream;

	if (!is_range(offset, length))
		return give_up(fd, EINVAL);
	if (http_reply_may_write(r, (uint64_t)length) < 0)
		return give_up(fd, errno);
	if (r->no_body)
		close(fd);
	else if (length <= SHORT_FILE)
		return write_short(r, fd, offset, (size_t)length);
	else if ((r->chunked ? send_chunk(s, fd, offset, length)
			     : stream_send_file(s, fd, offset, length)) < 0)
		return -1;
	http_reply_wrote(r, (uint64_t)length);
	return 0;
}

/* ---- a whole reply ---- */

static int reply_short(struct portico_request *r, int status, const char *type, int fd,
	int64_t offset, size_t len)
{
	char block[SHORT_FILE];

	if (read_short(fd, block, offset, len) < 0)
		return -1;
	return portico_reply(r, status, type, block, len);
}

/* Nothing was said yet: the handler can still answer otherwise. */
static int begin_typed(struct portico_request *r, int status, const char *type, int64_t length)
{
	uint32_t headers = r->headers.end;
	bool typed = r->typed;

	if (type && r->typed) {
		errno = EINVAL;
		return -1;
	}
	if (type && portico_reply_header(r, "Content-Type", type) < 0)
		return -1;
	if (portico_reply_begin(r, status, length) == 0)
		return 0;
	if (r->reply == HTTP_NO_REPLY) {
		r->headers.end = headers;
		r->typed = typed;
	}
	return -1;
}

static int reply_long(struct portico_request *r, int status, const char *type, int fd,
	int64_t offset, int64_t length)
{
	if ((!r->no_body && stream_may_send_file(&r->conn->conn.stream) < 0)
		|| begin_typed(r, status, type, length) < 0)
		return give_up(fd, errno);
	if (portico_reply_write_file(r, fd, offset, length) == 0)
		return portico_reply_end(r);
	int error = errno;
	stream_abort(&r->conn->conn.stream);     /* its head is queued */
	errno = error;
	return -1;
}

int portico_reply_file(struct portico_request *r, int status, const char *type, int fd,
	int64_t offset, int64_t length)
{
	if (!is_range(offset, length))
		return give_up(fd, EINVAL);
	if (r->reply != HTTP_NO_REPLY)
		return give_up(fd, EALREADY);
	if (length <= SHORT_FILE && !r->no_body)
		return reply_short(r, status, type, fd, offset, (size_t)length);
	return reply_long(r, status, type, fd, offset, length);
}
