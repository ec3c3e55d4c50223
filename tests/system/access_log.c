/* SPDX-License-Identifier: MIT */
/* access_log.c - a line for each request, whole, in the right file, and nobody waits for it. */
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(access_log);

enum { NOBODY = 65534, PER_SECOND = 400 };

#define WEB  "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
#define HELLO "[handler web /]\nplugin = ${E}/hello.so\n"
#define LOGGED(workers) "[portico]\nworkers = " workers "\n" WEB "access_log = access.log\n" HELLO

/* ---- what is in a file ---- */

/* All of it, however long. */
static char *text_of(const char *name)
{
	FILE *f = fopen(path_of(name), "re");
	char *text = calloc(1, 32 << 20);

	cr_assert_not_null(text);
	if (f) {
		text[fread(text, 1, (32 << 20) - 1, f)] = '\0';
		fclose(f);
	}
	return text;
}

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
	char *text = text_of(name);
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

struct piece {
	const char *file, *text;
};

static bool is_in(void *arg)
{
	const struct piece *p = arg;
	return strstr(read_file(path_of(p->file)), p->text) != NULL;
}

static void await_in(const char *file, const char *text)
{
	struct piece p = { file, text };
	cr_assert(wait_until(is_in, &p, PATIENCE), "%s never had %s, but: %s", file, text,
		read_file(path_of(file)));
}

static long long unlogged(void)
{
	json_t *status = status_read();
	json_t *service = json_array_get(json_object_get(status, "services"), 0);
	json_t *errors = json_object_get(service, "errors");
	long long n = json_integer_value(json_object_get(errors, "unlogged"));

	json_decref(status);
	return n;
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
	cr_assert_eq(unlogged(), 0);
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
		await_in("access.log", "\"GET /");
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
	await_in("access.log", "\"GET /before HTTP/1.1\" 200 6 ");
	pid_t pid = status_worker(0);
	kill(pid, SIGKILL);
	server_await(s, "died");
	cr_assert_eq(http_status(8080, "/after"), 200);
	server_stop(s);
	await_in("access.log", "\"GET /after HTTP/1.1\" 200 6 ");
}

/* ---- old generations ---- */

#define LATER "[portico]\nworkers = 1\ndrain = 20s\n" WEB "access_log = access.log\n"              \
	"[handler web /]\nplugin = ${E}/later.so\nwait = 3s\n"

static void drains_into_the_new_file(const char *verb_name)
{
	struct outcome o;
	struct response r;
	char old[512];
	struct server *s = server_start("%s", LATER);
	int fd = client_connect(8080);

	client_says(fd, "GET /long HTTP/1.1\r\nHost: test\r\n\r\n");
	verb_succeeds(&o, verb_name, NULL);
	server_await_generation(s, 2);
	snprintf(old, sizeof(old), "%s", path_of("access.log"));
	cr_assert_eq(rename(old, path_of("access.log.1")), 0);
	verb_succeeds(&o, "reopen", NULL);
	cr_assert(client_response(fd, &r));
	cr_assert_eq(r.status, 200);
	await_in("access.log", "\"GET /long HTTP/1.1\" 200 ");
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
	return unlogged() > 0;
}

