/* SPDX-License-Identifier: MIT */
/* ini.c - config/ini.c: lines, limits, includes, variables. */
#include "config/ini.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "told.h"

static struct arena mem;
static struct problems problems;
static struct ini ini;

static void set_up(void)
{
	told_set_up();
	arena_init(&mem);
	problems = (struct problems){.tell = hear, .most = 1000};
	ini = (struct ini){.mem = &mem,
		.problems = &problems,
		.include_section = "main",
		.include_key = "include"};
}

static void tear_down(void)
{
	arena_fini(&mem);
	told_tear_down();
}

TestSuite(ini, .init = set_up, .fini = tear_down);

static int load(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s", path_of(name));
	return ini_load(&ini, path);
}

/* Loads text as a.ini and compares everything that is told. */
static void expect_told(const char *text, const char *wanted)
{
	put("a.ini", text);
	cr_assert_eq(load("a.ini"), 0);
	cr_assert_str_eq(told, wanted);
}

static const char *value_of(const char *section, const char *key)
{
	for (struct ini_section *s = ini.sections; s != NULL; s = s->next) {
		if (strcmp(s->name, section) != 0)
			continue;
		const struct ini_entry *e = ini_find(s, key);
		return e == NULL ? "(none)" : e->value == NULL ? "(refused)" : e->value;
	}
	return "(no section)";
}

static void expect_value(const char *text, const char *wanted)
{
	expect_told(text, "");
	cr_assert_str_eq(value_of("s", "k"), wanted);
}

Test(ini, sections_and_entries_have_their_lines)
{
	expect_told("; comment\n[a]\n\nx = 1\n# comment\ny: 2\n[b]\n", "");
	const struct ini_section *a = ini.sections;
	cr_assert_str_eq(a->name, "a");
	cr_assert_eq(a->line, 2);
	cr_assert_eq(a->entry_count, 2);
	cr_assert_eq(ini_find(a, "x")->line, 4);
	cr_assert_eq(ini_find(a, "y")->line, 6);
	cr_assert_str_eq(a->next->name, "b");
	cr_assert_eq(a->next->line, 7);
	cr_assert_eq(a->next->entry_count, 0, "an empty section is seen");
	cr_assert_eq(ini.section_count, 2);
}

Test(ini, an_indented_line_is_a_line_like_any_other)
{
	expect_told("[s]\nk = 1\n  j = 2\n\t[t]\n\tk = 3\n", "");
	cr_assert_str_eq(value_of("s", "k"), "1");
	cr_assert_str_eq(value_of("s", "j"), "2");
	cr_assert_str_eq(value_of("t", "k"), "3");
}

Test(ini, the_last_line_needs_no_newline)
{
	expect_value("[s]\nk = v", "v");
}

Test(ini, crlf_files_work)
{
	expect_value("[s]\r\nk = v\r\n\r\n", "v");
}

Test(ini, a_byte_order_mark_is_passed_over)
{
	expect_value("\xef\xbb\xbf[s]\nk = v\n", "v");
}

Test(ini, a_comment_ends_a_value_after_a_blank_only)
{
	expect_told("[s] ; one\nk = a;b ; two\nj = a ;b\n", "");
	cr_assert_str_eq(value_of("s", "k"), "a;b");
	cr_assert_str_eq(value_of("s", "j"), "a");
}

Test(ini, a_quoted_value_is_never_cut_in_silence)
{
	expect_told("[s]\nk = \"a ; b\"\n",
		"a.ini:2: k: the quote is not closed; \" ;\" begins a "
		"comment in quotes, too: quotes mean nothing, leave them out\n");
	cr_assert_str_eq(value_of("s", "k"), "(refused)");
}

Test(ini, words_of_a_section_are_one_space_apart)
{
	expect_told("[ a \t b ]\n", "");
	cr_assert_str_eq(ini.sections->name, "a b");
}

