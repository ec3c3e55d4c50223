/* SPDX-License-Identifier: MIT */
/* schema.c - config/schema.c: option tables. */
#include "config/schema.h"

#include <criterion/criterion.h>
#include <string.h>

struct state {
	const char *word;
	int64_t number;
	size_t size;
	bool flag;
	double time;
	int colour;
	int64_t open;
};

static const struct portico_option options[] = {
	PORTICO_OPTION(STRING, struct state, word, "hi", "a word"),
	PORTICO_OPTION_IN(INT, struct state, number, "5", "-1..100", "a number"),
	PORTICO_OPTION_IN(SIZE, struct state, size, "4k", "1k..64k", "a size"),
	PORTICO_OPTION(BOOL, struct state, flag, "yes", "a flag"),
	PORTICO_OPTION_IN(SECONDS, struct state, time, "1s", "..1h", "a time"),
	PORTICO_OPTION_IN(ENUM, struct state, colour, NULL, "red|green|blue", "a colour"),
	PORTICO_OPTION_IN(INT, struct state, open, "0", "0..", "no upper end"),
	{0},
};

static const struct schema schema = {options, sizeof(*options)};

static struct arena mem;
static struct state state;

static void set_up(void)
{
	const char *why = "";

	arena_init(&mem);
	cr_assert_eq(schema_defaults(&schema, &state, &mem, &why), 0, "%s", why);
}

static void tear_down(void)
{
	arena_fini(&mem);
}

TestSuite(schema, .init = set_up, .fini = tear_down);

static void expect_set(const char *key, const char *value)
{
	const char *why = "";

	cr_assert_eq(
		schema_set(&schema, &state, &mem, key, value, "handler x", &why), 0, "%s", why);
}

static void expect_refused(const char *key, const char *value, const char *sentence)
{
	const char *why = NULL;

	cr_assert_eq(schema_set(&schema, &state, &mem, key, value, "handler x", &why), -1);
	cr_assert_str_eq(why, sentence);
}

Test(schema, defaults_fill_every_field)
{
	cr_assert_str_eq(state.word, "hi");
	cr_assert_eq(state.number, 5);
	cr_assert_eq(state.size, 4096);
	cr_assert(state.flag);
	cr_assert_float_eq(state.time, 1, 1e-9);
	cr_assert_eq(state.colour, 0, "required: stays zero");
}

Test(schema, values_reach_their_fields)
{
	expect_set("word", "");
	expect_set("number", "-1");
	expect_set("size", "64k");
	expect_set("flag", "off");
	expect_set("time", "250ms");
	expect_set("colour", "blue");
	expect_set("open", "9223372036854775807");
	cr_assert_str_eq(state.word, "");
	cr_assert_eq(state.number, -1);
	cr_assert_eq(state.size, 65536);
	cr_assert(!state.flag);
	cr_assert_float_eq(state.time, 0.25, 1e-9);
	cr_assert_eq(state.colour, 2);
	cr_assert_eq(state.open, INT64_MAX);
}

Test(schema, strings_are_copied)
{
	char text[] = "abc";

	expect_set("word", text);
	text[0] = 'x';
	cr_assert_str_eq(state.word, "abc");
}

Test(schema, wrong_form_tells_the_right_one)
{
	expect_refused("number", "five", "number = five: not a whole number; write digits only");
	expect_refused("size", "5q", "size = 5q: not a size; write 512, 64k, 1m or 2g");
	expect_refused("time", "20x", "time = 20x: not a time; write 250ms, 30s, 5m or 1h");
	expect_refused("time", "20", "time = 20: not a time; write 250ms, 30s, 5m or 1h");
	expect_refused("flag", "2", "flag = 2: not yes or no; write one of them");
	expect_refused("colour", "gren", "colour = gren: not known; did you mean green?");
	expect_refused("colour", "mauve", "colour = mauve: not known; write red, green or blue");
	expect_refused("colour", "", "colour = : not known; write red, green or blue");
}

Test(schema, range_is_named)
{
	expect_refused("number", "101", "number = 101: out of range; write -1 to 100");
	expect_refused("number", "-2", "number = -2: out of range; write -1 to 100");
	expect_refused("number", "99999999999999999999",
		"number = 99999999999999999999: out of range; write -1 to 100");
	expect_refused("size", "1023", "size = 1023: out of range; write 1k to 64k");
	expect_refused("time", "2h", "time = 2h: out of range; write up to 1h");
	expect_refused("open", "-1", "open = -1: out of range; write 0 or more");
	cr_assert_eq(state.number, 5, "a refused value changes nothing");
}

