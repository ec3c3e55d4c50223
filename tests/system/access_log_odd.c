/* SPDX-License-Identifier: MIT */
/* access_log_odd.c - files that take nothing, who may write them, and what clients put into them. */
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access_rig.h"
#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(access_log_odd);

enum { NOBODY = 65534 };

/* ---- nobody waits ---- */

static double slowest_of(int requests)
{
	struct response r;
	double slowest = 0.;
	int fd = client_connect(8080);

	for (int i = 0; i < requests; i++) {
		double begun = seconds_now();
		client_get(fd, "/0123456789012345678901234567890123456789012345678901234567890123456789", &r);
		cr_assert_eq(r.status, 200);
		slowest = seconds_now() - begun > slowest ? seconds_now() - begun : slowest;
	}
	close(fd);
	return slowest;
}

static bool some_are_unlogged(void *arg)
{
	(void)arg;
	return access_lost() > 0;
}

Test(access_log_odd, a_fifo_that_nobody_reads_holds_nobody_up)
{
	cr_assert_eq(mkfifo(path_of("access.log"), 0600), 0);
	int reader = open(path_of("access.log"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
	static char got[1 << 20];
	struct server *s = server_start("%s", LOGGED("1"));

	cr_assert_geq(reader, 0);
	for (int i = 0; i < 40 && access_lost() == 0; i++)
		cr_assert_lt(slowest_of(1000), 2.);
	cr_assert(wait_until(some_are_unlogged, NULL, PATIENCE), "nothing is counted");
	server_await(s, "service web: access_log: lines come faster than they can be written; ");
	double begun = seconds_now();
	server_stop(s);
	cr_assert_lt(seconds_now() - begun, 5.);
	ssize_t n = read(reader, got, sizeof(got) - 1);
	cr_assert_gt(n, 0);
	cr_assert_eq(got[n - 1], '\n', "half a line");
	close(reader);
}

Test(access_log_odd, a_full_disk_holds_nobody_up)
{
	double first = seconds_now();
	struct server *s = server_start("[portico]\nworkers = 1\n" WEB "access_log = /dev/full\n%s", HELLO);

	cr_assert_lt(slowest_of(500), 2.);
	cr_assert(wait_until(some_are_unlogged, NULL, PATIENCE), "nothing is counted");
	server_await(s, "service web: access_log: No space left on device; ");
	slowest_of(500);
	double begun = seconds_now();
	while (access_lost() < 1000 && seconds_now() - begun < PATIENCE)
		let_pass(0.05);
	cr_assert_eq(access_lost(), 1000);
	cr_assert_leq(server_count(s, "No space left"), 1. + (seconds_now() - first) / 10.,
		"it says so again and again");
	server_stop(s);
}

/* ---- who may write ---- */

Test(access_log_odd, workers_that_dropped_their_user_write_where_only_root_may)
{
	struct outcome o;
	char old[512];

	cr_assert_eq(mkdir(path_of("private"), 0700), 0);
	struct server *s = server_start("[portico]\nworkers = 2\nuser = nobody\n" WEB
		"access_log = private/access.log\n%s", HELLO);
	cr_assert_eq(http_status(8080, "/one"), 200);
	access_await("private/access.log", "\"GET /one HTTP/1.1\" 200 6 ");
	snprintf(old, sizeof(old), "%s", path_of("private/access.log"));
	cr_assert_eq(rename(old, path_of("private/old.log")), 0);
	verb_succeeds(&o, "reopen", NULL);
	cr_assert_eq(http_status(8080, "/two"), 200);
	access_await("private/access.log", "\"GET /two HTTP/1.1\" 200 6 ");
	server_stop(s);
}

Test(access_log_odd, an_ordinary_user_has_one_too)
{
	struct stat st;

	cr_assert_eq(mkdir(path_of("his"), 0700), 0);
	cr_assert_eq(chown(path_of("his"), NOBODY, NOBODY), 0);
	write_file("portico.ini", "%s", "[portico]\nworkers = 2\n" WEB "access_log = his/access.log\n" HELLO);
	struct server *s = server_spawn(&(struct spawn){ .uid = NOBODY });
	server_await(s, "generation 1 serves");
	cr_assert_eq(http_status(8080, "/one"), 200);
	access_await("his/access.log", "\"GET /one HTTP/1.1\" 200 6 ");
	cr_assert_eq(stat(path_of("his/access.log"), &st), 0);
	cr_assert_eq(st.st_uid, NOBODY);
	cr_assert_eq(st.st_mode & 0777, 0640);
	server_stop(s);
}

Test(access_log_odd, what_cannot_be_opened_is_told_before_the_start)
{
	static const struct {
		const char *path, *why;
		uid_t       uid;
		int         code;
	} cases[] = {
		{ "missing/access.log", "missing/access.log: No such file or directory; make its", 0, 78 },
		{ "/", "access_log = /: Is a directory; name a file in it", 0, 78 },
		{ "access.log", "access.log: Permission denied; name a file that", NOBODY, 77 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		static const char *const verbs[] = { "check", "run" };
		for (size_t k = 0; k < 2; k++) {
			struct outcome o;
			write_file("portico.ini", WEB "access_log = %s\n" HELLO, cases[i].path);
			portico_ends(&o, &(struct spawn){ .uid = cases[i].uid }, verbs[k], "-c",
				path_of("portico.ini"), NULL);
			cr_assert_eq(o.code, cases[i].code, "%d: %s", o.code, o.err);
			cr_assert_not_null(strstr(o.err, cases[i].why), "%s", o.err);
			cr_assert_not_null(strstr(o.err, "portico.ini:1: service web: access_log"), "%s", o.err);
		}
	}
	cr_assert_neq(access(path_of("access.log"), F_OK), 0, "check has made it");
}

Test(access_log_odd, a_reload_that_cannot_open_it_changes_nothing)
{
	struct server *s = server_start("%s", LOGGED("1"));

	server_reload(s, "%s", WEB "access_log = missing/access.log\n" HELLO);
	server_await(s, "reload failed: ");
	cr_assert_eq(http_status(8080, "/still"), 200);
	access_await("access.log", "GET /still ");
	server_stop(s);
}

/* ---- what is in it ---- */

Test(access_log_odd, json_is_json_whatever_clients_send)
{
	static const char *const requests[] = {
		"GET /a HTTP/1.1\r\nHost: h.example\r\nUser-Agent: \"\\\xff\xc3\xa4\t\r\nReferer: r\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nX: \x01\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01",
		"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
	};
	struct server *s = server_start("[portico]\nworkers = 1\n" WEB "access_log = access.log\n"
		"access_log_format = json\n%s", HELLO);

	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		struct response r;
		http_raw(8080, requests[i], &r);
	}
	server_stop(s);
	char *text = access_text("access.log");
	size_t lines = 0;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
		json_error_t error;
		json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, &error);
		cr_assert_not_null(o, "%s: %s", error.text, line);
		cr_assert_str_eq(json_string_value(json_object_get(o, "service")), "web");
		cr_assert_eq(json_integer_value(json_object_get(o, "status")), lines == 0 ? 200 : 400);
		if (lines == 0) {
			cr_assert_str_eq(json_string_value(json_object_get(o, "user_agent")),
				"\"\\\\xff\xc3\xa4");
			cr_assert_str_eq(json_string_value(json_object_get(o, "handler")), "web /");
		}
		json_decref(o);
	}
	cr_assert_eq(lines, 4);
	free(text);
}

