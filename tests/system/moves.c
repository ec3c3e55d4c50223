/* SPDX-License-Identifier: MIT */
/* moves.c - connections of TCP and WebSockets go on in the worker that comes next, where their plugin
 * can continue them. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"
#include "talk.h"
#include "ws_client.h"

SYSTEM_SUITE(moves);

enum { LINES = 7000, SOCKETS = 8080 };

#define SERVICES(plugin, how)                                                \
	"[service lines]\nprotocol = tcp\nlisten = 127.0.0.1:7000\n"         \
	"[handler lines]\nplugin = ${T}/" plugin ".so\n" how                 \
	"[service sockets]\nprotocol = http\nlisten = 127.0.0.1:8080\n"      \
	"[handler sockets /]\nplugin = ${T}/" plugin ".so\n" how
#define WITH(workers, plugin, how) "[portico]\nworkers = " workers "\ndrain = 15s\n%s" SERVICES(plugin, how)
#define PLAIN(workers) WITH(workers, "goes_on", "")

struct place {
	struct talk   *talk;
	struct server *server;
	size_t         workers;
};

static bool all_are_here(void *arg)
{
	const struct place *p = arg;
	pid_t pids[16];
	size_t count = server_workers(p->server, pids, 16);

	return count == p->workers && talk_answered_by(p->talk, pids, count) == p->talk->count;
}

/* So many workers are left, and answer all. */
static void all_are_with(struct talk *t, struct server *s, size_t workers)
{
	struct place p = { .talk = t, .server = s, .workers = workers };

	talk_until(t, all_are_here, &p, "all are answered by who is left");
}

/* ---- they go on ---- */

Test(moves, talk_goes_on_over_reloads)
{
	struct server *s = server_start(PLAIN("2"), "");
	struct talk t = {0};

	talk_begin(&t, 200, LINES, false);
	talk_begin(&t, 200, SOCKETS, true);
	for (unsigned i = 1; i <= 5; i++) {
		for (int k = 0; k < 5; k++)
			talk_turn(&t);
		server_signal(s, SIGHUP);
		talk_until_said(&t, s, "left after", 2 * i);
		all_are_with(&t, s, 2);
	}
	talk_finish(&t);
	talk_is_whole(&t);
	cr_assert_geq(metric_sum("moved_out"), 5 * 400);
	cr_assert_eq(metric_sum("moved_in"), metric_sum("moved_out"));
	cr_assert_eq(metric_sum("opened"), 400);
	cr_assert_eq(metric_sum("closed"), 0);
	talk_end(&t);
	server_stop(s);
}

Test(moves, talk_goes_on_over_an_upgrade_a_retirement_and_fewer_workers)
{
	struct server *s = server_start(PLAIN("3"), "");
	struct talk t = {0};
	struct outcome o;

	talk_begin(&t, 40, LINES, false);
	talk_begin(&t, 40, SOCKETS, true);
	verb_succeeds(&o, "upgrade", NULL);
	all_are_with(&t, s, 3);
	verb_succeeds(&o, "scale", "1");
	all_are_with(&t, s, 1);
	verb_succeeds(&o, "retire", "0");
	all_are_with(&t, s, 1);
	talk_finish(&t);
	talk_is_whole(&t);
	talk_end(&t);
	server_stop(s);
}

Test(moves, reloads_on_the_heels_of_each_other_end_none)
{
	struct server *s = server_start(PLAIN("2"), "");
	struct talk t = {0};

	talk_begin(&t, 40, LINES, false);
	talk_begin(&t, 40, SOCKETS, true);
	for (unsigned i = 2; i <= 7; i++) {
		server_signal(s, SIGHUP);
		server_await_generation(s, i);
	}
	all_are_with(&t, s, 2);
	talk_finish(&t);
	talk_is_whole(&t);
	talk_end(&t);
	server_stop(s);
}

/* ---- what is in the midst of something stays until it has ended ---- */

static void hears_line(int fd, const char *begin)
{
	char line[64] = "";

	for (size_t i = 0; i == 0 || line[i - 1] != '\n'; i++)
		client_read(fd, line + i, 1);
	cr_assert_eq(strncmp(line, begin, strlen(begin)), 0, "%s instead of %s", line, begin);
}

static void hears_message(int fd, const char *begin)
{
	char text[128];

	cr_assert_eq(ws_hear(fd, text, sizeof(text)), 1);
	cr_assert_eq(strncmp(text, begin, strlen(begin)), 0, "%s instead of %s", text, begin);
}

