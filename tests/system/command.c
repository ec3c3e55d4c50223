/* SPDX-License-Identifier: MIT */
/* command.c - other people's programs, run by the shell in the test's directory. */
#include "command.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "harness.h"

enum { LINE = 4096, OUTPUT = 1 << 20 };

static char output[OUTPUT];

/* The script goes to a file: it may hold quotes of any kind. */
static int run(const char *fmt, va_list args)
{
	char line[LINE];

	vwrite_file("command.sh", fmt, args);
	snprintf(line, sizeof(line), "cd %s && timeout -k 5 %d sh ./command.sh 2>&1", harness_dir(),
		COMMAND_SECONDS);
	FILE *f = popen(line, "re");
	cr_assert_not_null(f);
	size_t n = fread(output, 1, sizeof(output) - 1, f);
	output[n] = '\0';
	int status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

const char *command(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int code = run(fmt, args);
	va_end(args);
	cr_assert_eq(code, 0, "code %d of %s\n%s", code, read_file(path_of("command.sh")), output);
	return output;
}

int command_code(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int code = run(fmt, args);
	va_end(args);
	return code;
}

unsigned command_count(const char *said, const char *text)
{
	unsigned count = 0;

	for (const char *at = said; (at = strstr(at, text)); at += strlen(text))
		count++;
	return count;
}

void command_said(const char *said, const char *text)
{
	cr_assert_not_null(strstr(said, text), "no '%s' in:\n%s", text, said);
}
