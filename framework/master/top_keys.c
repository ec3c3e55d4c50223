/* SPDX-License-Identifier: MIT */
/*
 * top_keys.c - what the keys of top do.
 *
 * Whatever changes something asks first, and only "y" is a yes: a key that was meant for another
 * window must not reload a server.
 */
#include "master/top_keys.h"

#include <ncurses.h>
#include <stdio.h>
#include <string.h>

#include "master/facts.h"
#include "master/top_view.h"

/* ---- operations ---- */

static void tell(struct top_view *v, bool bad, const char *sentence)
{
	v->said_bad = bad;
	snprintf(v->said, sizeof(v->said), "%s", sentence);
}

static void propose(struct top_view *v, const char *operation, json_t *request)
{
	if (v->errand.pid) {
		char busy[TOP_SENTENCE];
		snprintf(busy, sizeof(busy), "first this has to end: %s", v->operation);
		tell(v, true, busy);
		json_decref(request);
		return;
	}
	v->proposal = request;
	snprintf(v->operation, sizeof(v->operation), "%s", operation);
}

static void propose_for_slot(struct top_view *v, const char *verb, const char *name)
{
	const json_t *slot = top_view_slot(v);
	char operation[sizeof(v->operation)], number[FACTS_WHOLE];

	if (!json_is_integer(json_object_get(slot, "slot")))
		return;
	snprintf(operation, sizeof(operation), "%s slot %s", name, facts_whole(slot, "slot", number));
	propose(v, operation, json_pack("{s:s, s:O}", "do", verb, "slot", json_object_get(slot, "slot")));
}

static void drain(struct top_view *v)
{
	bool drained = strcmp(facts_text(top_view_slot(v), "state"), "drained") == 0;

	propose_for_slot(v, drained ? "undrain" : "drain", drained ? "undrain" : "drain");
}

static void retire(struct top_view *v)
{
	propose_for_slot(v, "retire", "replace the worker of");
}

static void reload(struct top_view *v)
{
	propose(v, "reload", json_pack("{s:s}", "do", "reload"));
}

static bool has_canary(struct top_view *v)
{
	if (json_is_object(json_object_get(v->status, "canary")))
		return true;
	tell(v, true, "there is no canary");
	return false;
}

static void promote(struct top_view *v)
{
	if (has_canary(v))
		propose(v, "promote the canary", json_pack("{s:s}", "do", "promote"));
}

static void roll_back(struct top_view *v)
{
	if (has_canary(v))
		propose(v, "roll the canary back", json_pack("{s:s}", "do", "rollback"));
}

static void decide(struct top_view *v, bool yes)
{
	json_t *request = v->proposal;

	v->proposal = NULL;
	if (!yes) {
		json_decref(request);
		tell(v, false, "nothing was done");
	} else if (top_ask_begin(&v->errand, v->file, request) < 0) {
		tell(v, true, "no process could be made to ask the server");
	}
}

/* ---- the rest ---- */

static void up(struct top_view *v)
{
	if (v->selected > 0)
		v->selected--;
}

static void down(struct top_view *v)
{
	if (v->selected + 1 < top_view_slots(v))
		v->selected++;
}

static void help(struct top_view *v)
{
	v->help = true;
}

static void refresh_now(struct top_view *v)
{
	v->wants_status = true;
}

static void quit(struct top_view *v)
{
	v->ended = true;
}

struct key {
	int    key;
	void (*press)(struct top_view *v);
};

static const struct key keys[] = {
	{ KEY_UP, up }, { 'k', up }, { KEY_DOWN, down }, { 'j', down },
	{ 'd', drain }, { 'x', retire }, { 'r', reload }, { 'p', promote }, { 'b', roll_back },
	{ '?', help }, { 'h', help }, { ' ', refresh_now }, { 'q', quit },
};

void top_keys_press(struct top_view *v, int key)
{
	v->said[0] = '\0';
	if (v->help) {
		v->help = false;
		return;
	}
	if (v->proposal) {
		decide(v, key == 'y' || key == 'Y');
		return;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (keys[i].key == key)
			keys[i].press(v);
}
