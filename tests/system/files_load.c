/* SPDX-License-Identifier: MIT */
/* files_load.c - the plugin files with curl, with large files, and with clients that are slow or
 * gone: memory and descriptors stay bounded. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "files_rig.h"
#include "harness.h"
#include "proc.h"

SYSTEM_SUITE(files_load);

#define URL "http://127.0.0.1:8080"

/* ---- curl ---- */

/* What curl -s with these arguments says, without the last newline. */
static const char *curl(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static const char *curl(const char *fmt, ...)
{
	static char out[4096];
	char command[2048];
	va_list args;

	int len = snprintf(command, sizeof(command), "cd %s && curl -s --http1.1 -m 60 ", harness_dir());
	va_start(args, fmt);
	vsnprintf(command + len, sizeof(command) - (size_t)len, fmt, args);
	va_end(args);
	FILE *f = popen(command, "re");
	cr_assert_not_null(f);
	size_t n = fread(out, 1, sizeof(out) - 1, f);
	out[n] = '\0';
	cr_assert_eq(pclose(f), 0, "%s: %s", command, out);
	return out;
}

static void is_the_same(const char *a, const char *b)
{
	char command[1024];

	snprintf(command, sizeof(command), "cmp %s/%s %s/%s", harness_dir(), a, harness_dir(), b);
	cr_assert_eq(system(command), 0, "%s and %s differ", a, b);
}

Test(files_load, curl_gets_whole_files_and_pieces)
{
	files_make();
	files_fill("www/big", 3000000);
	struct server *s = files_start("");
	curl("-o whole " URL "/big");
	is_the_same("whole", "www/big");
	cr_assert_str_eq(curl("-r 3-5 " URL "/a.txt"), "345");
	cr_assert_str_eq(curl("-r -2 " URL "/a.txt"), "yz");
	cr_assert_not_null(strstr(curl("-r 0-1,34- " URL "/a.txt"), "bytes 34-35/36\r\n\r\nyz\r\n--"));
	cr_assert_str_eq(curl("-o /dev/null -I -w '%%{http_code} %%{size_download}' " URL "/big"), "200 0");
	cr_assert_str_eq(curl("-o /dev/null -w '%%{http_code}' -z www/big " URL "/big"), "304");
	cr_assert_str_eq(curl("-o /dev/null -w '%%{http_code}' -T www/a.txt " URL "/a.txt"), "405");
	cr_assert_str_eq(curl("-L " URL "/dir"), "index\n");
	server_stop(s);
}

Test(files_load, curl_resumes_where_it_was_cut)
{
	files_make();
	files_fill("www/big", 3000000);
	struct server *s = files_start("");
	curl("-r 0-1234566 -o part " URL "/big");
	cr_assert_str_eq(curl("-C - -o part -w '%%{http_code} %%{size_download}' " URL "/big"),
		"206 1765433");
	is_the_same("part", "www/big");
	server_stop(s);
}

Test(files_load, curl_reads_as_slowly_as_it_likes)
{
	files_make();
	files_fill("www/big", 20000000);
	struct server *s = files_start("");
	double begin = seconds_now();
	curl("--limit-rate 10M -o slow " URL "/big");
	cr_assert_gt(seconds_now() - begin, 0.8);
	is_the_same("slow", "www/big");
	server_stop(s);
}

Test(files_load, curl_has_a_compressed_file_unpacked)
{
	files_make();
	files_fill("www/big.txt", 300000);
	char command[600];
	snprintf(command, sizeof(command), "gzip -k %s", path_of("www/big.txt"));
	cr_assert_eq(system(command), 0);
	struct server *s = files_start("");
	int size = atoi(curl("--compressed -o unpacked -w '%%{size_download}' " URL "/big.txt"));
	cr_assert_lt(size, 290000, "it was sent as it is");
	is_the_same("unpacked", "www/big.txt");
	server_stop(s);
}

/* ---- large, slow, gone ---- */

static pid_t the_worker(struct server *s)
{
	pid_t worker;

	cr_assert_eq(server_workers(s, &worker, 1), 1);
	return worker;
}

static size_t descriptors(pid_t pid)
{
	size_t count = 0;

	for (const char *at = proc_descriptors(pid); *at; at++)
		count += *at == '\n';
	return count;
}

struct expected {
	pid_t  worker;
	size_t descriptors;
};

static bool has_no_more(void *arg)
{
	const struct expected *e = arg;
	return descriptors(e->worker) <= e->descriptors;
}

static void awaits_descriptors(struct expected *e)
{
	cr_assert(wait_until(has_no_more, e, PATIENCE), "%zu descriptors became %zu:\n%s",
		e->descriptors, descriptors(e->worker), proc_descriptors(e->worker));
}

static void make_sparse(const char *name, off_t size)
{
	write_file(name, "%s", "");
	cr_assert_eq(truncate(path_of(name), size), 0);
}

Test(files_load, a_gigabyte_costs_no_memory)
{
	struct response r;

	files_make();
	make_sparse("www/large", (off_t)1 << 30);
	struct server *s = files_start("");
	pid_t worker = the_worker(s);
	files_get("/a.txt", "", &r);
	long before = proc_rss_kib(worker);
	double begin = seconds_now();
	cr_assert_str_eq(curl("-o /dev/null -w '%%{http_code} %%{size_download}' " URL "/large"),
		"200 1073741824");
	double took = seconds_now() - begin;
	long more = proc_rss_kib(worker) - before;
	fprintf(stderr, "files: 1 GiB in %.1f s, %ld KiB more\n", took, more);
	cr_assert(has_sanitizers() || more < 512, "%ld KiB more", more);
	server_stop(s);
}

static int slow_client(const char *request)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(8080),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), size = 4096;

	cr_assert_geq(fd, 0, "%s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0, "%s", strerror(errno));
	client_says(fd, request);
	return fd;
}

