/* SPDX-License-Identifier: MIT */
/*
 * facts.c - what a master said of itself.
 */
#include "master/facts.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

const char *facts_text(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));
	return text ? text : "-";
}

double facts_number(const json_t *o, const char *key)
{
	const json_t *number = json_object_get(o, key);
	return json_is_number(number) ? json_number_value(number) : NAN;
}

const char *facts_whole(const json_t *o, const char *key, char out[FACTS_WHOLE])
{
	const json_t *number = json_object_get(o, key);

	if (json_is_integer(number))
		snprintf(out, FACTS_WHOLE, "%lld", (long long)json_integer_value(number));
	else
		snprintf(out, FACTS_WHOLE, "-");
	return out;
}

const char *facts_count(const json_t *o, const char *key, const char *one, const char *many,
	char *out, size_t room)
{
	double count = facts_number(o, key);
	char text[UNITS_TEXT];

	snprintf(out, room, "%s %s", units_count(count, text), count == 1. ? one : many);
	return out;
}

const char *facts_list(const json_t *array, char *out, size_t room)
{
	size_t i, len = 0;
	json_t *one;

	snprintf(out, room, "-");
	json_array_foreach(array, i, one) {
		const char *text = json_string_value(one);
		int n = snprintf(out + len, room - len, "%s%s", i ? ", " : "", text ? text : "-");
		if (n < 0 || (size_t)n >= room - len)
			break;
		len += (size_t)n;
	}
	return out;
}

/* ---- strings that are safe on a terminal ---- */

/* C0, DEL, and C1 as UTF-8 has it: ECMA-48. */
static bool is_control(const unsigned char *c)
{
	return c[0] < 0x20 || c[0] == 0x7f || (c[0] == 0xc2 && c[1] < 0xa0);
}

static void clean_string(json_t *string)
{
	char *copy = strdup(json_string_value(string));
	bool dirty = false;

	for (char *c = copy; c && *c; c++) {
		if (!is_control((unsigned char *)c))
			continue;
		dirty = true;
		if ((unsigned char)*c == 0xc2)
			*c++ = '?';
		*c = '?';
	}
	/* Without memory for a copy nothing of it is shown. */
	if (dirty || !copy)
		json_string_set(string, copy ? copy : "");
	free(copy);
}

static void clean(json_t *any)
{
	const char *key;
	size_t i;
	json_t *one;

	if (json_is_string(any))
		clean_string(any);
	json_array_foreach(any, i, one)
		clean(one);
	json_object_foreach(any, key, one)
		clean(one);
}

/* ---- what an older master does not tell ---- */

static void add_slots(json_t *status, const json_t *generation, json_t *slots)
{
	size_t i;
	json_t *w;

	json_array_foreach(json_object_get(generation, "workers"), i, w)
		json_array_append_new(slots, json_pack("{s:O, s:O, s:O, s:O}",
			"slot", json_object_get(w, "slot"),
			"pid", json_object_get(w, "pid"),
			"generation", json_object_get(status, "generation"),
			"state", json_object_get(w, "state")));
}

static json_t *slots_of(json_t *status)
{
	json_t *slots = json_array(), *g;
	size_t i;

	json_array_foreach(json_object_get(status, "generations"), i, g)
		if (json_equal(json_object_get(g, "number"), json_object_get(status, "generation")))
			add_slots(status, g, slots);
	return slots;
}

static json_t *verdict_of(const json_t *status)
{
	char workers[UNITS_TEXT + 16], generation[UNITS_TEXT];

	return json_sprintf("%s, generation %s",
		facts_count(status, "workers", "worker", "workers", workers, sizeof(workers)),
		units_count(facts_number(status, "generation"), generation));
}

void facts_prepare(json_t *status)
{
	clean(status);
	if (!json_is_object(status))
		return;
	if (!json_is_string(json_object_get(status, "verdict")))
		json_object_set_new(status, "verdict", verdict_of(status));
	if (!json_is_array(json_object_get(status, "slots")))
		json_object_set_new(status, "slots", slots_of(status));
}
