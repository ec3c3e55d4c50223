/* SPDX-License-Identifier: MIT */
/* columns.c - master/columns.c and facts.c: the table of slots, and what is missing. */
#include "master/columns.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/fold.h"
#include "master/facts.h"

static json_t *slot_of(const char *text)
{
	json_t *slot = json_loads(text, 0, NULL);

	cr_assert_not_null(slot, "%s", text);
	return slot;
}

Test(columns, a_line_is_never_wider_than_the_page)
{
	char line[COLUMNS_LINE];
	json_t *slot = slot_of("{\"slot\":1,\"pid\":4194304,\"generation\":7,\"state\":\"draining\",\"share\":1.0,"
		"\"expected\":1.0,\"active\":100000,\"queue\":4096,\"limit\":4096,\"rate\":123456.0,\"busy\":1.0,"
		"\"p50\":0.1,\"p99\":119.0,\"rss\":1048000000,\"restarts\":12,\"accepted\":1,\"answered\":1}");

	for (size_t width = 4; width < 200; width++) {
		unsigned set = columns_fit(width);
		columns_titles(set, line);
		cr_assert_leq(fold_columns(line), width, "%zu: %s", width, line);
		columns_row(set, slot, line);
		cr_assert_leq(fold_columns(line), width, "%zu: %s", width, line);
	}
	json_decref(slot);
}

Test(columns, the_slot_stays_and_the_rest_goes_by_rank)
{
	cr_assert_eq(columns_fit(0), 1u << COLUMN_SLOT);
	cr_assert_eq(columns_fit(13), 1u << COLUMN_SLOT | 1u << COLUMN_STATE);
	cr_assert_eq(columns_fit(1000), (1u << COLUMNS_ALL) - 1);
	for (size_t width = 1; width < 200; width++)
		cr_assert_eq(columns_fit(width - 1) & ~columns_fit(width), 0u,
			"a column of %zu is missing on %zu", width - 1, width);
}

static const char *bar(const char *shares)
{
	static char line[COLUMNS_LINE];
	json_t *slot = slot_of(shares);

	columns_row(1u << COLUMN_BAR, slot, line);
	json_decref(slot);
	return line;
}

Test(columns, a_bar_ends_at_its_middle_when_the_share_is_as_due)
{
	cr_assert_str_eq(bar("{\"share\":0.25,\"expected\":0.25}"), "####|    ");
	cr_assert_str_eq(bar("{\"share\":0.0,\"expected\":0.25}"), "    |    ");
	cr_assert_str_eq(bar("{\"share\":0.125,\"expected\":0.25}"), "##  |    ");
	cr_assert_str_eq(bar("{\"share\":0.5,\"expected\":0.25}"), "####|####");
	cr_assert_str_eq(bar("{\"share\":1.0,\"expected\":0.01}"), "####|####");
	cr_assert_str_eq(bar("{\"share\":-1.0,\"expected\":0.01}"), "    |    ");
	cr_assert_str_eq(bar("{\"share\":0.0,\"expected\":0.0}"), "    |    ");
	cr_assert_str_eq(bar("{\"share\":1.0,\"expected\":0.0}"), "    |    ");
	cr_assert_str_eq(bar("{}"), "    |    ");
}

Test(columns, no_number_overflows_a_cell)
{
	char line[COLUMNS_LINE];
	json_t *slot = slot_of("{\"slot\":-9223372036854775807,\"pid\":9223372036854775807,"
		"\"state\":\"a state of more than sixty-four characters, which no master would ever tell us of\","
		"\"share\":1e300,\"expected\":-1e300,\"queue\":-9223372036854775807,\"limit\":-9223372036854775807,"
		"\"rate\":1e300,\"busy\":-1e300,\"p99\":1e300,\"rss\":-1e300}");

	columns_row((1u << COLUMNS_ALL) - 1, slot, line);
	cr_assert_lt(strlen(line), (size_t)COLUMNS_LINE);
	json_decref(slot);
}

/* ---- facts ---- */

Test(facts, controls_are_not_shown)
{
	json_t *o = slot_of("{\"a\":[\"\\u001b[2J\\u009b\\u007f\\n\", {\"b\":\"×é\\u00a0\"}]}");

	facts_prepare(o);
	const json_t *a = json_object_get(o, "a");
	cr_assert_str_eq(json_string_value(json_array_get(a, 0)), "?[2J????");
	cr_assert_str_eq(facts_text(json_array_get(a, 1), "b"), "×é\u00a0");
	json_decref(o);
}

Test(facts, an_older_master_has_slots_and_a_verdict_too)
{
	json_t *o = slot_of("{\"workers\":1,\"generation\":2,\"generations\":["
		"{\"number\":2,\"workers\":[{\"slot\":0,\"pid\":5,\"state\":\"serving\"}]},"
		"{\"number\":1,\"workers\":[{\"slot\":0,\"pid\":4,\"state\":\"draining\"}]}]}");

	facts_prepare(o);
	cr_assert_str_eq(facts_text(o, "verdict"), "1 worker, generation 2");
	const json_t *slots = json_object_get(o, "slots");
	cr_assert_eq(json_array_size(slots), 1u);
	cr_assert_eq(facts_number(json_array_get(slots, 0), "pid"), 5.);
	json_decref(o);
}

Test(facts, what_is_missing_is_a_dash)
{
	char text[64], whole[FACTS_WHOLE];
	json_t *o = slot_of("{\"null\":null,\"text\":\"x\",\"one\":1,\"half\":0.5,\"list\":[\"a\",\"b\",3]}");

	cr_assert_str_eq(facts_text(o, "null"), "-");
	cr_assert_str_eq(facts_text(NULL, "null"), "-");
	cr_assert(isnan(facts_number(o, "null")));
	cr_assert(isnan(facts_number(o, "text")));
	cr_assert_str_eq(facts_whole(o, "half", whole), "-");
	cr_assert_str_eq(facts_whole(o, "one", whole), "1");
	cr_assert_str_eq(facts_count(o, "one", "crash", "crashes", text, sizeof(text)), "1 crash");
	cr_assert_str_eq(facts_count(o, "none", "crash", "crashes", text, sizeof(text)), "- crashes");
	cr_assert_str_eq(facts_list(json_object_get(o, "list"), text, sizeof(text)), "a, b, -");
	cr_assert_str_eq(facts_list(json_object_get(o, "list"), text, 4), "a, ");
	cr_assert_str_eq(facts_list(NULL, text, sizeof(text)), "-");
	json_decref(o);
}
