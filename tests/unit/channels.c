/* SPDX-License-Identifier: MIT */
/* channels.c - proto/channels.c: who comes from another worker hears each message once. */
#include "proto/channels.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "rig.h"

static struct bus *bus;
static struct channels before, here;     /* of the worker that it comes from, and of this one */
static struct portico_service other;

static void hear(struct portico_service *service, const char *channel, const void *data, size_t len)
{
	if (service == &rig.handler)
		rig_tell("here:%.*s", (int)len, (const char *)data);
	cr_assert_str_eq(channel, "room");
}

static void set_up(void)
{
	rig_up();
	bus = bus_create(BUS_LEAST);
	cr_assert_not_null(bus);
	other = rig.handler;
	channels_init(&before, bus, rig.loop);
	channels_init(&here, bus, rig.loop);
	other.channels = &before;
	rig.handler.channels = &here;
	cr_assert_eq(portico_subscribe(&other, "room", hear), 0);
	cr_assert_eq(portico_subscribe(&rig.handler, "room", hear), 0);
}

static void tear_down(void)
{
	channels_forget(&other);
	channels_forget(&rig.handler);
	channels_fini(&before);
	channels_fini(&here);
	bus_destroy(bus);
	rig_down();
}

TestSuite(channels, .init = set_up, .fini = tear_down, .timeout = 60);

static void say(const char *text)
{
	cr_assert_eq(bus_say(bus, "room", text, strlen(text)), 0);
}

static void tell(void *arg, const void *data, size_t len)
{
	cr_assert_eq(arg, &here);
	rig_tell("again:%.*s", (int)len, (const char *)data);
}

static int heard(void)
{
	return portico_import_heard(&rig.handler, "room", tell, &here);
}

Test(channels, what_was_heard_here_alone_is_heard_again)
{
	say("a");
	rig_turns(3);
	rig_told("here:a");
	struct channels_mark mark = channels_mark(&before);
	say("b");
	cr_assert_eq(bus_say(bus, "other", "x", 1), 0);
	say("c");
	rig_turns(3);
	rig.story[0] = '\0';
	channels_come(&here, &mark);
	cr_assert_eq(heard(), 0);
	channels_came(&here);
	rig_told("again:b again:c");
}

Test(channels, what_was_heard_there_alone_is_heard_here_first)
{
	struct channels_mark mark = channels_mark(&before);

	say("a");
	say("b");
	mark.place.number++;             /* there a was heard */
	channels_come(&here, &mark);
	rig_told("here:a");
	cr_assert_eq(heard(), 0);
	rig_told("");
	channels_came(&here);
	rig_turns(3);
	rig_told("here:b");
}

Test(channels, what_is_not_kept_any_more_is_an_error)
{
	struct channels_mark mark = channels_mark(&before);
	static const char much[BUS_DATA];

	for (int i = 0; i < 2 * BUS_LEAST / BUS_DATA; i++)
		cr_assert_eq(bus_say(bus, "other", much, sizeof(much)), 0);
	say("a");
	rig_turns(3);
	rig_told("here:a");
	channels_come(&here, &mark);
	cr_assert_eq(heard(), -1);
	cr_assert_eq(errno, ENODATA);
	channels_came(&here);
}

Test(channels, another_bus_is_an_error)
{
	struct channels_mark mark = channels_mark(&before);

	mark.bus++;
	say("a");
	channels_come(&here, &mark);
	cr_assert_eq(heard(), -1);
	cr_assert_eq(errno, ENODATA);
	channels_came(&here);
	rig_told("");
}

Test(channels, it_is_asked_for_when_a_connection_comes_only)
{
	cr_assert_eq(heard(), -1);
	cr_assert_eq(errno, EPERM);
	rig.handler.channels = NULL;
	cr_assert_eq(heard(), -1);
	cr_assert_eq(errno, EOPNOTSUPP);
}