static void allow_descriptors(rlim_t count)
{
	struct rlimit limit;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_max < count)
		SKIP_TEST("the hard limit of descriptors is %lu", (unsigned long)limit.rlim_max);
}

#define GET_LARGE "GET /large HTTP/1.1\r\nHost: test\r\n\r\n"
#define GET_PARTS "GET /large HTTP/1.1\r\nHost: test\r\n"                    \
	"Range: bytes=0-9999999,1-9999999,2-9999999,3-9999999\r\n\r\n"

Test(files_load, a_thousand_slow_readers_cost_next_to_nothing)
{
	enum { SLOW = 1000, ROUNDS = 4 };
	static int fds[SLOW];
	struct response r;
	char block[1024];

	files_make();
	allow_descriptors(SLOW + 200);
	make_sparse("www/large", 100 << 20);
	struct server *s = files_start("");
	pid_t worker = the_worker(s);
	files_get("/a.txt", "", &r);
	struct expected before = { worker, descriptors(worker) };
	long memory = proc_rss_kib(worker);
	for (int i = 0; i < SLOW; i++)
		fds[i] = slow_client(i % 2 ? GET_LARGE GET_LARGE : GET_PARTS);
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < SLOW; i++)
			client_read(fds[i], block, sizeof(block));
	double begin = seconds_now();
	cr_assert_eq(files_get("/a.txt", "", &r), 200);
	double took = seconds_now() - begin;
	double each = (double)(proc_rss_kib(worker) - memory) * 1024. / SLOW;
	double open = (double)(descriptors(worker) - before.descriptors) / SLOW;
	fprintf(stderr, "files: a slow reader costs %.0f bytes and %.1f descriptors; another client "
		"waits %.1f ms\n", each, open, took * 1e3);
	cr_assert_leq(open, 3.);
	cr_assert(has_sanitizers() || each < 6144., "%.0f bytes each", each);
	cr_assert_lt(took, 2.);
	for (int i = 0; i < SLOW; i++)
		close(fds[i]);
	awaits_descriptors(&before);
	server_stop(s);
}

Test(files_load, clients_that_leave_leave_no_descriptor)
{
	enum { CLIENTS = 2000 };
	struct response r;
	char block[200000];

	files_make();
	make_sparse("www/large", 100 << 20);
	struct server *s = files_start("");
	files_get("/a.txt", "", &r);
	struct expected before = { the_worker(s), 0 };
	before.descriptors = descriptors(before.worker);
	for (int i = 0; i < CLIENTS; i++) {
		int fd = slow_client(i % 2 ? GET_LARGE GET_LARGE : GET_PARTS);
		if (i % 3)
			client_read(fd, block, (size_t)(i % 3 == 1 ? i : i * 97));
		close(fd);
	}
	awaits_descriptors(&before);
	cr_assert_eq(files_get("/a.txt", "", &r), 200);
	server_stop(s);
}

Test(files_load, a_slow_reader_is_cut_when_it_stops)
{
	struct response r;

	files_make();
	make_sparse("www/large", 100 << 20);
	struct server *s = server_start("[portico]\nworkers = 1\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\nidle = 500ms\n"
		"[handler web /]\nplugin = ${E}/files.so\nroot = %s\n", path_of("www"));
	struct expected before = { the_worker(s), 0 };
	before.descriptors = descriptors(before.worker);
	int fd = slow_client(GET_LARGE);
	cr_assert_eq(files_get("/a.txt", "", &r), 200);
	awaits_descriptors(&before);
	client_expect_end(fd, true);
	server_stop(s);
}

Test(files_load, a_file_that_shrinks_cuts_its_reader_and_nobody_else)
{
	struct response r;

	files_make();
	make_sparse("www/large", 100 << 20);
	struct server *s = files_start("");
	int fd = slow_client(GET_LARGE), other = client_connect(8080);
	char byte;
	client_read(fd, &byte, 1);
	cr_assert_eq(truncate(path_of("www/large"), 100000), 0);
	client_expect_end(fd, true);
	server_await(s, "it became shorter; connection cut");
	client_get(other, "/a.txt", &r);
	cr_assert_str_eq(r.body, ALPHABET);
	client_get(other, "/large", &r);
	cr_assert_eq(r.len, 100000);
	close(other);
	server_stop(s);
}
