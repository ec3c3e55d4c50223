/* SPDX-License-Identifier: MIT */
/* scribe.c - sys/scribe.c: lines come whole, in time and in order, or are lost and counted. */
#include "sys/scribe.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

/* How long anything may take that must happen. */
#define PATIENCE (20 * CLOCK_SECOND)

static uint64_t lost;
static struct scribe *scribe;
static char path[] = "/tmp/portico-scribe-XXXXXX";

static void set_up(void)
{
	close(mkstemp(path));
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
}

static void end(void)
{
	if (!scribe)
		return;
	scribe_end(scribe, clock_ns() + PATIENCE);
	scribe_destroy(scribe);
	scribe = NULL;
}

static void tear_down(void)
{
	end();
	unlink(path);
}

TestSuite(scribe, .init = set_up, .fini = tear_down, .timeout = 90);

static void begin(int fd)
{
	cr_assert_geq(fd, 0);
	scribe = scribe_create(fd, "test", &lost);
	cr_assert_not_null(scribe);
}

static int open_file(void)
{
	return open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
}

static uint64_t lost_now(void)
{
	return __atomic_load_n(&lost, __ATOMIC_RELAXED);
}

/* "17\n", with so many x in front of its newline. */
static void say(unsigned number, size_t more)
{
	char line[SCRIBE_LINE];
	size_t len = (size_t)snprintf(line, sizeof(line), "%u", number);

	memset(line + len, 'x', more);
	line[len + more] = '\n';
	scribe_say(scribe, line, len + more + 1);
}

/* All of a file; static. */
static char *text_of(const char *name)
{
	static char text[32 << 20];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	size_t len = 0;

	for (ssize_t n; (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0;)
		len += (size_t)n;
	text[len] = '\0';
	close(fd);
	return text;
}

static off_t size_of(const char *name)
{
	struct stat st;
	return stat(name, &st) == 0 ? st.st_size : -1;
}

static double seconds_since(uint64_t begun)
{
	return (double)(clock_ns() - begun) * 1e-9;
}

/* Waits until the file has that many bytes. */
static void await_size(const char *name, off_t size)
{
	uint64_t begun = clock_ns();

	while (size_of(name) < size) {
		cr_assert_lt(clock_ns() - begun, PATIENCE, "%ld bytes of %ld", (long)size_of(name),
			(long)size);
		usleep(2000);
	}
}

/* Lines count up from first: gives the number after the last. */
static unsigned assert_counts(const char *text, unsigned first)
{
	while (*text) {
		char *rest;
		cr_assert_eq(strtoul(text, &rest, 10), first, "at %.40s", text);
		rest += strspn(rest, "x");
		cr_assert_eq(*rest, '\n');
		text = rest + 1;
		first++;
	}
	return first;
}

/* ---- a file ---- */

Test(scribe, lines_come_whole_and_in_order)
{
	enum { LINES = 200000 };

	begin(open_file());
	for (unsigned i = 0; i < LINES; i++) {
		uint64_t before = lost_now();
		say(i, i % 97);
		if (lost_now() > before) {       /* no room just now */
			lost = before;
			i--;
			usleep(1000);
		}
	}
	end();
	cr_assert_eq(assert_counts(text_of(path), 0), LINES);
}

Test(scribe, a_line_is_there_after_a_second)
{
	begin(open_file());
	for (int i = 0; i < 3; i++) {
		uint64_t before = clock_ns();
		say((unsigned)i, 0);
		await_size(path, 2 * (i + 1));
		double took = seconds_since(before);
		cr_assert_gt(took, 0.5, "not one write a line");
		cr_assert_lt(took, 5.);
	}
	end();
	cr_assert_eq(lost, 0);
}

/* What needs no second: one try of several is quicker, however busy the machine. */
enum { TRIES = 5 };

Test(scribe, half_a_ring_is_written_at_once)
{
	double took = 1.;
	off_t said = 0;

	begin(open_file());
	for (int tries = 0; tries < TRIES && took > 0.9; tries++) {
		uint64_t begun = clock_ns();
		off_t before = said;
		for (unsigned i = 0; said < before + SCRIBE_ROOM / 2; i++) {
			say(1000 + i, 1000);
			said += 1005;
		}
		await_size(path, said);
		took = seconds_since(begun);
	}
	cr_assert_lt(took, 0.9, "it waited for the second");
	end();
}

Test(scribe, its_end_writes_what_it_has)
{
	double took = 1.;
	unsigned said = 0;

	for (int tries = 0; tries < TRIES && took > 0.9; tries++) {
		begin(open_file());
		uint64_t begun = clock_ns();
		say(said++, 0);
		say(said++, SCRIBE_LINE - 2);
		end();
		took = seconds_since(begun);
	}
	cr_assert_lt(took, 0.9);
	cr_assert_eq(assert_counts(text_of(path), 0), said);
	cr_assert_eq(lost, 0);
}

static unsigned long switches(void)
{
	unsigned long sum = 0, n;
	DIR *tasks = opendir("/proc/self/task");
	char name[300], line[256];

	for (struct dirent *d; (d = readdir(tasks)) != NULL;) {
		if (d->d_name[0] == '.' || atoi(d->d_name) == getpid())
			continue;
		snprintf(name, sizeof(name), "/proc/self/task/%s/status", d->d_name);
		FILE *f = fopen(name, "re");
		while (f && fgets(line, sizeof(line), f))
			if (sscanf(line, "voluntary_ctxt_switches: %lu", &n) == 1)
				sum += n;
		if (f)
			fclose(f);
	}
	closedir(tasks);
	return sum;
}

/* For a time, not until something: that nothing happens is what is to be seen. */
Test(scribe, it_sleeps_while_there_is_nothing)
{
	begin(open_file());
	say(0, 0);
	await_size(path, 2);
	usleep(100000);
	unsigned long before = switches();
	usleep(2500000);
	cr_assert_leq(switches(), before + 1);   /* if it came to sleep only now */
}

/* ---- a file that takes no more ---- */

Test(scribe, what_a_full_disk_refuses_is_lost_and_counted)
{
	begin(open("/dev/full", O_WRONLY | O_CLOEXEC));
	for (unsigned i = 0; i < 1000; i++)
		say(i, 0);
	end();
	cr_assert_eq(lost, 1000);
}

/* A file that is full within a line, and then is not any more. */
Test(scribe, a_line_that_was_cut_stays_a_line_of_its_own)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	rlim_t most = limit.rlim_cur;
	limit.rlim_cur = 25;
	setrlimit(RLIMIT_FSIZE, &limit);
	begin(open_file());
	say(10, 7);
	say(11, 7);
	say(12, 7);
	say(13, 7);
	while (lost_now() == 0)
		usleep(1000);
	limit.rlim_cur = most;
	setrlimit(RLIMIT_FSIZE, &limit);
	say(14, 0);
	say(15, 0);
	end();
	cr_assert_eq(lost, 2);
	cr_assert_str_eq(text_of(path), "10xxxxxxx\n11xxxxxxx\n12xxx\n14\n15\n");
}

