/* SPDX-License-Identifier: MIT */
/* ledger.c - master/ledger.c: what is known of workers that are gone. */
#include "master/ledger.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct ledger ledger;
static struct page *page;
static int page_fd = -1, file = -1;

static void set_up(void)
{
	page = page_create(2, &page_fd);
	file = memfd_create("ledger", MFD_CLOEXEC);
	cr_assert(page && file >= 0);
	strcpy(page->services[0].name, "web");
	strcpy(page->services[1].name, "echo");
}

static void tear_down(void)
{
	ledger_fini(&ledger);
	page_destroy(page, 2);
	close(page_fd);
	close(file);
}

TestSuite(ledger, .init = set_up, .fini = tear_down);

static const struct ledger_service *service(const struct ledger *l, unsigned slot, const char *name)
{
	for (size_t i = 0; i < l->service_count; i++)
		if (l->services[i].slot == slot && strcmp(l->services[i].name, name) == 0)
			return &l->services[i];
	cr_assert_fail("nothing is known of %s in slot %u", name, slot);
	return NULL;
}

static void has_done(uint64_t accepted, uint64_t closed)
{
	page->services[0].counts = (struct counts){ .accepted = accepted, .closed = closed };
}

Test(ledger, counts_offloaded_work_that_a_worker_left)
{
	page->offload.busy = 2;
	ledger_bury(&ledger, 1, page, 2, false);
	ledger_bury(&ledger, 1, page, 2, true);
	cr_assert_eq(ledger_loop(&ledger, 1).left_behind, 4);
	cr_assert_eq(ledger_loop(&ledger, 0).left_behind, 0);
}

Test(ledger, adds_up_what_each_worker_of_a_slot_did)
{
	has_done(10, 10);
	cr_assert_eq(ledger_bury(&ledger, 1, page, 2, false), 0);
	has_done(5, 5);
	cr_assert_eq(ledger_bury(&ledger, 1, page, 2, false), 0);
	has_done(100, 100);
	cr_assert_eq(ledger_bury(&ledger, 0, page, 2, false), 0);
	cr_assert_eq(service(&ledger, 1, "web")->counts.accepted, 15);
	cr_assert_eq(service(&ledger, 0, "web")->counts.accepted, 100);
	cr_assert_eq(service(&ledger, 0, "echo")->counts.accepted, 0);
	cr_assert_eq(ledger.service_count, 4);
}

Test(ledger, what_was_open_is_lost_and_nothing_is_active)
{
	has_done(10, 7);
	page->services[1].counts = (struct counts){ .accepted = 4, .taken = 1, .given = 2, .closed = 1 };
	cr_assert_eq(ledger_bury(&ledger, 0, page, 2, true), 5);
	cr_assert_eq(service(&ledger, 0, "web")->counts.lost, 3);
	cr_assert_eq(service(&ledger, 0, "echo")->counts.lost, 2);
	cr_assert_eq(counts_active(&service(&ledger, 0, "web")->counts), 0);
	cr_assert_eq(counts_active(&service(&ledger, 0, "echo")->counts), 0);
}

Test(ledger, keeps_turns_and_counts_only_those_who_died_unasked)
{
	page->turns = 7;
	page->busy = 1000;
	ledger_bury(&ledger, 2, page, 2, false);
	ledger_bury(&ledger, 2, page, 2, true);
	ledger_bury(&ledger, 2, page, 2, true);
	cr_assert_eq(ledger_loop(&ledger, 2).turns, 21);
	cr_assert_eq(ledger_loop(&ledger, 2).busy, 3000);
	cr_assert_eq(ledger_loop(&ledger, 2).restarts, 2);
	cr_assert_eq(ledger_loop(&ledger, 0).turns, 0);
	cr_assert_eq(ledger_loop(&ledger, 1000).restarts, 0);
}

Test(ledger, a_counter_stays_and_a_gauge_ends)
{
	page_metric(page, "web /", "hits", "how often", PAGE_COUNTER)->value.count = 3;
	page_metric(page, "web /", "level", "", PAGE_GAUGE)->value.level = 8.;
	page_metric(page, "web /api", "hits", "", PAGE_COUNTER)->value.count = 50;
	ledger_bury(&ledger, 0, page, 2, false);
	ledger_bury(&ledger, 0, page, 2, false);
	cr_assert_eq(ledger.counter_count, 2);
	cr_assert_eq(ledger.counters[0].count, 6);
	cr_assert_str_eq(ledger.counters[0].help, "how often");
	cr_assert_eq(ledger.counters[1].count, 100);
	cr_assert_str_eq(ledger.counters[1].handler, "web /api");
}

/* Its worker died before it had read its configuration. */
Test(ledger, a_service_without_a_name_is_nothing)
{
	page->services[0].name[0] = page->services[1].name[0] = '\0';
	has_done(10, 5);
	cr_assert_eq(ledger_bury(&ledger, 0, page, 2, true), 0);
	cr_assert_eq(ledger.service_count, 0);
}

/* ---- services that end ---- */