Test(moves, half_a_line_and_half_a_frame_are_ended_where_they_began)
{
	struct server *s = server_start(PLAIN("1"), "");
	char old[32], new[32];
	pid_t pid;

	cr_assert_eq(server_workers(s, &pid, 1), 1);
	snprintf(old, sizeof(old), "half 0 %d", (int)pid);
	int line = client_connect(LINES), frame = ws_connect(SOCKETS, "/"), part = ws_connect(SOCKETS, "/");
	client_says(line, "ha");
	client_send(frame, "\x81\x84\0\0\0\0ha", 8);
	client_send(part, "\x01\x82\0\0\0\0ha", 8);      /* a fragment, and the rest to come */
	cr_assert(client_hears_nothing(line, 0.05));
	server_signal(s, SIGHUP);
	server_await_generation(s, 2);
	cr_assert(client_hears_nothing(line, 0.2));
	client_says(line, "lf\n");
	client_send(frame, "lf", 2);
	client_send(part, "\x80\x82\0\0\0\0lf", 8);
	hears_line(line, old);
	hears_message(frame, old);
	hears_message(part, old);
	server_await_workers(s, 1);
	cr_assert_eq(server_workers(s, &pid, 1), 1);
	snprintf(new, sizeof(new), "next 1 %d", (int)pid);
	client_says(line, "next\n");
	ws_say(frame, 1, "next", 4);
	ws_say(part, 1, "next", 4);
	hears_line(line, new);
	hears_message(frame, new);
	hears_message(part, new);
	close(line);
	close(frame);
	close(part);
	server_stop(s);
}

Test(moves, a_handler_that_says_not_now_is_asked_again)
{
	struct server *s = server_start(WITH("1", "goes_on", "export = later\n"), "");
	struct talk t = {0};

	talk_begin(&t, 10, LINES, false);
	talk_begin(&t, 10, SOCKETS, true);
	server_signal(s, SIGHUP);
	talk_until_said(&t, s, "left after", 1);
	all_are_with(&t, s, 1);
	talk_finish(&t);
	talk_is_whole(&t);
	talk_end(&t);
	server_stop(s);
}

/* ---- where it cannot be ---- */

struct refusal {
	const char *before, *after;      /* services */
	const char *log;
};

static const struct refusal refusals[] = {
	{ SERVICES("goes_on", ""), SERVICES("goes_on", "import = refuse\n"),
	  "tcp_import() refused a connection of the worker before: closed" },
	{ SERVICES("goes_on", ""), SERVICES("goes_on", "import = die\n"), "tcp_import()" },
	{ SERVICES("goes_on", ""), SERVICES("goes_on_other", ""),
	  "handler lines: a connection of the worker before is closed: it has another plugin now" },
	{ SERVICES("goes_on", ""), SERVICES("goes_on_not", ""), "it has no tcp_import()" },
	{ SERVICES("goes_on", ""),
	  "[service lines]\nprotocol = tcp\nlisten = 127.0.0.1:7000\n"
	  "[handler lines]\nplugin = ${T}/goes_on.so\nimport = refuse\n"
	  "[service sockets]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
	  "[handler sockets /elsewhere]\nplugin = ${T}/goes_on.so\n",
	  "handler sockets /: a connection of the worker before is closed: "
	  "there is no such handler any more" },
};

Test(moves, who_cannot_go_on_is_closed_and_the_log_says_why)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		const struct refusal *r = &refusals[i];
		struct server *s = server_start("[portico]\nworkers = 1\n%s", r->before);
		int line = client_connect(LINES), socket = ws_connect(SOCKETS, "/");
		bool crashes = strstr(r->after, "die");

		client_says(line, "a\n");
		hears_line(line, "a 0");
		server_reload(s, "[portico]\nworkers = 1\n%s", r->after);
		server_await(s, r->log);
		client_expect_end(line, true);
		if (i == 0)
			cr_assert_eq(ws_expect_close(socket), 1011);
		else
			client_expect_end(socket, true);
		close(socket);
		if (!crashes)
			server_await_workers(s, 1);
		server_stop(s);
	}
}

static const char *const stay[] = { WITH("1", "goes_on_not", ""), WITH("1", "goes_on", "export = never\n"),
	WITH("1", "goes_on", "export = much\n") };

Test(moves, without_it_they_stay_as_before_until_the_time_is_up)
{
	for (size_t i = 0; i < 3; i++) {
		struct server *s = server_start(stay[i], "");
		struct talk t = {0};
		pid_t old;
		cr_assert_eq(server_workers(s, &old, 1), 1);
		talk_begin(&t, 5, LINES, false);
		talk_begin(&t, 5, SOCKETS, true);
		server_signal(s, SIGHUP);
		server_await_generation(s, 2);
		for (int k = 0; k < 100; k++)
			talk_turn(&t);
		cr_assert_eq(talk_answered_by(&t, &old, 1), 10);
		talk_finish(&t);
		talk_is_whole(&t);
		cr_assert_eq(i == 2, server_says(s, "tcp_export() wrote more than 4096 bytes: the connection stays"));
		talk_end(&t);
		server_await_workers(s, 1);
		server_stop(s);
	}
}

/* Nobody comes after them. */
Test(moves, at_a_stop_they_are_served_until_the_time_is_up)
{
	struct server *s = server_start("[portico]\nworkers = 1\ndrain = 1s\n" SERVICES("goes_on", "%s"), "", "");
	int line = client_connect(LINES), socket = ws_connect(SOCKETS, "/");

	client_says(line, "a\n");
	hears_line(line, "a 0");
	server_signal(s, SIGTERM);
	server_await(s, "time is up");
	client_expect_end(line, true);
	cr_assert_eq(ws_expect_close(socket), 1001);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
}