/* ---- a pipe ---- */

static void pipe_of(int ends[2])
{
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
}

Test(scribe, nobody_waits_for_a_pipe_that_nobody_reads)
{
	enum { LINES = 100000 };
	static char got[1 << 20];
	int ends[2];

	pipe_of(ends);
	begin(ends[1]);
	uint64_t slowest = 0;
	for (unsigned i = 0; i < LINES; i++) {
		uint64_t before = clock_ns();
		say(i, 100);
		if (clock_ns() - before > slowest)
			slowest = clock_ns() - before;
	}
	cr_assert_lt((double)slowest * 1e-9, 5.);
	cr_assert_gt(lost_now(), 0);
	uint64_t begun = clock_ns();
	scribe_end(scribe, begun + CLOCK_SECOND / 5);
	scribe_destroy(scribe);
	scribe = NULL;
	cr_assert_lt(seconds_since(begun), 5.);
	ssize_t n = read(ends[0], got, sizeof(got) - 1);
	unsigned whole = assert_counts(got, 0);
	cr_assert_gt(n, 0);
	cr_assert_eq(whole + lost, LINES, "%u came, %lu are lost", whole, (unsigned long)lost);
}

Test(scribe, a_pipe_whose_reader_comes_late_gets_what_waited)
{
	static char got[1 << 20];
	int ends[2];
	size_t len = 0;

	signal(SIGPIPE, SIG_IGN);
	pipe_of(ends);
	begin(ends[1]);
	for (unsigned i = 0; i < 3000; i++)
		say(i, 100);             /* more than a pipe holds */
	while (len < 3000 * 104) {
		struct pollfd in = { .fd = ends[0], .events = POLLIN };
		cr_assert_eq(poll(&in, 1, 20000), 1);
		ssize_t n = read(ends[0], got + len, sizeof(got) - 1 - len);
		cr_assert_gt(n, 0);
		len += (size_t)n;
		if (memchr(got + len - (size_t)n, '\n', (size_t)n) && strstr(got, "2999x"))
			break;
	}
	end();
	cr_assert_eq(lost, 0);
	cr_assert_eq(assert_counts(got, 0), 3000);
}

