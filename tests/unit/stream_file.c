/* SPDX-License-Identifier: MIT */
/*
 * stream_file.c - files among the output: in their place, whole or the stream is cut, and no
 * descriptor is left.
 */
#include "stream_rig.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

STREAM_SUITE(stream_file);

enum { MEGA = 1024 * 1024 };

static char *heard;              /* all that the peer read */
static size_t heard_len, heard_room;
static bool heard_the_end;

static char byte_of(size_t at)
{
	return (char)(at * 31 + (at >> 8) * 7 + (at >> 16));
}

static int make_file(size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	char *bytes = malloc(len + 1);

	cr_assert_geq(fd, 0);
	cr_assert_not_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = byte_of(i);
	cr_assert_eq(write(fd, bytes, len), (ssize_t)len);
	free(bytes);
	return fd;
}

static unsigned descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned count = 0;

	cr_assert_not_null(d);
	while (readdir(d))
		count++;
	closedir(d);
	return count;
}

/* At most so much; whether anything came. */
static bool peer_reads(size_t most)
{
	if (heard_room - heard_len < most) {
		heard_room = heard_len + most + MEGA;
		heard = realloc(heard, heard_room);
		cr_assert_not_null(heard);
	}
	ssize_t n = read(side.peer, heard + heard_len, most);
	if (n > 0)
		heard_len += (size_t)n;
	heard_the_end = n == 0 || (n < 0 && errno == ECONNRESET);
	return n > 0;
}

static void peer_reads_all(size_t piece)
{
	do
		rig_turn();
	while (peer_reads(piece) || (stream_queued(&side.stream) > 0 && !heard_the_end));
	while (peer_reads(piece))
		;
}

static void heard_file(size_t at, size_t offset, size_t len)
{
	cr_assert_leq(at + len, heard_len, "%zu bytes came", heard_len);
	for (size_t i = 0; i < len; i++)
		cr_assert_eq(heard[at + i], byte_of(offset + i), "byte %zu", i);
}

static void heard_text(size_t at, const char *text)
{
	cr_assert_leq(at + strlen(text), heard_len);
	cr_assert_eq(memcmp(heard + at, text, strlen(text)), 0, "not '%s' at %zu", text, at);
}

