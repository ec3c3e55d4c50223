/* SPDX-License-Identifier: MIT */
/* access_log.c - a line for each request, whole and in the right file, whatever workers come and go. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access_rig.h"
#include "client.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(access_log);

enum { PER_SECOND = 400 };

/* ---- what is in a file ---- */

/* "127.0.0.1 - - [22/Nov/2026:18:45:24 +0000] "GET / HTTP/1.1" 200 6 "-" "-"", as the load's are. */
static bool is_line_of_load(const char *line, size_t len)
{
	static const char head[] = "127.0.0.1 - - [", tail[] = "] \"GET / HTTP/1.1\" 200 6 \"-\" \"-\"";
	size_t time = sizeof("22/Nov/2026:18:45:24 +0000") - 1;

	return len == sizeof(head) - 1 + time + sizeof(tail) - 1
		&& memcmp(line, head, sizeof(head) - 1) == 0
		&& memcmp(line + sizeof(head) - 1 + time, tail, sizeof(tail) - 1) == 0;
}

/* Asserts that the file has only whole lines of the load; gives how many. */
static size_t lines_of_load(const char *name)
{
	char *text = access_text(name);
	size_t lines = 0;

	for (const char *at = text; *at; lines++) {
		const char *end = strchr(at, '\n');
		cr_assert_not_null(end, "%s ends with half a line: %s", name, at);
		cr_assert(is_line_of_load(at, (size_t)(end - at)), "%s: %.*s", name,
			(int)(end - at), at);
		at = end + 1;
	}
	free(text);
	return lines;
}

/* ---- no line is lost ---- */

Test(access_log, four_workers_under_load_write_a_line_for_each_request)
{
	struct load l;
	struct server *s = server_start("%s", LOGGED("4"));

	load_start(&l, 8080, 4 * PER_SECOND);
	load_await(&l, 4000);
	load_stop(&l);
	load_lost_nothing(l.result);
	cr_assert_eq(access_lost(), 0);
	server_stop(s);
	cr_assert_eq(lines_of_load("access.log"), l.result->answered);
}

Test(access_log, usr1_loses_no_line)
{
	enum { ROTATIONS = 10 };
	char names[ROTATIONS][32], old[512];
	struct load l;
	size_t lines = 0;
	struct outcome o;
	struct server *s = server_start("%s", LOGGED("4"));

	load_start(&l, 8080, PER_SECOND);
	for (int i = 0; i < ROTATIONS; i++) {
		load_await(&l, 50);
		snprintf(names[i], sizeof(names[i]), "access.log.%d", i);
		snprintf(old, sizeof(old), "%s", path_of("access.log"));
		cr_assert_eq(rename(old, path_of(names[i])), 0);
		if (i % 2)
			verb_succeeds(&o, "reopen", NULL);
		else
			server_signal(s, SIGUSR1);
		access_await("access.log", "\"GET /");
	}
	load_stop(&l);
	load_lost_nothing(l.result);
	server_stop(s);
	for (int i = 0; i < ROTATIONS; i++) {
		size_t some = lines_of_load(names[i]);
		cr_assert_gt(some, 0);
		lines += some;
	}
	cr_assert_eq(lines + lines_of_load("access.log"), l.result->answered);
}

Test(access_log, reloads_scaling_and_stop_lose_no_line)
{
	struct load l;
	struct outcome o;
	struct server *s = server_start("%s", LOGGED("3"));

	load_start(&l, 8080, PER_SECOND);
	for (unsigned i = 2; i <= 6; i++) {
		server_signal(s, SIGHUP);
		server_await_generation(s, i);
		load_await(&l, 50);
	}
	verb_succeeds(&o, "scale", "4");
	load_await(&l, 50);
	verb_succeeds(&o, "scale", "1");
	load_await(&l, 50);
	load_stop(&l);
	load_lost_nothing(l.result);
	server_stop(s);
	cr_assert_eq(lines_of_load("access.log"), l.result->answered);
}

Test(access_log, a_worker_in_the_place_of_a_dead_one_writes_too)
{
	struct server *s = server_start("%s", LOGGED("1"));

	cr_assert_eq(http_status(8080, "/before"), 200);
	access_await("access.log", "\"GET /before HTTP/1.1\" 200 6 ");
	pid_t pid = status_worker(0);
	kill(pid, SIGKILL);
	server_await(s, "died");
	cr_assert_eq(http_status(8080, "/after"), 200);
	server_stop(s);
	access_await("access.log", "\"GET /after HTTP/1.1\" 200 6 ");
}

/* ---- old generations ---- */

#define LATER "[portico]\nworkers = 1\ndrain = 20s\n" WEB "access_log = access.log\n"              \
	"[handler web /]\nplugin = ${T}/deferred.so\nfile = %s\n"

static void drains_into_the_new_file(const char *verb_name)
{
	struct outcome o;
	struct response r;
	char old[512];
	struct server *s = server_start(LATER, path_of("go"));
	pid_t drains = status_worker(0);
	int fd = client_connect(8080);

	client_says(fd, "GET /long HTTP/1.1\r\nHost: test\r\n\r\n");
	server_await(s, "request in hand");
	verb_succeeds(&o, verb_name, NULL);
	server_await_generation(s, 2);
	snprintf(old, sizeof(old), "%s", path_of("access.log"));
	cr_assert_eq(rename(old, path_of("access.log.1")), 0);
	verb_succeeds(&o, "reopen", NULL);
	access_await_open(drains, "access.log");
	write_file("go", "now");
	cr_assert(client_response(fd, &r));
	cr_assert_eq(r.status, 200);
	access_await("access.log", "\"GET /long HTTP/1.1\" 200 ");
	cr_assert_str_eq(read_file(path_of("access.log.1")), "");
	close(fd);
	server_stop(s);
}

Test(access_log, an_old_generation_that_drains_follows_to_the_new_file)
{
	drains_into_the_new_file("reload");
}

Test(access_log, so_do_the_workers_of_the_binary_before)
{
	drains_into_the_new_file("upgrade");
}