Test(scribe, a_pipe_without_a_reader_loses_lines)
{
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	pipe_of(ends);
	close(ends[0]);
	begin(ends[1]);
	for (unsigned i = 0; i < 1000; i++)
		say(i, 100);
	end();
	cr_assert_eq(lost, 1000);
}

/* A terminal that was stopped says that there is room, and takes nothing. */
Test(scribe, a_write_that_never_returns_does_not_keep_us)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	cr_assert_geq(master, 0);
	cr_assert_eq(grantpt(master) | unlockpt(master), 0);
	begin(open(ptsname(master), O_WRONLY | O_NOCTTY | O_CLOEXEC));
	for (unsigned i = 0; i < 4000; i++)
		say(i, 100);
	usleep(1200000);
	uint64_t begun = clock_ns();
	scribe_end(scribe, begun + CLOCK_SECOND / 5);
	scribe_destroy(scribe);
	scribe = NULL;
	cr_assert_lt(seconds_since(begun), 5.);
	cr_assert_gt(lost_now(), 3000);
	_exit(0);                /* as a worker does, with the thread where it is */
}

/* Each read of a SOCK_SEQPACKET is one write. */
Test(scribe, writes_that_may_mix_are_of_whole_lines_and_pipe_buf)
{
	static char got[1 << 20], piece[1 << 20];
	int ends[2], most = 4 << 20;
	size_t len = 0, largest = 0;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
	(void)setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &most, sizeof(most));
	begin(ends[1]);
	for (unsigned i = 0; i < 500; i++)
		say(i, i * 7 % 3000);
	while (assert_counts(got, 0) < 500) {
		struct pollfd in = { .fd = ends[0], .events = POLLIN };
		cr_assert_eq(poll(&in, 1, 20000), 1);
		ssize_t n = read(ends[0], piece, sizeof(piece));
		cr_assert_gt(n, 0);
		cr_assert_eq(piece[n - 1], '\n');
		largest = (size_t)n > largest ? (size_t)n : largest;
		memcpy(got + len, piece, (size_t)n);
		len += (size_t)n;
	}
	cr_assert_leq(largest, 4096);
	cr_assert_gt(largest, 3000, "lines go together");
	end();
	close(ends[0]);
}

/* ---- another file ---- */

Test(scribe, what_was_said_before_goes_to_the_file_before)
{
	unsigned number = 0;
	char names[20][64];

	begin(open_file());
	for (int i = 0; i < 20; i++) {
		for (int k = 0; k < i * 50; k++)
			say(number++, 10);
		snprintf(names[i], sizeof(names[i]), "%s.%d", path, i);
		scribe_turn_to(scribe, open(names[i], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
		if (i % 3)
			usleep(3000);    /* else the last one is not there yet */
	}
	say(number++, 0);
	end();
	cr_assert_eq(lost, 0);
	unsigned seen = assert_counts(text_of(path), 0);
	for (int i = 0; i < 20; i++) {
		seen = assert_counts(text_of(names[i]), seen);
		unlink(names[i]);
	}
	cr_assert_eq(seen, number);
}

Test(scribe, a_pipe_that_nobody_reads_does_not_keep_it_from_another_file)
{
	int ends[2];

	pipe_of(ends);
	begin(ends[1]);
	for (unsigned i = 0; i < 5000; i++)
		say(i, 100);
	usleep(1200000);
	scribe_turn_to(scribe, open_file());
	say(7, 0);
	await_size(path, 2);
	end();
	cr_assert_str_eq(text_of(path), "7\n");
	cr_assert_gt(lost, 0, "what nobody read");
	close(ends[0]);
}

Test(scribe, nor_do_orders_that_come_again_and_again)
{
	uint64_t begun = clock_ns();
	int ends[2];

	pipe_of(ends);
	begin(ends[1]);
	for (unsigned i = 0; i < 5000; i++)
		say(i, 100);
	scribe_turn_to(scribe, open_file());
	say(7, 0);
	while (size_of(path) < 2) {
		cr_assert_lt(clock_ns() - begun, PATIENCE / 2, "it still waits for the pipe");
		usleep(200000);
		scribe_turn_to(scribe, open_file());
	}
	end();
	cr_assert_str_eq(text_of(path), "7\n");
	close(ends[0]);
}
