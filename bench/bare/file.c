/* SPDX-License-Identifier: MIT */
/*
 * file.c - a bare loop that answers every request with one file: open, fstat, a head, sendfile.
 *
 *     READING --a head came--> SENDING --all is sent--> READING
 */
#include "bare.h"
#include "hello.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct file_conn {
	struct bare_conn base;
	bool sending;
	bool waiting; /* for writable */
	int file;
	off_t sent;
	off_t size;
	struct hello_input input;
};

static const char *path;
static char date[64];

static const char *http_date(time_t when, char *out)
{
	struct tm utc;

	strftime(out, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&when, &utc));
	return out;
}

static void make_date(void)
{
	http_date(time(NULL), date);
}

/* Fits an empty send buffer always. */
static int send_head(const struct file_conn *file, const struct stat *st)
{
	char head[512], modified[sizeof(date)];
	int size = snprintf(head, sizeof(head),
		"HTTP/1.1 200 OK\r\nDate: %s\r\nLast-Modified: %s\r\nETag: \"%lx-%lx\"\r\n"
		"Accept-Ranges: bytes\r\nContent-Type: application/octet-stream\r\n"
		"Content-Length: %lld\r\n\r\n",
		date, http_date(st->st_mtime, modified), (unsigned long)st->st_mtime,
		(unsigned long)st->st_size, (long long)st->st_size);
	return send(file->base.fd, head, (size_t)size, MSG_NOSIGNAL | MSG_MORE) == size ? 0 : -1;
}

static int wait_for(struct file_conn *file, bool writable)
{
	if (file->waiting != writable)
		bare_conn_wait(&file->base, writable ? BARE_WRITABLE : BARE_READABLE);
	file->waiting = writable;
	return 0;
}

static int send_on(struct file_conn *file)
{
	while (file->sent < file->size) {
		size_t left = (size_t)(file->size - file->sent);
		ssize_t sent = sendfile(file->base.fd, file->file, &file->sent, left);
		if (sent < 0 && errno == EAGAIN)
			return wait_for(file, true);
		if (sent <= 0)
			return -1;
	}
	close(file->file);
	file->sending = false;
	return wait_for(file, false);
}

static int start(struct file_conn *file)
{
	struct stat st;

	file->file = open(path, O_RDONLY | O_CLOEXEC);
	if (file->file < 0 || fstat(file->file, &st) != 0)
		bare_fail(path);
	file->sending = true;
	file->sent = 0;
	file->size = st.st_size;
	return send_head(file, &st) == 0 ? send_on(file) : -1;
}

static int file_ready(struct bare_conn *conn)
{
	struct file_conn *file = (struct file_conn *)conn;
	struct hello_input *input = &file->input;

	if (file->sending)
		return send_on(file);
	ssize_t got = recv(conn->fd, input->bytes + input->used, HELLO_INPUT - input->used, 0);
	if (got <= 0)
		return got < 0 && errno == EAGAIN ? 0 : -1;
	input->used += (size_t)got;
	if (hello_take(input) > 0)
		return start(file);
	return input->used < HELLO_INPUT ? 0 : -1;
}

static void file_close(struct bare_conn *conn)
{
	struct file_conn *file = (struct file_conn *)conn;

	if (file->sending)
		close(file->file);
}

int main(int argc, char **argv)
{
	static const struct bare_server server = {
		.conn_size = sizeof(struct file_conn),
		.conn_ready = file_ready,
		.conn_close = file_close,
		.second = make_date,
	};

	if (argc != 4)
		bare_usage("ADDR PORT FILE");
	path = argv[3];
	signal(SIGPIPE, SIG_IGN); /* sendfile(2) has no MSG_NOSIGNAL */
	bare_serve(argv[1], argv[2], &server);
}
