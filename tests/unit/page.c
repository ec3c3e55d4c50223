/* SPDX-License-Identifier: MIT */
/* page.c - sys/page.c: what a worker tells, and plugins' numbers in it. */
#include "sys/page.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct page *page;
static int fd = -1;

static void set_up(void)
{
	page = page_create(2, &fd);
	cr_assert_not_null(page, "%s", strerror(errno));
}

static void tear_down(void)
{
	page_destroy(page, 2);
	close(fd);
}

TestSuite(page, .init = set_up, .fini = tear_down);

Test(page, is_zeroed_and_has_its_services)
{
	cr_assert_eq(page->services[1].name[0], '\0');
	cr_assert_eq(page->services[1].counts.latency.count, 0);
	cr_assert_eq(page->metric_count, 0);
}

Test(page, what_a_child_stores_outlives_it)
{
	pid_t child = fork();

	if (child == 0) {
		page->services[1].counts.accepted = 42;
		pulse_phase(page, PULSE_DRAINING);
		pulse_enter(page, 7, PULSE_TCP_DATA);
		_exit(0);
	}
	cr_assert_eq(waitpid(child, NULL, 0), child);
	cr_assert_eq(page->services[1].counts.accepted, 42);
	cr_assert_str_eq(pulse_phase_name(page->phase), "draining");
	cr_assert_eq(page->doing >> 8, 7);
	cr_assert_str_eq(pulse_call_name(page->doing & 0xff), "tcp_data()");
	pulse_leave(page);
	cr_assert_eq(page->doing & 0xff, PULSE_NO_CALL);
}

Test(page, another_program_opens_it_by_its_descriptor)
{
	page->services[0].counts.closed = 5;
	unsigned services;
	struct page *again = page_open(fd, &services);

	cr_assert_not_null(again);
	cr_assert_eq(services, 2);
	cr_assert_eq(again->services[0].counts.closed, 5);
	page_destroy(again, services);
}

Test(page, a_file_that_is_too_small_is_none)
{
	int small = memfd_create("small", MFD_CLOEXEC);
	unsigned services;

	cr_assert_eq(ftruncate(small, 100), 0);
	errno = 0;
	cr_assert_null(page_open(small, &services));
	cr_assert_eq(errno, EINVAL);
	cr_assert_null(page_open(-1, &services));
	close(small);
	page_destroy(NULL, 0);
}

/* ---- metrics ---- */

Test(page, a_metric_is_found_again_by_handler_and_name)
{
	struct page_metric *a = page_metric(page, "web /", "hits", "how often", PAGE_COUNTER);
	struct page_metric *b = page_metric(page, "web /api", "hits", "how often", PAGE_COUNTER);

	cr_assert_not_null(a);
	cr_assert_not_null(b);
	cr_assert_neq(a, b);
	cr_assert_eq(page_metric(page, "web /", "hits", NULL, PAGE_COUNTER), a);
	cr_assert_eq(page->metric_count, 2);
	cr_assert_str_eq(a->help, "how often");
	cr_assert_str_eq(a->handler, "web /");
}

static void is_no_name(const char *name)
{
	errno = 0;
	cr_assert_null(page_metric(page, "web", name, "", PAGE_COUNTER), "%s", name);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(page->metric_count, 0);
}

Test(page, a_name_that_is_none_is_refused)
{
	static const char *const names[] = { "", "1st", "a-b", "a b", "a.b", "\xc3\xa4", "a\n", " a" };
	char longest[PAGE_NAME + 1];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		is_no_name(names[i]);
	memset(longest, 'a', PAGE_NAME);
	longest[PAGE_NAME] = '\0';
	is_no_name(longest);
	longest[PAGE_NAME - 1] = '\0';
	cr_assert_not_null(page_metric(page, "web", longest, "", PAGE_COUNTER));
	cr_assert_not_null(page_metric(page, "web", "_", "", PAGE_GAUGE));
	cr_assert_not_null(page_metric(page, "web", "A1_z", "", PAGE_GAUGE));
}

Test(page, the_other_kind_is_refused)
{
	cr_assert_not_null(page_metric(page, "web", "n", "", PAGE_COUNTER));
	errno = 0;
	cr_assert_null(page_metric(page, "web", "n", "", PAGE_GAUGE));
	cr_assert_eq(errno, EEXIST);
	cr_assert_not_null(page_metric(page, "two", "n", "", PAGE_GAUGE));
}