static bool is_not_web(const void *arg, const char *service)
{
	(void)arg;
	return strcmp(service, "web") != 0;
}

static uint64_t accepted_in(unsigned slot)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < ledger.service_count; i++)
		if (ledger.services[i].slot == slot)
			sum += ledger.services[i].counts.accepted;
	return sum;
}

Test(ledger, of_services_that_are_no_more_it_keeps_the_sums_of_each_slot)
{
	page_metric(page, "web /", "hits", "", PAGE_COUNTER)->value.count = 3;
	page_metric(page, "website /", "hits", "", PAGE_COUNTER)->value.count = 4;
	page_metric(page, "web", "flows", "", PAGE_COUNTER)->value.count = 5;
	for (unsigned slot = 0; slot < 2; slot++) {
		page->services[1].counts.accepted = 1;
		has_done(10 + slot, 10 + slot);
		ledger_bury(&ledger, slot, page, 2, false);
	}
	ledger_forget(&ledger, is_not_web, NULL);
	cr_assert_eq(ledger.service_count, 4);
	cr_assert_eq(service(&ledger, 0, "echo")->counts.accepted, 1);
	cr_assert_eq(accepted_in(0), 11);
	cr_assert_eq(accepted_in(1), 12);
	cr_assert_eq(ledger.counter_count, 2);
	cr_assert_str_eq(ledger.counters[0].handler, "website /");
	cr_assert_str_eq(ledger.counters[1].handler, "website /");
}

Test(ledger, does_not_grow_with_new_names)
{
	for (int i = 0; i < 50; i++) {
		has_done(1, 1);
		ledger_bury(&ledger, 0, page, 2, false);
		ledger_forget(&ledger, is_not_web, NULL);
	}
	cr_assert_eq(ledger.service_count, 2);
	cr_assert_eq(accepted_in(0), 50);
}

/* ---- over an upgrade ---- */

static void fill(void)
{
	has_done(10, 8);
	page->turns = 9;
	page_metric(page, "web /", "hits", "", PAGE_COUNTER)->value.count = 3;
	ledger_bury(&ledger, 1, page, 2, true);
}

static int load(struct ledger *l)
{
	cr_assert_eq(lseek(file, 0, SEEK_SET), 0);
	*l = (struct ledger){ 0 };
	return ledger_load(l, file);
}

Test(ledger, what_is_saved_is_loaded)
{
	struct ledger again;

	fill();
	cr_assert_eq(ledger_save(&ledger, file), 0);
	cr_assert_eq(load(&again), 0);
	cr_assert_eq(again.service_count, ledger.service_count);
	cr_assert_arr_eq(again.services, ledger.services, again.service_count * sizeof(*again.services));
	cr_assert_eq(again.counter_count, 1);
	cr_assert_eq(again.counters[0].count, 3);
	cr_assert_eq(again.loop_count, 2);
	cr_assert_eq(ledger_loop(&again, 1).restarts, 1);
	ledger_bury(&again, 1, page, 2, true);
	cr_assert_eq(service(&again, 1, "web")->counts.accepted, 20);
	ledger_fini(&again);
}

Test(ledger, an_empty_one_is_saved_and_loaded)
{
	struct ledger again;

	cr_assert_eq(ledger_save(&ledger, file), 0);
	cr_assert_eq(load(&again), 0);
	cr_assert_eq(again.service_count + again.counter_count + again.loop_count, 0);
}

/* Wherever it was cut, nothing of it is believed, and nothing leaks. */
Test(ledger, one_that_was_cut_short_is_refused)
{
	struct ledger again;

	fill();
	cr_assert_eq(ledger_save(&ledger, file), 0);
	off_t size = lseek(file, 0, SEEK_END);
	for (off_t len = size - 1; len >= 0; len -= len > 100 ? 97 : 1) {
		cr_assert_eq(ftruncate(file, len), 0);
		errno = 0;
		cr_assert_eq(load(&again), -1, "%ld of %ld bytes", (long)len, (long)size);
		cr_assert_eq(errno, EINVAL);
		cr_assert_null(again.services);
		cr_assert_eq(again.service_count, 0);
	}
}

/* Of a binary whose rows look different, or garbage. */
Test(ledger, rows_of_another_size_are_refused)
{
	static const uint64_t heads[][2] = { { 1, 1 }, { sizeof(struct ledger_service), UINT64_MAX },
		{ sizeof(struct ledger_service), UINT64_MAX / sizeof(struct ledger_service) }, { 0, 0 } };
	struct ledger again;

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		cr_assert_eq(pwrite(file, heads[i], sizeof(heads[i]), 0), (ssize_t)sizeof(heads[i]));
		cr_assert_eq(load(&again), -1, "head %zu", i);
		cr_assert_eq(again.service_count, 0);
	}
}

Test(ledger, a_file_that_cannot_be_written_is_an_error)
{
	int ends[2];

	fill();
	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(ledger_save(&ledger, ends[0]), -1);
	close(ends[0]);
	close(ends[1]);
}
