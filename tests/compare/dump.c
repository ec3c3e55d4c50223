/* SPDX-License-Identifier: MIT */
/* dump.c - the table of cases as JSON, a case a line, for compare.mjs. */
#include <stdio.h>

#include "cases/http_cases.h"

static void put_text(const char *key, const char *text)
{
	printf("\"%s\":\"", key);
	for (; *text; text++)
		printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	printf("\",");
}

int main(void)
{
	for (size_t i = 0; i < HTTP_CASES; i++) {
		const struct http_case *c = &http_cases[i];

		printf("{");
		put_text("name", c->name);
		put_text("rfc", c->rfc);
		put_text("answers", c->answers);
		printf("\"hex\":\"");
		for (size_t at = 0; at < c->len; at++)
			printf("%02x", (unsigned char)c->bytes[at]);
		printf("\"}\n");
	}
	return 0;
}
