/* SPDX-License-Identifier: MIT */
/* top_fake.c - portico top through a pseudo-terminal, with a master that says what it is told to. */
#include <string.h>
#include <unistd.h>

#include "fake.h"
#include "harness.h"
#include "screen.h"

SYSTEM_SUITE(top_fake);

#define VERDICT "4 workers, generation 7, balanced 1.04×, p99 3.1 ms, last reload 12 s ago, 0 lost"
/* Of it on 80 columns, where it takes two lines. */
#define FIRST_LINE "4 workers, generation 7, balanced 1.04×, p99 3.1 ms, last reload 12 s ago, 0"

/* The row that is shown reversed; -1. */
static int selected_row(const struct screen *s)
{
	for (int i = 0; i < s->vt.rows; i++)
		if (s->vt.reversed[i][3])
			return i;
	return -1;
}

/* Runs it beside a master of so many slots. */
static void open_slots(struct screen *s, unsigned slots, const char *term, int rows, int columns)
{
	fake_tells_slots(slots);
	fake_start();
	screen_open(s, term, "C.UTF-8", rows, columns);
}

/* The same with all that a master may tell. */
static void open_all(struct screen *s, const char *term, int rows, int columns)
{
	fake_tells_all();
	fake_start();
	screen_open(s, term, "C.UTF-8", rows, columns);
}

struct choice {
	struct screen *screen;
	const char    *row;
};

static bool is_chosen(void *arg)
{
	const struct choice *c = arg;
	int row = screen_find(c->screen, c->row);

	return row >= 0 && selected_row(c->screen) == row;
}

/* row: how the selected one begins. */
static void await_selected(struct screen *s, const char *row)
{
	struct choice c = { .screen = s, .row = row };

	cr_assert(wait_until(is_chosen, &c, PATIENCE), "%s is not selected:\n%s", row, screen_text(s));
}

static void press_selects(struct screen *s, const char *keys, const char *row)
{
	screen_press(s, keys);
	await_selected(s, row);
}

Test(top_fake, shows_every_figure_of_a_slot_on_a_wide_screen)
{
	struct screen s;

	open_slots(&s, 4, "vt100", 24, 160);
	screen_await(&s, VERDICT);
	screen_await(&s, "slot     pid  gen state        share (|: due)  active     queue req/s  busy     p50"
		"     p99      rss restarts accepted answered");
	screen_await(&s, "   1    5001    7 serving    26/25 % ####|          3    2/4096   123  13 % 0.10 ms"
		"  3.1 ms  2.1 MiB        1    1.0 k    2.0 k");
	screen_quit(&s);
}

Test(top_fake, keeps_what_matters_on_80_columns)
{
	struct screen s;

	open_slots(&s, 4, "vt100", 24, 80);
	screen_await(&s, "   1    5001    7 serving    26/25 %      3    2/4096   123  13 %  3.1 ms");
	screen_quit(&s);
}

Test(top_fake, shows_what_an_operator_should_know)
{
	struct screen s;

	open_all(&s, "xterm", 30, 100);
	screen_await(&s, "canary: generation 8 has 10 % of the new clients on 1 worker, for 3.2 s of 30 s");
	screen_await(&s, "slot 1 is stalled: in handler web /");
	screen_await(&s, "slot 2 is drained");
	screen_await(&s, "generation 6 is retiring: 1 worker, 90 s old");
	screen_await(&s, "the kernel lacks pidfd_open: a worker's death is seen by the end of its channel");
	screen_await(&s, "   1    5001    7 stalled");
	screen_quit(&s);
}

Test(top_fake, a_strangers_name_cannot_write_on_the_screen)
{
	struct screen s;

	open_all(&s, "vt100", 24, 120);
	screen_await(&s, "stranger on 0.0.0.0:8080/tcp: evil?[2J??2J, pid 4711, uid 1000, since 2026-11-22 14:03:11");
	screen_await(&s, VERDICT);
	screen_quit(&s);
}

Test(top_fake, a_terminal_without_utf8_gets_ascii)
{
	struct screen s;

	fake_start();
	write_file("status.json", "{\"verdict\":\"balanced 1.04×, p99 é\",\"slots\":[{\"slot\":0,\"p99\":0.00007}]}");
	screen_open(&s, "vt100", "C", 24, 100);
	screen_await(&s, "balanced 1.04x, p99 ?\n");
	screen_await(&s, " 70 us");
	screen_quit(&s);
}

