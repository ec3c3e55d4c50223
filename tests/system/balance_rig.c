/* SPDX-License-Identifier: MIT */
/* balance_rig.c - what the tests of balance have in common. */
#include "balance_rig.h"

#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "operate.h"

const struct census_of web = { .how = CENSUS_HTTP, .port = 8080, .addresses = ADDRESSES };
const struct census_of lines = { .how = CENSUS_TCP, .port = 7000, .addresses = ADDRESSES };
const struct census_of flows = { .how = CENSUS_UDP, .port = 7001 };

const char *balance_says(const char *service, const char *key)
{
	static char text[256];
	json_t *status = status_read(), *s;
	size_t i;

	text[0] = '\0';
	json_array_foreach(json_object_get(status, "services"), i, s)
		if (strcmp(json_string_value(json_object_get(s, "name")), service) == 0)
			snprintf(text, sizeof(text), "%s", json_string_value(
				json_object_get(json_object_get(s, "balance"), key)));
	json_decref(status);
	return text;
}

void balance_runs(const char *service, const char *asked, const char *what, const char *why)
{
	cr_assert_str_eq(balance_says(service, "asked"), asked);
	cr_assert_str_eq(balance_says(service, "runs"), what);
	cr_assert_str_eq(balance_says(service, "why"), why);
}

/* ---- addresses ---- */

void addresses_know(const struct census_of *of, unsigned *slots)
{
	for (unsigned i = 0; i < of->addresses; i++)
		slots[i] = census_ask(of, i);
}

static unsigned count_moved(const struct census_of *of, const unsigned *slots)
{
	unsigned moved = 0;

	for (unsigned i = 0; i < of->addresses; i++)
		moved += census_ask(of, i) != slots[i];
	return moved;
}

void addresses_stay(const struct census_of *of, const unsigned *slots, const char *over)
{
	unsigned moved = count_moved(of, slots);
	cr_assert_eq(moved, 0, "over %s %u of %u addresses moved", over, moved, of->addresses);
}