Test(access_log_odd, a_websocket_has_its_line_at_the_handshake)
{
	struct response r;
	struct server *s = server_start("[portico]\nworkers = 1\n" WEB "access_log = access.log\n"
		"[handler web /]\nplugin = ${E}/chat.so\n%s", "");
	int fd = client_connect(8080);

	client_says(fd, "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
	cr_assert(client_response_to_head(fd, &r));
	cr_assert_eq(r.status, 101);
	access_await("access.log", "\"GET /chat HTTP/1.1\" 101 0 \"-\" \"-\"\n");
	close(fd);
	server_stop(s);
	cr_assert_eq(strlen(read_file(path_of("access.log"))),
		strcspn(read_file(path_of("access.log")), "\n") + 1, "one line");
}

Test(access_log_odd, several_services_share_a_file)
{
	struct server *s = server_start("[portico]\nworkers = 2\n" WEB "access_log = access.log\n" HELLO
		"[service other]\nprotocol = http\nlisten = 127.0.0.1:8081\naccess_log = access.log\n"
		"[handler other /]\nplugin = ${E}/hello.so\n"
		"[service silent]\nprotocol = http\nlisten = 127.0.0.1:8082\n"
		"[handler silent /]\nplugin = ${E}/hello.so\n%s", "");

	cr_assert_eq(http_status(8080, "/one"), 200);
	cr_assert_eq(http_status(8081, "/two"), 200);
	cr_assert_eq(http_status(8082, "/three"), 200);
	access_await("access.log", "GET /one ");
	access_await("access.log", "GET /two ");
	server_stop(s);
	cr_assert_null(strstr(read_file(path_of("access.log")), "/three"));
}

Test(access_log_odd, a_dash_is_standard_output)
{
	struct server *s = server_start("[portico]\nworkers = 1\n" WEB "access_log = -\n%s", HELLO);
	struct outcome o;

	cr_assert_eq(http_status(8080, "/one"), 200);
	server_await(s, "\"GET /one HTTP/1.1\" 200 6 ");
	verb_succeeds(&o, "reopen", NULL);
	cr_assert_eq(http_status(8080, "/two"), 200);
	server_await(s, "\"GET /two HTTP/1.1\" 200 6 ");
	server_stop(s);
}

/* ---- who does not listen ---- */

/* More than a channel holds. */
static void reopen_often(void)
{
	struct outcome o;

	for (int i = 0; i < 100; i++)
		verb_succeeds(&o, "reopen", NULL);
}

/* The worker that is given does not hear of many files; the last one is a new one. */
static pid_t block_and_rotate(void)
{
	pid_t blocked = status_worker(0);
	struct outcome o;
	char path[512];

	kill(blocked, SIGSTOP);
	reopen_often();
	snprintf(path, sizeof(path), "%s", path_of("access.log"));
	cr_assert_eq(rename(path, path_of("old.log")), 0);
	verb_succeeds(&o, "reopen", NULL);
	return blocked;
}

static void continues_with_the_new(pid_t blocked)
{
	kill(blocked, SIGCONT);
	access_await_open(blocked, "access.log");
}

Test(access_log_odd, who_was_blocked_hears_of_the_newest_file)
{
	struct server *s = server_start("%s", LOGGED("1"));
	pid_t blocked = block_and_rotate();

	continues_with_the_new(blocked);
	server_stop(s);
}

/* What its master owed it the next binary does. */
Test(access_log_odd, who_was_blocked_hears_of_the_newest_file_after_an_upgrade)
{
	struct server *s = server_start("[portico]\nworkers = 1\ndrain = 20s\nstall = 0\n" WEB
		"access_log = access.log\n[handler web /]\nplugin = ${T}/deferred.so\nfile = %s\n",
		path_of("answer"));
	int client = client_connect(8080);
	struct outcome o;
	struct response r;

	client_says(client, "GET /late HTTP/1.1\r\nHost: test\r\n\r\n");
	server_await(s, "request in hand");
	pid_t blocked = block_and_rotate();
	verb_succeeds(&o, "upgrade", NULL);
	continues_with_the_new(blocked);
	write_file("answer", "now");
	cr_assert(client_response(client, &r));
	access_await("access.log", "GET /late ");
	close(client);
	server_stop(s);
}

Test(access_log_odd, who_was_blocked_hears_of_its_end_all_the_same)
{
	struct server *s = server_start("[portico]\nworkers = 1\ndrain = 20s\nstall = 0\n" WEB
		"access_log = access.log\n%s", HELLO);
	pid_t pid = status_worker(0);
	struct outcome o;

	kill(pid, SIGSTOP);
	reopen_often();
	verb_succeeds(&o, "reload", NULL);
	kill(pid, SIGCONT);
	server_await(s, "generation 1) left after");
	server_stop(s);
}