Test(top_fake, figures_that_a_master_does_not_give_are_dashes)
{
	struct screen s;

	fake_start();
	write_file("status.json", "{\"good\":true,\"slots\":[{\"slot\":3,\"share\":null},{}]}");
	screen_open(&s, "vt100", "C.UTF-8", 24, 100);
	screen_await(&s, "- workers, generation -");
	screen_await(&s, "   3       -    - -            -/- %      -       -/-     -     -");
	screen_press(&s, "jd");
	write_file("status.json", "[1, 2, 3]");
	screen_await_without(&s, "   3  ");
	write_file("status.json", "no JSON");
	screen_await(&s, "no server: ");
	write_file("status.json", "{\"slots\":{\"a\":1},\"generations\":[3,null],\"lacks\":[4],\"strangers\":[[]],"
		"\"canary\":7,\"verdict\":12}");
	screen_await(&s, "- workers, generation -");
	cr_assert_str_eq(fake_requests(), "", "a slot without a number cannot be drained");
	screen_quit(&s);
}

/* ---- small and large ---- */

Test(top_fake, forty_by_ten_shows_the_verdict_and_slots)
{
	struct screen s;

	open_slots(&s, 4, "vt100", 10, 40);
	screen_await(&s, "4 workers, generation 7, balanced 1.04×,");
	screen_await(&s, "   3    5003 serving    26/25 %   123");
	screen_await(&s, "q quit  ? help");
	screen_quit(&s);
}

Test(top_fake, more_slots_than_lines_scroll)
{
	struct screen s;

	open_slots(&s, 40, "vt100", 10, 60);
	await_selected(&s, "   0    5000");
	cr_assert_not(screen_shows(&s, "   9    5009"));
	press_selects(&s, "jjjjjjjjj", "   9    5009");
	cr_assert_not(screen_shows(&s, "   0    5000"), "%s", screen_text(&s));
	for (int i = 0; i < 50; i++)
		screen_press(&s, "j");
	await_selected(&s, "  39    5039");
	for (int i = 0; i < 50; i++)
		screen_press(&s, "\033OA");
	await_selected(&s, "   0    5000");
	fake_tells_slots(1);
	screen_await_without(&s, "   1    5001");
	screen_quit(&s);
}

Test(top_fake, the_arrows_select)
{
	struct screen s;

	open_slots(&s, 3, "xterm", 24, 80);
	await_selected(&s, "   0    5000");
	press_selects(&s, "\033OB\033OB", "   2    5002");
	press_selects(&s, "\033OA", "   1    5001");
	screen_quit(&s);
}

Test(top_fake, a_selection_outlives_its_slots)
{
	struct screen s;

	open_slots(&s, 8, "vt100", 24, 80);
	await_selected(&s, "   0    5000");
	press_selects(&s, "jjjjjjj", "   7    5007");
	fake_tells_slots(2);
	await_selected(&s, "   1    5001");
	screen_quit(&s);
}

Test(top_fake, follows_the_size_of_its_window)
{
	struct screen s;

	open_all(&s, "vt100", 24, 80);
	screen_await(&s, "   3    5003");
	screen_resize(&s, 40, 160);
	screen_await(&s, "restarts accepted answered");
	screen_await(&s, "q quit  ? help  j/k select  d drain  x replace  r reload  p promote  b roll back");
	screen_resize(&s, 12, 50);
	screen_await(&s, "more; portico status tells");
	cr_assert_not(screen_shows(&s, "restarts"), "%s", screen_text(&s));
	screen_quit(&s);
}

/* Nothing to see but that it lives. */
Test(top_fake, no_size_is_too_small)
{
	static const int sizes[][2] = { { 1, 1 }, { 1, 200 }, { 2, 2 }, { 3, 5 }, { 4, 40 }, { 60, 1 }, { 5, 20 } };
	struct screen s;

	open_all(&s, "vt100", 24, 80);
	screen_await(&s, "   3    5003");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		screen_resize(&s, sizes[i][0], sizes[i][1]);
		screen_press(&s, "?");
		screen_press(&s, "jrnk");
		screen_resize(&s, 24, 80);
		screen_await(&s, "   3    5003");
	}
	screen_quit(&s);
}