Test(page, has_room_for_128_metrics)
{
	char name[16];

	for (int i = 0; i < PAGE_METRICS; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		cr_assert_not_null(page_metric(page, "web", name, "", PAGE_COUNTER));
	}
	errno = 0;
	cr_assert_null(page_metric(page, "web", "more", "", PAGE_COUNTER));
	cr_assert_eq(errno, ENOSPC);
	cr_assert_not_null(page_metric(page, "web", "m7", "", PAGE_COUNTER));
	errno = 0;
	cr_assert_null(page_metric(page, "web", "m7", "", PAGE_GAUGE));
	cr_assert_eq(errno, EEXIST);
}

Test(page, a_long_help_is_cut)
{
	char help[2 * PAGE_HELP];

	memset(help, 'h', sizeof(help) - 1);
	help[sizeof(help) - 1] = '\0';
	struct page_metric *m = page_metric(page, "web", "n", help, PAGE_COUNTER);
	cr_assert_eq(strlen(m->help), PAGE_HELP - 1);
}

Test(page, a_long_handler_is_found_again)
{
	char handler[2 * PAGE_NAME];

	memset(handler, 'x', sizeof(handler) - 1);
	handler[sizeof(handler) - 1] = '\0';
	struct page_metric *m = page_metric(page, handler, "n", "", PAGE_COUNTER);
	cr_assert_eq(page_metric(page, handler, "n", "", PAGE_COUNTER), m);
	cr_assert_eq(page->metric_count, 1);
}

/* As in [handler web /v1/.../orders] and [handler web /v1/.../customers]. */
Test(page, handlers_that_begin_alike_have_numbers_of_their_own)
{
	char a[2 * PAGE_NAME], b[2 * PAGE_NAME];

	memset(a, 'x', sizeof(a) - 1);
	memcpy(a, "web /", 5);
	a[sizeof(a) - 1] = '\0';
	memcpy(b, a, sizeof(a));
	b[sizeof(b) - 2] = 'y';
	struct page_metric *of_a = page_metric(page, a, "n", "", PAGE_COUNTER);
	struct page_metric *of_b = page_metric(page, b, "n", "", PAGE_COUNTER);
	cr_assert_neq(of_a, of_b);
	cr_assert_neq(strcmp(of_a->handler, of_b->handler), 0, "one row of status: %s", of_a->handler);
	cr_assert_eq(strncmp(of_a->handler, a, 40), 0, "%s", of_a->handler);
	cr_assert_eq(page_metric(page, a, "n", "", PAGE_COUNTER), of_a);
	cr_assert_not_null(page_metric(page, b, "m", "", PAGE_GAUGE));
}

Test(page, a_handler_that_just_has_room_is_told_as_it_is)
{
	char a[PAGE_NAME];

	memset(a, 'x', sizeof(a) - 1);
	a[sizeof(a) - 1] = '\0';
	cr_assert_str_eq(page_metric(page, a, "n", "", PAGE_COUNTER)->handler, a);
}

/* ---- names ---- */

Test(page, what_is_unknown_has_a_name_too)
{
	cr_assert_str_eq(pulse_phase_name(99), "doing the unknown");
	cr_assert_str_eq(pulse_call_name(200), "an unknown callback");
	for (uint32_t i = 0; i <= PULSE_STOPPING; i++)
		cr_assert_not_null(pulse_phase_name(i));
	for (uint32_t i = 0; i <= PULSE_HTTP_DONE; i++)
		cr_assert_not_null(pulse_call_name(i));
}

Test(page, nobody_can_make_it_shorter)
{
	cr_assert_eq(ftruncate(fd, 100), -1);
	cr_assert_eq(errno, EPERM);
}

Test(page, what_a_worker_claims_to_have_is_bounded)
{
	char out[PAGE_NAME];

	page->metric_count = 0x7fffffff;
	cr_assert_eq(page_metrics(page), PAGE_METRICS);
	memset(page->metrics[0].name, 'x', PAGE_NAME);
	page_text(out, page->metrics[0].name, sizeof(out));
	cr_assert_eq(strlen(out), PAGE_NAME - 1);
}
