/* SPDX-License-Identifier: MIT */
#include "greeting.h"

#include <stdio.h>

#include "client.h"
#include "harness.h"

void assert_greeting(const char *greeting, int times)
{
	char expected[64];

	snprintf(expected, sizeof(expected), "%s\n", greeting);
	for (int i = 0; i < times; i++)
		cr_assert_str_eq(http_get(8080, "/"), expected);
}
