/* SPDX-License-Identifier: MIT */
#include "rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

const char *example(const char *name)
{
	static char path[4096];
	const char *folder = getenv("PORTICO_EXAMPLES");

	cr_assert_not_null(folder, "PORTICO_EXAMPLES is not set");
	snprintf(path, sizeof(path), "%s/%s.so", folder, name);
	return path;
}

struct portico_test_client *rig_ask(struct portico_test *t)
{
	struct portico_test_client *c = portico_test_connect(t, NULL);

	portico_test_request(c, "GET", "/", NULL, NULL, 0);
	return c;
}
