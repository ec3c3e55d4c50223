/* SPDX-License-Identifier: MIT */
/* top.c - portico top through a pseudo-terminal, with a real server. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "screen.h"
#include "server.h"

SYSTEM_SUITE(top);

#define TWO                                                                  \
	"[portico]\nworkers = 2\n"                                           \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${E}/hello.so\n"

/* "   0   27016    1 serving": how the row of a slot begins. */
static const char *row_of(unsigned slot, pid_t pid, int generation)
{
	static char rows[4][64];
	static unsigned next;
	char *row = rows[next++ % 4];

	snprintf(row, sizeof(rows[0]), "%4u %7d %4d serving", slot, (int)pid, generation);
	return row;
}

static struct server *open_beside_two(struct screen *s)
{
	struct server *server = server_start(TWO);

	screen_open(s, "vt100", "C.UTF-8", 24, 100);
	screen_await(s, "2 workers, generation 1");
	return server;
}

Test(top, shows_the_verdict_and_a_row_a_worker)
{
	struct screen s;
	struct server *server = open_beside_two(&s);

	cr_assert_eq(screen_find(&s, "2 workers, generation 1"), 0, "%s", screen_text(&s));
	screen_await(&s, row_of(0, status_worker(0), 1));
	screen_await(&s, row_of(1, status_worker(1), 1));
	screen_await(&s, "q quit  ? help");
	screen_quit(&s);
	server_stop(server);
}

Test(top, works_in_an_xterm_and_leaves_it_as_it_was)
{
	struct server *server = server_start(TWO);
	struct screen s;

	screen_open(&s, "xterm-256color", "C.UTF-8", 30, 120);
	screen_await(&s, row_of(1, status_worker(1), 1));
	cr_assert(s.vt.alternate);
	cr_assert(s.vt.hidden);
	screen_quit(&s);
	server_stop(server);
}

/* What stands under a title in a row; titles are as far to the right as their figures. */
static double figure(struct screen *s, const char *row, const char *title)
{
	char text[VT_COLUMNS * 4 + 1], *at;
	int titles = screen_find(s, "slot     pid"), line = screen_find(s, row);

	if (titles < 0 || line < 0)
		return 0;
	snprintf(text, sizeof(text), "%s", vt_row(&s->vt, titles));
	at = strstr(text, title);
	if (!at)
		return 0;
	size_t end = (size_t)(at - text) + strlen(title);
	snprintf(text, sizeof(text), "%.*s", (int)end, vt_row(&s->vt, line));
	at = strrchr(text, ' ');
	return at ? strtod(at, NULL) : 0;
}

static bool is_loaded(void *arg)
{
	struct screen *s = arg;
	bool both = true;

	for (unsigned slot = 0; slot < 2; slot++) {
		char row[16];
		snprintf(row, sizeof(row), "%4u ", slot);
		both = both && figure(s, row, "req/s") > 1. && figure(s, row, "accepted") > 1.;
	}
	return both;
}

Test(top, follows_load)
{
	struct server *server = server_start(TWO);
	json_t *status = status_read();
	bool counts = json_object_get(status, "slots") != NULL;
	struct screen s;
	struct load load;

	json_decref(status);
	if (!counts) {
		server_stop(server);
		SKIP_TEST("this master has no counters");
	}
	screen_open(&s, "vt100", "C.UTF-8", 24, 160);
	screen_await(&s, row_of(0, status_worker(0), 1));
	cr_assert_not(is_loaded(&s));
	load_start(&load, 8080, 200);
	cr_assert(wait_until(is_loaded, &s, PATIENCE), "%s", screen_text(&s));
	load_stop(&load);
	load_lost_nothing(load.result);
	screen_quit(&s);
	server_stop(server);
}

static void reload_answered(struct screen *s, const char *key, const char *outcome)
{
	screen_press(s, "r");
	screen_await(s, "reload? y/n");
	screen_press(s, key);
	screen_await(s, outcome);
}

Test(top, asks_before_it_reloads)
{
	struct screen s;
	struct server *server = open_beside_two(&s);

	reload_answered(&s, "n", "nothing was done");
	reload_answered(&s, "y", "generation 2 serves");
	screen_await(&s, "2 workers, generation 2");
	screen_await(&s, row_of(1, status_worker(1), 2));
	cr_assert_eq(status_number("generation"), 2, "n was a no");
	screen_quit(&s);
	server_stop(server);
}

