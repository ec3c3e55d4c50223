/* SPDX-License-Identifier: MIT */
/* canary_rig.c - what the tests of canaries have in common. */
#include "canary_rig.h"

#include <string.h>

#include "harness.h"

/* ---- an operator ---- */

void canary_await(struct canary *c, struct server *s, const char *argument)
{
	size_t before = server_count(s, " of new clients for ");

	verb_begin(&c->reload, "reload", argument);
	server_await_count(s, " of new clients for ", before + 1);
}

void canary_ended_well(struct canary *c)
{
	struct outcome o;
	cr_assert_eq(verb_await(&c->reload, &o), 0, "%s%s", o.out, o.err);
}

void canary_rolled_back(struct canary *c, const char *why)
{
	struct outcome o;

	cr_assert_eq(verb_await(&c->reload, &o), 1, "%d: %s%s", o.code, o.out, o.err);
	cr_assert_not_null(strstr(o.err, "canary rolled back: "), "%s", o.err);
	cr_assert_not_null(strstr(o.err, why), "%s", o.err);
	cr_assert_not_null(strstr(o.err, "goes on"), "%s", o.err);
}

static bool is_at_rest(void *arg)
{
	json_t *status = status_read();
	bool rest = json_is_null(json_object_get(status, "canary"))
		&& json_array_size(json_object_get(status, "generations")) == 1
		&& json_is_false(json_object_get(status, "retiring"))
		&& json_array_size(json_object_get(status, "slots")) == *(size_t *)arg;

	json_decref(status);
	return rest;
}

void canary_await_rest(size_t slots, unsigned generation)
{
	cr_assert(wait_until(is_at_rest, &slots, PATIENCE), "something is left of the canary");
	cr_assert_eq(status_number("generation"), generation, "%lld", status_number("generation"));
	sockets_await("tcp", 8080, slots);
}

/* ---- clients that must not notice ---- */

void clients_come(struct clients *c, unsigned stay)
{
	load_start(&c->load, 8080, PER_SECOND);
	crowd_join(&crowd, 8080, stay);
}

void clients_ask(void)
{
	crowd_ask(&crowd);
	cr_assert_eq(crowd.cut, 0, "%u clients that stayed were cut", crowd.cut);
}

void clients_lost_nothing(struct clients *c, bool may_be_wrong)
{
	struct load_result *r = c->load.result;

	clients_ask();
	crowd_leave(&crowd, crowd.count);
	load_stop(&c->load);
	if (!may_be_wrong)
		load_lost_nothing(r);
	cr_assert_eq(r->refused + r->reset + r->timed_out + r->truncated + r->others, 0,
		"refused %u, reset %u, timed out %u, truncated %u, others %u", r->refused, r->reset,
		r->timed_out, r->truncated, r->others);
}
