/* SPDX-License-Identifier: MIT */
/* comma.c - a locale in which the decimal point is a comma. */
#include "comma.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char source[] = "comment_char %\nescape_char /\nLC_NUMERIC\ndecimal_point \",\"\n"
	"thousands_sep \"\"\ngrouping -1\nEND LC_NUMERIC\n";

/* localedef(1) misses the other categories, which -c forgives by exit code 1. */
static void compile_in(const char *dir)
{
	char path[128], command[512];

	snprintf(path, sizeof(path), "%s/source", dir);
	FILE *f = fopen(path, "w");
	cr_assert_not_null(f);
	fputs(source, f);
	cr_assert_eq(fclose(f), 0);
	snprintf(command, sizeof(command), "localedef -c -i %s %s/comma >%s/said 2>&1", path, dir, dir);
	cr_assert_neq(system(command), -1);
}

void comma_set(void)
{
	char dir[] = "/tmp/portico-comma-XXXXXX", command[64], text[8];

	cr_assert_not_null(mkdtemp(dir));
	compile_in(dir);
	setenv("LOCPATH", dir, 1);
	const char *set = setlocale(LC_NUMERIC, "comma");
	snprintf(command, sizeof(command), "rm -r %s", dir);
	cr_assert_eq(system(command), 0);
	cr_assert_not_null(set, "there is no such locale");
	snprintf(text, sizeof(text), "%.1f", 1.5);
	cr_assert_str_eq(text, "1,5");
}
