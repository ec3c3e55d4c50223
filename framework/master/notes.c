/* SPDX-License-Identifier: MIT */
/*
 * notes.c - what an operator should know beside the figures.
 */
#include "master/notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "master/facts.h"

enum { SENTENCE = 512 };

struct notes {
	notes_fn *tell;
	void     *arg;
};

static void __attribute__((format(printf, 3, 4)))
say(const struct notes *to, bool warns, const char *fmt, ...)
{
	char sentence[SENTENCE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	to->tell(to->arg, warns, sentence);
}

static bool has_text(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));
	return text && *text;
}

static void tell_operation(const json_t *status, const struct notes *to)
{
	const json_t *operation = json_object_get(status, "operation");

	if (json_is_string(operation))
		say(to, false, "under way: %s", json_string_value(operation));
	if (json_is_true(json_object_get(status, "retiring")))
		say(to, false, "under way: slots are retiring");
}

static void tell_canary(const json_t *status, const struct notes *to)
{
	const json_t *canary = json_object_get(status, "canary");
	char number[FACTS_WHOLE], share[UNITS_TEXT], since[UNITS_TEXT], until[UNITS_TEXT];
	char workers[UNITS_TEXT + 16];

	if (!json_is_object(canary))
		return;
	say(to, false, "canary: generation %s has %s %% of the new clients on %s, for %s of %s",
		facts_whole(canary, "generation", number),
		units_percent(facts_number(canary, "share"), share),
		facts_count(canary, "workers", "worker", "workers", workers, sizeof(workers)),
		units_seconds(facts_number(canary, "since"), since),
		units_seconds(facts_number(canary, "until"), until));
}

static void tell_slot(const json_t *slot, const struct notes *to)
{
	const char *state = facts_text(slot, "state");
	char number[FACTS_WHOLE];

	if (strcmp(state, "resting") == 0) {
		say(to, true, "slot %s is resting: no descriptor or memory is left for a client",
			facts_whole(slot, "slot", number));
		return;
	}
	if (strcmp(state, "stalled") != 0 && strcmp(state, "down") != 0
		&& strcmp(state, "drained") != 0)
		return;
	say(to, strcmp(state, "drained") != 0, "slot %s is %s%s%s",
		facts_whole(slot, "slot", number), state,
		has_text(slot, "doing") ? ": " : "", has_text(slot, "doing") ? facts_text(slot, "doing") : "");
}

static void tell_offload(const json_t *slot, const struct notes *to)
{
	const json_t *o = json_object_get(slot, "offload");
	char number[FACTS_WHOLE], busy[FACTS_WHOLE], queued[FACTS_WHOLE], left[FACTS_WHOLE];

	if (facts_number(o, "queued") > 0.)
		say(to, false, "slot %s: offloaded work waits for a thread: %s busy, %s queued",
			facts_whole(slot, "slot", number), facts_whole(o, "busy", busy),
			facts_whole(o, "queued", queued));
	if (facts_number(o, "left_behind") > 0.)
		say(to, false, "slot %s: offloaded work that had not returned when its worker ended: %s",
			facts_whole(slot, "slot", number), facts_whole(o, "left_behind", left));
}

static void tell_table(const json_t *service, const struct notes *to)
{
	const json_t *t = json_object_get(service, "table");
	char refused[UNITS_TEXT + 16], entries[UNITS_TEXT + 16];

	if (facts_number(t, "refused") > 0.)
		say(to, true, "the table of service %s had no room: %s refused; it has %s now",
			facts_text(service, "name"),
			facts_count(t, "refused", "value was", "values were", refused, sizeof(refused)),
			facts_count(t, "entries", "entry", "entries", entries, sizeof(entries)));
}

static void tell_stranger(const json_t *stranger, const struct notes *to)
{
	char pid[FACTS_WHOLE], uid[FACTS_WHOLE];

	say(to, true, "stranger on %s/%s: %s, pid %s, uid %s, since %s",
		facts_text(stranger, "address"), facts_text(stranger, "type"),
		facts_text(stranger, "program"), facts_whole(stranger, "pid", pid),
		facts_whole(stranger, "uid", uid), facts_text(stranger, "since"));
}

static void tell_generation(const json_t *g, const struct notes *to)
{
	size_t left = json_array_size(json_object_get(g, "workers"));
	char number[FACTS_WHOLE], age[UNITS_TEXT];

	if (strcmp(facts_text(g, "state"), "serving") == 0)
		return;
	say(to, false, "generation %s is %s: %zu worker%s, %s old",
		facts_whole(g, "number", number), facts_text(g, "state"), left,
		left == 1 ? "" : "s", units_seconds(facts_number(g, "age"), age));
}

static void each(const json_t *array, void (*one)(const json_t *, const struct notes *),
	const struct notes *to)
{
	size_t i;
	json_t *item;

	json_array_foreach(array, i, item)
		one(item, to);
}

static void tell_lack(const json_t *lack, const struct notes *to)
{
	const char *text = json_string_value(lack);

	say(to, false, "the kernel lacks %s", text ? text : "-");
}

void notes_tell(const json_t *status, notes_fn *tell, void *arg)
{
	const struct notes to = { .tell = tell, .arg = arg };

	tell_operation(status, &to);
	tell_canary(status, &to);
	each(json_object_get(status, "strangers"), tell_stranger, &to);
	each(json_object_get(status, "slots"), tell_slot, &to);
	each(json_object_get(status, "slots"), tell_offload, &to);
	each(json_object_get(status, "services"), tell_table, &to);
	each(json_object_get(status, "generations"), tell_generation, &to);
	each(json_object_get(status, "lacks"), tell_lack, &to);
}
