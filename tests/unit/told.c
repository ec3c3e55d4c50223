/* SPDX-License-Identifier: MIT */
#include "told.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char dir[64];
char told[1 << 16];

void told_set_up(void)
{
	strcpy(dir, "/tmp/portico-told-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
}

void told_tear_down(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	cr_assert_eq(system(command), 0);
}

void hear(void *arg, const char *sentence)
{
	size_t len = strlen(told);
	const char *at;

	(void)arg;
	for (; (at = strstr(sentence, dir)) != NULL; sentence = at + strlen(dir) + 1) {
		memcpy(told + len, sentence, (size_t)(at - sentence));
		len += (size_t)(at - sentence);
		told[len] = '\0';
	}
	snprintf(told + len, sizeof(told) - len, "%s\n", sentence);
}

const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

void put_bytes(const char *name, const char *text, size_t len)
{
	FILE *file = fopen(path_of(name), "w");

	cr_assert_not_null(file);
	cr_assert_eq(fwrite(text, 1, len, file), len);
	fclose(file);
}

void put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}