Test(schema, unknown_key_is_told_with_its_neighbour)
{
	expect_refused(
		"nubmer", "1", "nubmer is not an option of [handler x]; did you mean number?");
	expect_refused("zzz", "1",
		"zzz is not an option of [handler x]; it knows word, number, size, "
		"flag, time, colour, open");
}

Test(schema, no_table_has_no_options)
{
	const struct schema none = {NULL, sizeof(struct portico_option)};
	const char *why;

	cr_assert_eq(schema_defaults(&none, &state, &mem, &why), 0);
	cr_assert(!schema_has(&none, "word"));
	cr_assert_eq(schema_set(&none, &state, &mem, "word", "x", "handler x", &why), -1);
	cr_assert_str_eq(why, "word is not an option of [handler x]; delete it, it has none");
}

Test(schema, percent_signs_are_only_text)
{
	expect_refused(
		"number", "%s%n%p", "number = %s%n%p: not a whole number; write digits only");
	expect_refused("%s%n", "1",
		"%s%n is not an option of [handler x]; it knows word, number, size, "
		"flag, time, colour, open");
}

Test(schema, long_values_are_cut_in_sentences)
{
	const char *why;
	char value[5000];

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	cr_assert_eq(schema_set(&schema, &state, &mem, "number", value, "x", &why), -1);
	cr_assert_eq(strlen(why), 2047);
	cr_assert_str_eq(why + 2044, "...");
}

/* What a header of long ago would have had: no range. */
struct old_option {
	const char *name;
	enum portico_type type;
	size_t offset;
	const char *fallback;
};

Test(schema, a_table_from_an_older_header_is_read_by_its_stride)
{
	static const struct old_option old[] = {
		{"number", PORTICO_INT, offsetof(struct state, number), "7"},
		{"word", PORTICO_STRING, offsetof(struct state, word), "old"},
		{0},
	};
	const struct schema s = {(const struct portico_option *)(const void *)old, sizeof(*old)};
	struct portico_option option;
	const char *why = "";

	cr_assert_eq(schema_defaults(&s, &state, &mem, &why), 0, "%s", why);
	cr_assert_eq(state.number, 7);
	cr_assert_str_eq(state.word, "old");
	cr_assert_eq(schema_set(&s, &state, &mem, "number", "1000", "x", &why), 0, "no range");
	cr_assert(schema_option(&s, 1, &option));
	cr_assert_null(option.range);
	cr_assert(!schema_option(&s, 2, &option));
	cr_assert(!schema_option(&s, 99, &option));
}

/* One more member than is known here. */
struct new_option {
	struct portico_option option;
	const char *more;
};

Test(schema, a_table_from_a_newer_header_is_read_by_its_stride)
{
	static const struct new_option table[] = {
		{PORTICO_OPTION(INT, struct state, number, "8", "a"), "?"},
		{PORTICO_OPTION(STRING, struct state, word, "new", "b"), "?"},
		{{0}, NULL},
	};
	const struct schema s = {&table[0].option, sizeof(*table)};
	const char *why = "";

	cr_assert_eq(schema_defaults(&s, &state, &mem, &why), 0, "%s", why);
	cr_assert_eq(state.number, 8);
	cr_assert_str_eq(state.word, "new");
}

static void expect_bad_table(struct portico_option first)
{
	const struct portico_option table[] = {first, {0}};
	const struct schema s = {table, sizeof(*table)};
	const char *why = NULL;

	cr_assert_eq(schema_defaults(&s, &state, &mem, &why), -1);
	cr_assert_not_null(strstr(why, "option broken"), "%s", why);
}

Test(schema, a_wrong_table_is_told)
{
	expect_bad_table((struct portico_option){.name = "broken", .type = 0});
	expect_bad_table((struct portico_option){.name = "broken", .type = 99});
	expect_bad_table((struct portico_option){
		.name = "broken", .type = PORTICO_INT, .fallback = "5", .range = "6..9"});
	expect_bad_table((struct portico_option){
		.name = "broken", .type = PORTICO_INT, .fallback = "5", .range = "many"});
	expect_bad_table(
		(struct portico_option){.name = "broken", .type = PORTICO_INT, .fallback = "five"});
	expect_bad_table(
		(struct portico_option){.name = "broken", .type = PORTICO_ENUM, .fallback = "a"});
	expect_bad_table((struct portico_option){
		.name = "broken", .type = PORTICO_STRING, .fallback = "a", .range = "1..2"});
}
