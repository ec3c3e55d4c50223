/* SPDX-License-Identifier: MIT */
/*
 * stream_file.c - files among a stream's output.
 *
 * Each file knows how many bytes of s->out go before it, counted from the file
 * ahead of it, so that a protocol queues heads, files and what stands between
 * them in one go:
 *
 *	s->out    | head | boundary      | end |
 *	files            ^ 1st, before   ^ 2nd, before
 *
 * A file's bytes never lie in our memory: sendfile(2) takes them, and where
 * that cannot be (stream_can_sendfile()) they pass through the hub's block,
 * from where what the socket does not take is simply read again.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/log.h"
#include "net/stream_io.h"

enum {
	FILE_TURN = 256 * 1024,  /* goes in one turn of the loop: others have their turn, too */
	FILE_PIECE = 16 * 1024,
};

struct stream_file {             /* owned by its stream */
	struct stream_file *next;
	size_t              before;
	off_t               offset;
	uint64_t            left;
	int                 fd;
};

/* ---- the list ---- */

/* Gives where the next one is to be linked in; *before sums up all. */
static struct stream_file **find_end(struct stream *s, size_t *before)
{
	struct stream_file **at = &s->files;

	for (*before = 0; *at; at = &(*at)->next)
		*before += (*at)->before;
	return at;
}

int stream_may_send_file(const struct stream *s)
{
	unsigned count = 0;

	for (const struct stream_file *f = s->files; f; f = f->next)
		count++;
	if (stream_is_open(s) && count < STREAM_FILES)
		return 0;
	errno = stream_is_open(s) ? ENOBUFS : EPIPE;
	return -1;
}

static int take_file(struct stream *s, int fd, off_t offset, uint64_t length)
{
	size_t before;
	struct stream_file **end = find_end(s, &before);
	struct stream_file *f = malloc(sizeof(*f));
	if (!f)
		return -1;
	*f = (struct stream_file){
		.before = buf_len(&s->out) - before,
		.offset = offset,
		.left = length,
		.fd = fd,
	};
	*end = f;
	s->file_bytes += length;
	stream_touch(s);
	return 0;
}

static int check(const struct stream *s, int64_t offset, int64_t length)
{
	if (offset >= 0 && length >= 0 && offset <= INT64_MAX - length)
		return stream_may_send_file(s);
	errno = EINVAL;
	return -1;
}

int stream_send_file(struct stream *s, int fd, int64_t offset, int64_t length)
{
	int result = check(s, offset, length);

	if (result == 0 && length > 0) {
		result = take_file(s, fd, offset, (uint64_t)length);
		if (result == 0)
			return 0;
	}
	int error = errno;
	close(fd);
	errno = error;
	return result;
}

static void drop_first(struct stream *s)
{
	struct stream_file *f = s->files;

	s->files = f->next;
	s->file_bytes -= f->left;
	close(f->fd);
	free(f);
}

void stream_drop_files(struct stream *s)
{
	while (s->files)
		drop_first(s);
}

/* ---- what goes before ---- */

size_t stream_ahead_of_file(const struct stream *s)
{
	return s->files->before;
}

void stream_file_nears(struct stream *s, size_t n)
{
	assert(n <= s->files->before);
	s->files->before -= n;
}

/* ---- sending ---- */

static bool stream_can_sendfile(const struct stream *s)
{
	return !s->in_pieces && !s->tls;
}

/* What was announced cannot come any more; its peer must see that it was cut. */
static void cut(struct stream *s, const char *why)
{
	log_warn("a file cannot be sent to its end: %s; connection cut", why);
	stream_abort(s);
}

static void went(struct stream *s, size_t n, size_t wanted)
{
	struct stream_file *f = s->files;

	stream_sent(s, n);
	s->blocked = n < wanted;
	f->left -= n;
	s->file_bytes -= n;
	if (f->left == 0)
		drop_first(s);
}

/* The socket's errors and the file's come by one errno. */
static void sendfile_failed(struct stream *s)
{
	if (errno == EINVAL || errno == ENOSYS)
		s->in_pieces = true;     /* not with this file system: sendfile(2) */
	else if (errno == EIO)
		cut(s, "it cannot be read");
	else
		stream_output_failed(s);
}

static void send_file(struct stream *s, size_t len)
{
	struct stream_file *f = s->files;

	ssize_t n = sendfile(s->io.fd, f->fd, &f->offset, len);
	if (n < 0)
		sendfile_failed(s);
	else if (n == 0)
		cut(s, "it became shorter");
	else
		went(s, (size_t)n, len);
}

static void send_piece(struct stream *s, size_t len)
{
	struct stream_file *f = s->files;
	char *block = s->kind->hub->block;
	bool more = f->left > len || f->next || buf_len(&s->out) > 0;

	ssize_t got = pread(f->fd, block, len, f->offset);
	if (got <= 0) {
		cut(s, got == 0 ? "it became shorter" : "it cannot be read");
		return;
	}
	ssize_t n = stream_transport_send(s, block, (size_t)got, more);
	if (n < 0) {
		stream_output_failed(s);
		return;
	}
	f->offset += n;
	went(s, (size_t)n, (size_t)got);
}

/* len is not more than is left of the file, which may be gone after its last piece. */
static void send_pieces(struct stream *s, size_t len)
{
	while (len > 0 && !s->blocked && !s->broken && s->state != STREAM_CLOSED) {
		size_t piece = len < FILE_PIECE ? len : FILE_PIECE;
		send_piece(s, piece);
		len -= piece;
	}
}

void stream_flush_file(struct stream *s)
{
	uint64_t left = s->files->left;
	size_t len = left < FILE_TURN ? (size_t)left : FILE_TURN;

	if (stream_can_sendfile(s))
		send_file(s, len);
	else
		send_pieces(s, len);
}