Test(ini, malformed_lines_are_told)
{
	expect_told("k = 1\nj = 2\n[s\nx = 1\n[s] x\n[]\n[ ]\n[t]\nfoo\n = 3\n",
		"a.ini:1: k stands before the first section; begin with [NAME]\n"
		"a.ini:3: the section has no closing ]; write [NAME]\n"
		"a.ini:5: text after the section's ]; put it on a line of its own\n"
		"a.ini:6: the section has no name; write [NAME]\n"
		"a.ini:7: the section has no name; write [NAME]\n"
		"a.ini:9: the line has no =; write KEY = VALUE, or ; before a comment\n"
		"a.ini:10: there is no key before the =; write KEY = VALUE\n");
	cr_assert(ini.incomplete);
}

Test(ini, the_longest_line_is_read_whole)
{
	char text[INI_LINE + 32] = "[s]\nk = ";
	size_t head = strlen("k = ");

	memset(text + 4 + head, 'v', INI_LINE - head);
	strcpy(text + 4 + INI_LINE, "\nj = 1\n");
	expect_told(text, "");
	cr_assert_eq(strlen(value_of("s", "k")), INI_LINE - head);
	cr_assert_str_eq(value_of("s", "j"), "1");
}

Test(ini, a_longer_line_is_refused_and_the_rest_goes_on)
{
	char text[INI_LINE + 32] = "[s]\nk = ";
	size_t head = strlen("k = ");

	memset(text + 4 + head, 'v', INI_LINE + 1 - head);
	strcpy(text + 4 + INI_LINE + 1, "\nj = 1\nq\n");
	expect_told(text, "a.ini:2: the line has 1025 bytes; up to 1024 are allowed\n"
			  "a.ini:4: the line has no =; write KEY = VALUE, or ; before a comment\n");
	cr_assert_str_eq(value_of("s", "k"), "(refused)");
	cr_assert_str_eq(value_of("s", "j"), "1");
}

Test(ini, section_names_over_inihs_limit_are_refused)
{
	expect_told("[1234567890123456789012345678901234567890123456789]\nk = 1\n"
		    "[12345678901234567890123456789012345678901234567890]\nk = 1\n",
		"a.ini:3: the section's name has 50 bytes; up to 49 are allowed\n");
	cr_assert_eq(ini.section_count, 1);
	cr_assert_eq(strlen(ini.sections->name), 49);
}

Test(ini, control_characters_are_refused)
{
	static const char text[] = "[s]\nk = a\0b\nj = \x1b[31m\n; \x7f\nx = a\rb\nt = a\tb\n";

	put_bytes("a.ini", text, sizeof(text) - 1);
	cr_assert_eq(load("a.ini"), 0);
	cr_assert_str_eq(told, "a.ini:2: the line holds a control character, 0x00; take it out\n"
			       "a.ini:3: the line holds a control character, 0x1b; take it out\n"
			       "a.ini:4: the line holds a control character, 0x7f; take it out\n"
			       "a.ini:5: the line holds a control character, 0x0d; take it out\n");
	cr_assert_str_eq(value_of("s", "k"), "(refused)");
	cr_assert_str_eq(value_of("s", "t"), "a\tb");
}

Test(ini, doubles_are_refused_with_the_line_of_the_first)
{
	expect_told("[s]\nk = 1\nk = 2\n[t]\n[s]\nj = 1\n",
		"a.ini:3: k is set already in line 2; delete one\n"
		"a.ini:5: [s] is there already, at a.ini:1; put all its keys there\n");
	cr_assert_str_eq(value_of("s", "k"), "1");
	cr_assert_str_eq(value_of("s", "j"), "(none)");
	cr_assert(!ini.incomplete);
}

Test(ini, variables_are_replaced)
{
	setenv("PT_A", "one", 1);
	setenv("PT_EMPTY", "", 1);
	unsetenv("PT_NONE");
	expect_value("[s]\nk = <${PT_A}${PT_EMPTY:x}${PT_NONE:a:b}${PT_NONE:}>\n", "<onea:b>");
}

