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
