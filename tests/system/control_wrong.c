/* SPDX-License-Identifier: MIT */
/* control_wrong.c - requests that cannot be, and clients that never finish one: the master stays well. */
#include <string.h>
#include <unistd.h>

#include "census.h"
#include "client.h"
#include "control_rig.h"
#include "harness.h"
#include "operate.h"
#include "proc.h"
#include "server.h"

SYSTEM_SUITE(control_wrong);

static struct server *start(void)
{
	return server_start("[portico]\nworkers = 2\ncontrol = %s\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/who.so\n", path_of("control.sock"));
}

/* What is said to line, which is refused. */
static void is_refused(const char *line, const char *said)
{
	char text[4096];
	int fd = control_connect();

	client_says(fd, line);
	client_says(fd, "\n");
	cr_assert_gt(client_read_all(fd, text, sizeof(text)), 0, "no answer to %s", line);
	close(fd);
	json_t *answer = json_loads(text, 0, NULL);
	cr_assert_not_null(answer, "%s", text);
	cr_assert(json_is_false(json_object_get(answer, "good")), "%s: %s", line, text);
	cr_assert_not_null(strstr(text, said), "%s: %s", line, text);
	json_decref(answer);
}

/* As it was: the same workers, both get clients. */
static void is_unmoved(struct server *s, const pid_t *workers)
{
	for (unsigned i = 0; i < 2; i++)
		cr_assert_eq(status_worker(i), workers[i]);
	cr_assert_eq(status_number("generation"), 1);
	slots_await_all(8080, 2);
	server_stop(s);
}

#define NO_REQUEST "this is not a request"

Test(control_wrong, types_and_numbers_that_cannot_be_are_refused)
{
	static const struct {
		const char *line, *said;
	} wrong[] = {
		{ "{\"do\":\"drain\"}", NO_REQUEST },
		{ "{\"do\":\"drain\",\"slot\":\"x\"}", NO_REQUEST },
		{ "{\"do\":\"drain\",\"slot\":null}", NO_REQUEST },
		{ "{\"do\":\"drain\",\"slot\":[0]}", NO_REQUEST },
		{ "{\"do\":\"drain\",\"slot\":0.0}", NO_REQUEST },
		{ "{\"do\":\"drain\",\"slot\":1e300}", NO_REQUEST },
		{ "{\"do\":\"drain\",\"slot\":-1}", "there is no such slot" },
		{ "{\"do\":\"drain\",\"slot\":2}", "there is no such slot" },
		{ "{\"do\":\"drain\",\"slot\":1024}", "there is no such slot" },
		{ "{\"do\":\"drain\",\"slot\":4294967296}", "there is no such slot" },
		{ "{\"do\":\"drain\",\"slot\":9223372036854775807}", "there is no such slot" },
		{ "{\"do\":\"drain\",\"slot\":92233720368547758070}", "is expected" },
		{ "{\"do\":\"undrain\",\"slot\":-9223372036854775808}", "there is no such slot" },
		{ "{\"do\":\"undrain\",\"slot\":true}", NO_REQUEST },
		{ "{\"do\":\"retire\",\"slot\":\"0\"}", NO_REQUEST },
		{ "{\"do\":\"retire\",\"slot\":-1}", "retire failed: " },
		{ "{\"do\":\"retire\",\"slot\":4294967296}", "retire failed: " },
		{ "{\"do\":\"retire\",\"slot\":1e300}", NO_REQUEST },
		{ "{\"do\":\"scale\",\"workers\":1e300}", NO_REQUEST },
		{ "{\"do\":\"reload\",\"canary\":5}", "canary: a share and a time are expected" },
		{ "{\"do\":\"reload\",\"canary\":null}", "canary: a share and a time are expected" },
		{ "{\"do\":\"reload\",\"canary\":{}}", "canary: a share and a time are expected" },
		{ "{\"do\":\"reload\",\"canary\":\"\"}", "canary: a share and a time are expected" },
		{ "{\"do\":\"reload\",\"canary\":\"%s%n\"}", "canary: a share and a time are expected" },
		{ "{\"do\":\"reload\",\"canary\":\"10\\u0000% 30s\"}", "is expected" },
		{ "{\"do\":\"reload\",\"canary\":\"10% 1e999s\"}", "canary: a share and a time are expected" },
		{ "{\"do\":\"promote\",\"slot\":0}", "there is no canary that serves" },
		{ "{\"do\":\"rollback\"}", "there is no canary that serves" },
		{ "{\"do\":\"balance\",\"service\":\"web\"}", NO_REQUEST },
		{ "{\"do\":[\"drain\"]}", "is expected" },
		{ "{\"do\":\"drain\\u0000\",\"slot\":0}", "is expected" },
		{ "[[[[[[[[[[[[[[[[[[[[[[[[", "is expected" },
		{ "\"drain\"", "is expected" },
	};
	struct server *s = start();
	pid_t workers[2] = { status_worker(0), status_worker(1) };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		is_refused(wrong[i].line, wrong[i].said);
	is_unmoved(s, workers);
}