Test(top, shows_why_a_reload_failed)
{
	struct screen s;
	struct server *server = open_beside_two(&s);

	write_file("portico.ini", "[portico]\nworkers = many\n");
	screen_press(&s, "ry");
	screen_await(&s, "reload failed");
	screen_press(&s, "k");
	screen_await(&s, "q quit");
	screen_quit(&s);
	server_stop(server);
}

/* ---- servers come and go ---- */

Test(top, waits_for_a_server_and_sees_it_end)
{
	struct server *server = server_start(TWO);
	struct screen s;

	server_stop(server);
	screen_open(&s, "vt100", "C.UTF-8", 24, 100);
	screen_await(&s, "no server: no server runs with");
	server = server_spawn(NULL);
	screen_await(&s, "2 workers, generation 1");
	server_stop(server);
	screen_await(&s, "no server: ");
	cr_assert_not(screen_shows(&s, "serving"), "%s", screen_text(&s));
	server = server_spawn(NULL);
	server_await_generation(server, 1);
	screen_await(&s, row_of(0, status_worker(0), 1));
	screen_quit(&s);
	server_stop(server);
}

Test(top, says_that_a_stopped_master_does_not_answer)
{
	struct screen s;
	struct server *server = open_beside_two(&s);

	server_signal(server, SIGSTOP);
	screen_await(&s, "no answer for ");
	screen_await(&s, "before: 2 workers, generation 1");
	server_signal(server, SIGCONT);
	screen_await_without(&s, "no answer for ");
	screen_quit(&s);
	server_stop(server);
}

/* ---- its own end ---- */

static void ends_by(int number)
{
	struct server *server = server_start(TWO);
	struct screen s;

	screen_open(&s, "xterm", "C.UTF-8", 24, 80);
	screen_await(&s, "2 workers, generation 1");
	cr_assert_eq(kill(s.pid, number), 0);
	cr_assert_eq(screen_await_exit(&s), -number);
	server_stop(server);
}

Test(top, gives_the_terminal_back_on_int)
{
	ends_by(SIGINT);
}

Test(top, gives_the_terminal_back_on_term)
{
	ends_by(SIGTERM);
}

Test(top, is_ended_by_control_c)
{
	struct server *server = server_start(TWO);
	struct screen s;

	screen_open(&s, "vt100", "C.UTF-8", 24, 80);
	screen_await(&s, "2 workers, generation 1");
	screen_press(&s, "\003");
	cr_assert_eq(screen_await_exit(&s), -SIGINT);
	server_stop(server);
}

Test(top, ends_with_its_terminal)
{
	struct server *server = server_start(TWO);
	struct screen s;

	screen_open(&s, "vt100", "C.UTF-8", 24, 80);
	screen_await(&s, "2 workers, generation 1");
	close(s.program);
	close(s.fd);
	int status;
	double end = seconds_now() + PATIENCE;
	while (waitpid(s.pid, &status, WNOHANG) != s.pid)
		cr_assert_lt(seconds_now(), end, "it goes on without a terminal");
	server_stop(server);
}

/* ---- what is no terminal ---- */

static void refuses(const char *says)
{
	struct outcome o;

	portico_ends(&o, NULL, "top", "-c", path_of("portico.ini"), NULL);
	cr_assert_eq(o.code, 64, "it gave %d", o.code);
	cr_assert_not_null(strstr(o.err, says), "%s", o.err);
	cr_assert_not_null(strstr(o.err, "portico status prints the same"), "%s", o.err);
	cr_assert_str_eq(o.out, "");
}

Test(top, needs_a_terminal)
{
	write_file("portico.ini", TWO);
	refuses("portico: top needs a terminal;");
}

static void refuses_type(const char *term, const char *says)
{
	struct screen s;

	write_file("portico.ini", TWO);
	screen_open(&s, term, "C.UTF-8", 24, 100);
	cr_assert_eq(screen_await_exit(&s), 64);
	screen_open(&s, term, "C.UTF-8", 24, 100);
	screen_await(&s, says);
	screen_await_exit(&s);
}

Test(top, refuses_a_terminal_type_that_nobody_knows)
{
	refuses_type("no-such-thing", "portico: top needs a terminal that terminfo knows, not TERM=no-such-thing");
}

Test(top, refuses_a_dumb_terminal)
{
	refuses_type("dumb", "portico: top needs a terminal with a cursor that moves, not TERM=dumb");
}

Test(top, refuses_no_type)
{
	refuses_type("", "portico: top needs a terminal, and TERM does not say which");
}