Test(ini, a_variable_s_value_is_not_expanded_again)
{
	setenv("PT_A", "${PT_B} $$ ; [x]", 1);
	expect_value("[s]\nk = ${PT_A}\n", "${PT_B} $$ ; [x]");
}

Test(ini, dollars_can_be_written)
{
	expect_value("[s]\nk = $$ $${A} $x 5$\n", "$ ${A} $x 5$");
}

Test(ini, what_is_wrong_with_a_variable_is_told)
{
	unsetenv("PT_NONE");
	setenv("PT_BAD", "a\nb", 1);
	expect_told("[s]\na = ${PT_NONE}\nb = ${PT_NONE\nc = ${}\nd = ${1a}\ne = ${a b}\n"
		    "f = ${PT_BAD}\n",
		"a.ini:2: a: the environment variable PT_NONE is not set; set it or give a "
		"default: ${NAME:default}\n"
		"a.ini:3: b: ${ has no closing }; add it, or write $$ for a dollar sign\n"
		"a.ini:4: c: ${} names no variable; write ${NAME}, or $$ for a dollar sign\n"
		"a.ini:5: d: ${1a} names no variable; write ${NAME}, or $$ for a dollar sign\n"
		"a.ini:6: e: ${a b} names no variable; write ${NAME}, or $$ for a dollar sign\n"
		"a.ini:7: f: the environment variable PT_BAD holds a control character; "
		"take it out\n");
	cr_assert_str_eq(value_of("s", "a"), "(refused)");
}

