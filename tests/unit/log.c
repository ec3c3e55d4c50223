/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

static int out;
static char line[8192];

static void catch_log(void)
{
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	out = ends[0];
	log_to(ends[1]);
	log_as("tester");
}

static const char *read_line(void)
{
	ssize_t n = read(out, line, sizeof(line) - 1);

	cr_assert_gt(n, 0);
	line[n] = '\0';
	return line;
}

TestSuite(log, .init = catch_log);

Test(log, says_when_how_bad_who_and_what)
{
	log_warn("%d of %s", 3, "them");
	read_line();
	cr_assert_eq(line[4], '-');
	cr_assert_eq(line[10], 'T');
	cr_assert_eq(line[23], 'Z');
	cr_assert_str_eq(line + 25, "warn  tester: 3 of them\n");
}

Test(log, cannot_be_made_to_forge_a_line)
{
	log_info("GET /\n2026-01-01T00:00:00.000Z error master: \033[31mhacked\r");
	read_line();
	cr_assert_eq(strchr(line, '\n'), line + strlen(line) - 1);
	cr_assert_null(strchr(line, '\033'));
	cr_assert_null(strchr(line, '\r'));
}

Test(log, cuts_what_is_too_long_and_ends_the_line)
{
	char text[8000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	read_line();
	cr_assert_leq(strlen(line), 4096);
	cr_assert_str_eq(line + strlen(line) - 4, "...\n");
}

Test(log, leaves_out_what_is_less_important_than_the_limit)
{
	log_debug("not this");
	log_limit(LOG_ERROR);
	log_warn("nor this");
	log_error("but this");
	cr_assert_not_null(strstr(read_line(), "but this"));
}

Test(log, leaves_errno_alone)
{
	errno = EXDEV;
	log_error("x");
	cr_assert_eq(errno, EXDEV);
}