Test(top_fake, help_tells_the_keys)
{
	struct screen s;

	open_slots(&s, 2, "vt100", 24, 80);
	screen_await(&s, FIRST_LINE);
	screen_press(&s, "?");
	screen_await(&s, "d  drain the slot: new clients go to others, until d is pressed again");
	cr_assert_not(screen_shows(&s, FIRST_LINE));
	screen_press(&s, "q");
	screen_await(&s, FIRST_LINE);
	screen_quit(&s);
}

/* ---- keys that act ---- */

static void asks(struct screen *s, const char *key, const char *question, const char *request)
{
	write_file("said.json", "{\"good\":true,\"said\":\"done: it\"}");
	screen_press(s, key);
	screen_await(s, question);
	cr_assert_null(strstr(fake_requests(), request), "nobody said yes: %s", fake_requests());
	screen_press(s, "y");
	fake_await_request(request);
	screen_await(s, "done: it");
	screen_press(s, "?");
	screen_press(s, "?");
	screen_await_without(s, "done: it");
}

Test(top_fake, each_operation_is_asked_for_and_told)
{
	struct screen s;

	open_all(&s, "vt100", 30, 100);
	await_selected(&s, "   0    5000");
	asks(&s, "d", "drain slot 0? y/n", "{\"do\":\"drain\",\"slot\":0}\n");
	asks(&s, "x", "replace the worker of slot 0? y/n", "{\"do\":\"retire\",\"slot\":0}\n");
	screen_press(&s, "jj");
	asks(&s, "d", "undrain slot 2? y/n", "{\"do\":\"undrain\",\"slot\":2}\n");
	asks(&s, "r", "reload? y/n", "{\"do\":\"reload\"}\n");
	asks(&s, "p", "promote the canary? y/n", "{\"do\":\"promote\"}\n");
	asks(&s, "b", "roll the canary back? y/n", "{\"do\":\"rollback\"}\n");
	screen_quit(&s);
}

Test(top_fake, without_a_canary_there_is_nothing_to_promote)
{
	struct screen s;

	open_slots(&s, 2, "vt100", 24, 80);
	screen_await(&s, FIRST_LINE);
	screen_press(&s, "py");
	screen_await(&s, "q quit");
	screen_press(&s, "b");
	screen_await(&s, "there is no canary");
	screen_quit(&s);
	cr_assert_str_eq(fake_requests(), "");
}

Test(top_fake, only_y_is_a_yes)
{
	static const char *const others[] = { "n", "q", " ", "\n", "\033OA", "r", "Z" };
	struct screen s;

	open_slots(&s, 2, "vt100", 24, 80);
	screen_await(&s, FIRST_LINE);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		screen_press(&s, "r");
		screen_await(&s, "reload? y/n");
		screen_press(&s, others[i]);
		screen_await(&s, "nothing was done");
	}
	screen_quit(&s);
	cr_assert_str_eq(fake_requests(), "");
}

static void press_reload(struct screen *s)
{
	screen_await(s, "   1    5001");
	screen_press(s, "ry");
}

/* An operation that takes its time. */
Test(top_fake, the_screen_goes_on_while_an_operation_does)
{
	struct screen s;

	write_file("wait", "yes");
	write_file("said.json", "{\"good\":false,\"said\":\"reload failed: as told\"}");
	open_slots(&s, 2, "vt100", 24, 80);
	press_reload(&s);
	screen_await(&s, "under way: reload, ");
	fake_tells_slots(3);
	screen_await(&s, "   2    5002");
	screen_press(&s, "x");
	screen_await(&s, "first this has to end: reload");
	cr_assert_eq(unlink(path_of("wait")), 0);
	screen_await(&s, "reload failed: as told");
	screen_quit(&s);
	cr_assert_str_eq(fake_requests(), "{\"do\":\"reload\"}\n");
}

Test(top_fake, quits_while_an_operation_goes_on)
{
	struct screen s;

	write_file("wait", "yes");
	open_slots(&s, 2, "vt100", 24, 80);
	press_reload(&s);
	screen_await(&s, "under way: reload, ");
	screen_quit(&s);
}

Test(top_fake, tells_that_the_server_ended_instead_of_answering)
{
	struct screen s;

	write_file("said.json", "%s", "");
	open_slots(&s, 2, "vt100", 24, 80);
	press_reload(&s);
	screen_await(&s, "the server ended before it answered");
	screen_quit(&s);
}