Test(ini, files_that_cannot_be_read_are_told_of)
{
	put("empty.ini", "");
	cr_assert_eq(load("none.ini"), -1);
	cr_assert_eq(errno, ENOENT);
	cr_assert_eq(load("."), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(load("empty.ini"), -1);
	cr_assert_eq(mkfifo(path_of("fifo"), 0600), 0);
	cr_assert_eq(load("fifo"), -1);
	cr_assert_str_eq(told, "none.ini: there is no such file; correct the name\n"
			       ".: is a directory; name a file\n"
			       "empty.ini: is empty; write a section or name another file\n"
			       "fifo: is not a regular file; name one\n");
}

Test(ini, permission_denied_is_told)
{
	put("a.ini", "[s]\n");
	cr_assert_eq(chmod(path_of("a.ini"), 0), 0);
	cr_assert_eq(chmod(dir, 0755), 0);
	if (geteuid() == 0)
		cr_assert_eq(seteuid(65534), 0);
	int rc = load("a.ini");
	int error = errno;
	if (getuid() == 0)
		cr_assert_eq(seteuid(0), 0);
	cr_assert_eq(rc, -1);
	cr_assert_eq(error, EACCES);
	cr_assert_str_eq(told, "a.ini: permission denied; let this user read it\n");
}

Test(ini, a_file_over_its_limit_is_refused)
{
	char *text = malloc(INI_FILE + 1);

	memset(text, '\n', INI_FILE + 1);
	put_bytes("a.ini", text, INI_FILE + 1);
	free(text);
	cr_assert_eq(load("a.ini"), -1);
	cr_assert_str_eq(told, "a.ini: has more than 1 MiB; name another file\n");
}

Test(ini, includes_come_sorted_and_after_the_file)
{
	cr_assert_eq(mkdir(path_of("conf.d"), 0700), 0);
	put("conf.d/2.ini", "[two]\n");
	put("conf.d/1.ini", "[one]\nk = v\n");
	put("conf.d/x.txt", "[no]\n");
	expect_told("[main]\ninclude = conf.d/*.ini\n[last]\n", "");
	const struct ini_section *s = ini.sections;
	cr_assert_str_eq(s->name, "main");
	cr_assert_str_eq(s->next->name, "last");
	cr_assert_str_eq(s->next->next->name, "one");
	cr_assert_str_eq(s->next->next->next->name, "two");
	cr_assert_null(s->next->next->next->next);
	cr_assert(s->main);
	cr_assert(!s->next->next->main);
}

Test(ini, a_file_that_is_named_must_exist_a_pattern_may_match_nothing)
{
	expect_told("[main]\ninclude = conf.d/*.ini\n", "");
	told[0] = '\0';
	ini.sections = ini.last = NULL;
	ini.files = NULL;
	expect_told("[main]\ninclude = other.ini\n",
		"a.ini:2: include other.ini: there is no such file; correct the name\n");
	cr_assert(ini.incomplete);
}

Test(ini, wildcards_in_the_directory_s_own_name_are_letters)
{
	cr_assert_eq(mkdir(path_of("[x]*"), 0700), 0);
	put("[x]*/a.ini", "[main]\ninclude = b*.ini\n");
	put("[x]*/b1.ini", "[b]\n");
	cr_assert_eq(load("[x]*/a.ini"), 0);
	cr_assert_str_eq(told, "");
	cr_assert_eq(ini.section_count, 2);
}

Test(ini, an_include_is_seen_from_its_own_file)
{
	cr_assert_eq(mkdir(path_of("d"), 0700), 0);
	put("d/b.ini", "[main]\ninclude = c.ini\n");
	put("d/c.ini", "[c]\n");
	expect_told("[main]\ninclude = d/b.ini\n", "");
	cr_assert_eq(ini.section_count, 3);
}

Test(ini, a_circle_is_told_with_its_chain)
{
	put("b.ini", "[main]\ninclude = link.ini\n");
	cr_assert_eq(symlink("a.ini", path_of("link.ini")), 0);
	expect_told("[main]\ninclude = b.ini\n",
		"b.ini:2: include goes in a circle: a.ini -> b.ini -> link.ini; take one out\n");
}

Test(ini, a_file_is_included_once)
{
	put("1.ini", "[main]\ninclude = 2.ini\n");
	put("2.ini", "[s]\n");
	expect_told("[main]\ninclude = [12].ini\n",
		"a.ini:2: include 2.ini: is included already at 1.ini:2; take one out\n");
	cr_assert_eq(ini.section_count, 3);
}

Test(ini, a_chain_has_a_limit)
{
	char name[16], text[64];

	for (int i = 1; i < 12; i++) {
		snprintf(name, sizeof(name), "%d.ini", i);
		snprintf(text, sizeof(text), "[main]\ninclude = %d.ini\n", i + 1);
		put(name, text);
	}
	expect_told("[main]\ninclude = 1.ini\n",
		"7.ini:2: include is 9 files deep: a.ini -> 1.ini -> 2.ini -> 3.ini -> 4.ini -> "
		"5.ini -> 6.ini -> 7.ini -> 8.ini; make the chain shorter\n");
}

Test(ini, doubles_are_found_across_files)
{
	put("b.ini", "[s]\n");
	expect_told("[main]\ninclude = b.ini\n[s]\n",
		"b.ini:1: [s] is there already, at a.ini:3; put all its keys there\n");
}

Test(ini, keys_of_a_section_have_a_limit)
{
	char *text = malloc(20 * (INI_KEYS + 2));
	size_t len = (size_t)sprintf(text, "[s]\n");

	for (int i = 0; i <= INI_KEYS; i++)
		len += (size_t)sprintf(text + len, "k%d = 1\n", i);
	expect_told(text, "a.ini:1002: more than 1000 keys in [s]; take some out\n");
	free(text);
}

Test(ini, relative_paths_always_hold_a_slash)
{
	cr_assert_str_eq(ini_relative(&mem, "a.ini", "x"), "./x");
	cr_assert_str_eq(ini_relative(&mem, "/e/a.ini", "x/y"), "/e/x/y");
	cr_assert_str_eq(ini_relative(&mem, "/a.ini", "x"), "/x");
	cr_assert_str_eq(ini_relative(&mem, "e/a.ini", "/x"), "/x");
}