Test(control_wrong, the_last_slot_that_gets_anybody_cannot_be_drained)
{
	struct server *s = start();
	struct outcome o;

	verb_succeeds(&o, "drain", "0");
	is_refused("{\"do\":\"drain\",\"slot\":1}", "no other slot would be left");
	verb_succeeds(&o, "undrain", "0");
	verb_succeeds(&o, "drain", "1");
	is_refused("{\"do\":\"drain\",\"slot\":0}", "no other slot would be left");
	server_stop(s);
}

/* A hundred that say half of it and go, while others have their outcome. */
Test(control_wrong, halves_of_lines_cost_nothing)
{
	struct server *s = start();
	pid_t workers[2] = { status_worker(0), status_worker(1) };
	long before = proc_rss_kib(server_pid(s));

	for (int i = 0; i < 1000; i++) {
		int fd = control_connect();
		client_send(fd, "{\"do\":\"scale\",\"workers\":1", (size_t)(i % 25));
		close(fd);
		if (i % 100 == 0)
			is_refused("{}", "is expected");
	}
	cr_assert_lt(proc_rss_kib(server_pid(s)) - before, has_sanitizers() ? 20000 : 2000);
	is_unmoved(s, workers);
}

Test(control_wrong, a_line_that_comes_byte_by_byte_is_heard)
{
	static const char line[] = "{\"do\":\"drain\",\"slot\":7}\n";
	struct server *s = start();
	char text[256];
	int fd = control_connect();

	for (size_t i = 0; i < sizeof(line) - 1; i++)
		client_send(fd, &line[i], 1);
	cr_assert_gt(client_read_all(fd, text, sizeof(text)), 0);
	cr_assert_not_null(strstr(text, "there is no such slot"), "%s", text);
	close(fd);
	server_stop(s);
}

/* More at once than the queue holds; every one of them is answered. */
Test(control_wrong, many_at_once_are_all_answered)
{
	enum { AT_ONCE = 50 };
	struct server *s = start();
	struct asked asked[AT_ONCE];
	struct outcome o;

	for (int i = 0; i < AT_ONCE; i++)
		verb_begin(&asked[i], i % 2 ? "promote" : "status", NULL);
	for (int i = 0; i < AT_ONCE; i++)
		cr_assert_eq(verb_await(&asked[i], &o), i % 2, "%s%s", o.out, o.err);
	server_stop(s);
}

/* Who asks and does not read what it is told. */
Test(control_wrong, answers_that_nobody_reads_hold_nobody_up)
{
	enum { DEAF = 100 };
	struct server *s = start();
	pid_t workers[2] = { status_worker(0), status_worker(1) };
	int fds[DEAF];

	for (int i = 0; i < DEAF; i++) {
		fds[i] = control_connect();
		client_says(fds[i], "{\"do\":\"status\"}\n");
	}
	is_refused("{\"do\":\"drain\",\"slot\":9}", "there is no such slot");
	for (int i = 0; i < DEAF; i++)
		close(fds[i]);
	is_unmoved(s, workers);
}