Test(access_log, a_fifo_that_nobody_reads_holds_nobody_up)
{
	cr_assert_eq(mkfifo(path_of("access.log"), 0600), 0);
	int reader = open(path_of("access.log"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
	static char got[1 << 20];
	struct server *s = server_start("%s", LOGGED("1"));

	cr_assert_geq(reader, 0);
	for (int i = 0; i < 40 && unlogged() == 0; i++)
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

Test(access_log, a_full_disk_holds_nobody_up)
{
	struct server *s = server_start("[portico]\nworkers = 1\n" WEB "access_log = /dev/full\n%s", HELLO);

	cr_assert_lt(slowest_of(500), 2.);
	cr_assert(wait_until(some_are_unlogged, NULL, PATIENCE), "nothing is counted");
	server_await(s, "service web: access_log: No space left on device; ");
	slowest_of(500);
	double begun = seconds_now();
	while (unlogged() < 1000 && seconds_now() - begun < PATIENCE)
		let_pass(0.05);
	cr_assert_eq(unlogged(), 1000);
	cr_assert_eq(server_count(s, "No space left"), 1, "it says so again and again");
	server_stop(s);
}

/* ---- who may write ---- */

Test(access_log, workers_that_dropped_their_user_write_where_only_root_may)
{
	struct outcome o;
	char old[512];

	cr_assert_eq(mkdir(path_of("private"), 0700), 0);
	struct server *s = server_start("[portico]\nworkers = 2\nuser = nobody\n" WEB
		"access_log = private/access.log\n%s", HELLO);
	cr_assert_eq(http_status(8080, "/one"), 200);
	await_in("private/access.log", "\"GET /one HTTP/1.1\" 200 6 ");
	snprintf(old, sizeof(old), "%s", path_of("private/access.log"));
	cr_assert_eq(rename(old, path_of("private/old.log")), 0);
	verb_succeeds(&o, "reopen", NULL);
	cr_assert_eq(http_status(8080, "/two"), 200);
	await_in("private/access.log", "\"GET /two HTTP/1.1\" 200 6 ");
	server_stop(s);
}

Test(access_log, an_ordinary_user_has_one_too)
{
	struct stat st;

	cr_assert_eq(mkdir(path_of("his"), 0700), 0);
	cr_assert_eq(chown(path_of("his"), NOBODY, NOBODY), 0);
	write_file("portico.ini", "%s", "[portico]\nworkers = 2\n" WEB "access_log = his/access.log\n" HELLO);
	struct server *s = server_spawn(&(struct spawn){ .uid = NOBODY });
	server_await(s, "generation 1 serves");
	cr_assert_eq(http_status(8080, "/one"), 200);
	await_in("his/access.log", "\"GET /one HTTP/1.1\" 200 6 ");
	cr_assert_eq(stat(path_of("his/access.log"), &st), 0);
	cr_assert_eq(st.st_uid, NOBODY);
	cr_assert_eq(st.st_mode & 0777, 0640);
	server_stop(s);
}

Test(access_log, what_cannot_be_opened_is_told_before_the_start)
{
	static const struct {
		const char *path, *why;
		uid_t       uid;
		int         code;
	} cases[] = {
		{ "missing/access.log", "missing/access.log: No such file or directory", 0, 78 },
		{ "/", "access_log = /: Is a directory", 0, 78 },
		{ "access.log", "access.log: Permission denied", NOBODY, 77 },
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

Test(access_log, a_reload_that_cannot_open_it_changes_nothing)
{
	struct server *s = server_start("%s", LOGGED("1"));

	server_reload(s, "%s", WEB "access_log = missing/access.log\n" HELLO);
	server_await(s, "reload failed: ");
	cr_assert_eq(http_status(8080, "/still"), 200);
	await_in("access.log", "GET /still ");
	server_stop(s);
}

/* ---- what is in it ---- */

Test(access_log, json_is_json_whatever_clients_send)
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
	char *text = text_of("access.log");
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

Test(access_log, a_websocket_has_its_line_at_the_handshake)
{
	struct response r;
	struct server *s = server_start("[portico]\nworkers = 1\n" WEB "access_log = access.log\n"
		"[handler web /]\nplugin = ${E}/chat.so\n%s", "");
	int fd = client_connect(8080);

	client_says(fd, "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
	cr_assert(client_response_to_head(fd, &r));
	cr_assert_eq(r.status, 101);
	await_in("access.log", "\"GET /chat HTTP/1.1\" 101 0 \"-\" \"-\"\n");
	close(fd);
	server_stop(s);
	cr_assert_eq(strlen(read_file(path_of("access.log"))),
		strcspn(read_file(path_of("access.log")), "\n") + 1, "one line");
}

Test(access_log, several_services_share_a_file)
{
	struct server *s = server_start("[portico]\nworkers = 2\n" WEB "access_log = access.log\n" HELLO
		"[service other]\nprotocol = http\nlisten = 127.0.0.1:8081\naccess_log = access.log\n"
		"[handler other /]\nplugin = ${E}/hello.so\n"
		"[service silent]\nprotocol = http\nlisten = 127.0.0.1:8082\n"
		"[handler silent /]\nplugin = ${E}/hello.so\n%s", "");

	cr_assert_eq(http_status(8080, "/one"), 200);
	cr_assert_eq(http_status(8081, "/two"), 200);
	cr_assert_eq(http_status(8082, "/three"), 200);
	await_in("access.log", "GET /one ");
	await_in("access.log", "GET /two ");
	server_stop(s);
	cr_assert_null(strstr(read_file(path_of("access.log")), "/three"));
}

Test(access_log, a_dash_is_standard_output)
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