static void small_socket(void)
{
	int size = 4096;

	setsockopt(side.stream.io.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/* ---- in their place ---- */

static void write_text(const char *text)
{
	cr_assert_eq(stream_write(&side.stream, text, strlen(text)), 0);
}

static void send_some(int fd, int64_t offset, int64_t length)
{
	cr_assert_eq(stream_send_file(&side.stream, fd, offset, length), 0);
}

static void goes_between_what_is_written(size_t piece)
{
	static char block[100 * 1024];
	unsigned before = descriptors();

	memset(block, '#', sizeof(block));
	write_text("head");
	send_some(make_file(3 * MEGA), 0, 3 * MEGA);
	send_some(make_file(MEGA), 1000, 20);
	write_text("middle");
	send_some(make_file(MEGA), MEGA - 1, 1);
	cr_assert_eq(stream_write(&side.stream, block, sizeof(block)), 0);
	cr_assert_eq(stream_queued(&side.stream), 4 + 3 * MEGA + 20 + 6 + 1 + sizeof(block));
	peer_reads_all(piece);
	cr_assert_eq(heard_len, 4 + 3 * MEGA + 20 + 6 + 1 + sizeof(block));
	heard_text(0, "head");
	heard_file(4, 0, 3 * MEGA);
	heard_file(4 + 3 * MEGA, 1000, 20);
	heard_text(4 + 3 * MEGA + 20, "middle");
	heard_file(4 + 3 * MEGA + 26, MEGA - 1, 1);
	cr_assert_eq(memcmp(heard + 4 + 3 * MEGA + 27, block, sizeof(block)), 0);
	cr_assert_eq(descriptors(), before, "a descriptor is left");
	cr_assert_null(side.stream.out.data);
}

Test(stream_file, goes_between_what_is_written)
{
	goes_between_what_is_written(MEGA);
}

Test(stream_file, goes_to_a_slow_reader_too)
{
	small_socket();
	goes_between_what_is_written(3001);
}

Test(stream_file, goes_in_pieces_where_sendfile_cannot)
{
	side.stream.in_pieces = true;
	goes_between_what_is_written(MEGA);
}

Test(stream_file, goes_in_pieces_to_a_slow_reader)
{
	side.stream.in_pieces = true;
	small_socket();
	goes_between_what_is_written(3001);
}

Test(stream_file, falls_back_to_pieces_where_the_file_system_has_no_sendfile)
{
	char expected[4096];
	int fd = open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		cr_skip_test("no such file");
	ssize_t len = pread(fd, expected, sizeof(expected), 0);

	cr_assert_gt(len, 0);
	send_some(fd, 0, len);
	peer_reads_all(MEGA);
	cr_assert_eq(heard_len, (size_t)len);
	cr_assert_eq(memcmp(heard, expected, heard_len), 0);
}

Test(stream_file, of_length_zero_is_closed_at_once)
{
	unsigned before = descriptors();

	send_some(make_file(10), 5, 0);
	cr_assert_eq(descriptors(), before);
	cr_assert_eq(stream_queued(&side.stream), 0);
}

/* ---- what the protocol is told ---- */

Test(stream_file, drained_is_told_when_the_file_is_sent)
{
	send_some(make_file(3 * MEGA), 0, 3 * MEGA);
	stream_tell_drained(&side.stream);
	rig_turns(3);
	cr_assert_eq(side.draineds, 0);
	cr_assert(side.stream.blocked);
	peer_reads_all(MEGA);
	rig_turn();
	cr_assert_eq(side.draineds, 1);
	cr_assert_eq(heard_len, 3 * MEGA);
}

Test(stream_file, stops_reading_above_high_water_and_goes_on_after_it)
{
	send_some(make_file(3 * MEGA), 0, 3 * MEGA);
	rig_turns(3);
	peer_says(&side, "hello");
	rig_turns(3);
	cr_assert_eq(side.datas, 0, "reads from a peer that does not read");
	peer_reads_all(MEGA);
	rig_turns(2);
	cr_assert_eq(side.datas, 1);
}

Test(stream_file, a_blocked_one_lets_the_loop_sleep)
{
	send_some(make_file(3 * MEGA), 0, 3 * MEGA);
	rig_turns(5);
	cr_assert(side.stream.blocked);
	sleeps();
}

Test(stream_file, does_not_count_for_max_queue)
{
	int fd = make_file(0);

	cr_assert_eq(ftruncate(fd, (off_t)1 << 40), 0);
	send_some(fd, 0, (int64_t)1 << 40);
	write_text("after it");
	rig_turns(3);
	cr_assert_lt(side.stream.out.size, 64 * 1024);
}

Test(stream_file, is_sent_before_the_stream_closes)
{
	send_some(make_file(3 * MEGA), 0, 3 * MEGA);
	write_text("end");
	stream_close(&side.stream, true);
	peer_reads_all(MEGA);
	heard_file(0, 0, 3 * MEGA);
	heard_text(3 * MEGA, "end");
	cr_assert_eq(heard_len, 3 * MEGA + 3);
	cr_assert_eq(side.closeds, 1);
}

/* ---- what goes wrong ---- */

static void is_cut_when_the_file_shrinks(void)
{
	unsigned before = descriptors();
	int fd = make_file(3 * MEGA);

	send_some(dup(fd), 0, 3 * MEGA);
	send_some(dup(fd), 0, MEGA);
	rig_turns(3);
	cr_assert_eq(ftruncate(fd, 100), 0);
	close(fd);
	peer_reads_all(MEGA);
	rig_turns(2);
	cr_assert_lt(heard_len, 3 * MEGA);
	cr_assert_eq(side.closeds, 1);
	cr_assert_eq(descriptors(), before - 1, "only the stream's own socket is gone");
}

Test(stream_file, is_cut_when_the_file_shrinks)
{
	is_cut_when_the_file_shrinks();
}

Test(stream_file, is_cut_when_the_file_shrinks_and_goes_in_pieces)
{
	side.stream.in_pieces = true;
	is_cut_when_the_file_shrinks();
}

Test(stream_file, is_cut_when_it_is_no_file)
{
	int ends[2];

	cr_assert_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	send_some(ends[0], 0, 10);
	rig_turns(5);
	cr_assert_eq(side.closeds, 1);
	close(ends[1]);
}

Test(stream_file, an_abort_closes_all_of_them)
{
	unsigned before = descriptors();

	for (int i = 0; i < 10; i++)
		send_some(make_file(MEGA), 0, MEGA);
	rig_turns(3);
	stream_abort(&side.stream);
	rig_turns(2);
	cr_assert_eq(side.closeds, 1);
	cr_assert_eq(descriptors(), before - 1);
}

Test(stream_file, a_peer_that_is_gone_closes_all_of_them)
{
	unsigned before = descriptors();

	send_some(make_file(3 * MEGA), 0, 3 * MEGA);
	send_some(make_file(MEGA), 0, MEGA);
	rig_turns(3);
	close(side.peer);
	rig_turns(3);
	cr_assert_eq(side.closeds, 1);
	cr_assert_eq(descriptors(), before - 2);
	side.peer = -1;
}

static void is_refused(int64_t offset, int64_t length, int error)
{
	unsigned before = descriptors();

	cr_assert_eq(stream_send_file(&side.stream, make_file(10), offset, length), -1);
	cr_assert_eq(errno, error, "%s", strerror(errno));
	cr_assert_eq(descriptors(), before);
}

Test(stream_file, takes_the_descriptor_of_a_refused_one_too)
{
	is_refused(-1, 1, EINVAL);
	is_refused(1, -1, EINVAL);
	is_refused(INT64_MAX, 1, EINVAL);
	for (int i = 0; i < STREAM_FILES; i++)
		send_some(make_file(10), 0, 10);
	is_refused(0, 10, ENOBUFS);
	stream_close(&side.stream, true);
	is_refused(0, 10, EPIPE);
	peer_reads_all(MEGA);
	cr_assert_eq(heard_len, STREAM_FILES * 10);
}
