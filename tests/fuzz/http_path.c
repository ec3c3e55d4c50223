/* SPDX-License-Identifier: MIT */
/*
 * http_path.c - fuzzes http_path_normalise().
 *
 * Holds: the result begins at the root, has no dot segment and no NUL, is not
 * longer than what came in and the same in place; encoding every byte of the
 * input changes nothing but what encoding hides from the first decoding.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "must.h"
#include "proto/http_path.h"

static void must_have_no_dots(const char *path)
{
	size_t len = strlen(path);

	MUST(strstr(path, "/./") == NULL && strstr(path, "/../") == NULL);
	MUST(len < 2 || strcmp(path + len - 2, "/.") != 0);
	MUST(len < 3 || strcmp(path + len - 3, "/..") != 0);
}

/* A normal path, with every byte behind the first '/' encoded, is itself. */
static void must_come_back(const char *path, size_t len)
{
	char *text = malloc(len * 3 + 1), *at = text;

	*at++ = '/';
	for (size_t i = 1; i < len; i++)
		at += sprintf(at, "%%%02x", (unsigned char)path[i]);
	MUST(http_path_normalise(text, text, (size_t)(at - text)) == (ssize_t)len);
	MUST(memcmp(text, path, len + 1) == 0);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *out = malloc(size + 1), *same = malloc(size + 1);
	ssize_t len = http_path_normalise(out, (const char *)input, size);

	memcpy(same, input, size);
	MUST(http_path_normalise(same, same, size) == len);
	if (len >= 0) {
		MUST(len >= 1 && (size_t)len <= size && out[0] == '/');
		MUST(strlen(out) == (size_t)len);
		MUST(memcmp(out, same, (size_t)len + 1) == 0);
		must_have_no_dots(out);
		must_come_back(out, (size_t)len);
	} else {
		MUST(size == 0 || input[0] != '/' || memchr(input, '%', size) ||
			memchr(input, '\0', size));
	}
	free(out);
	free(same);
	return 0;
}
