/* SPDX-License-Identifier: MIT */
/* redis_ear.c - net/redis_ear.c: messages from such a Redis. */
#include <criterion/criterion.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "redis_rig.h"

REDIS_SUITE(redis_ear);

static void hear(struct redis_subscription *s, const void *data, size_t len)
{
	rig_enter();
	rig_tell("%s=%.*s", s->channel, data ? (int)len : 3, data ? (const char *)data : "gap");
	rig_leave();
}

static struct redis_subscription one = { .channel = "c", .hear = hear };
static struct redis_subscription two = { .channel = "d", .hear = hear };

/* Connections come in no order: the one that says SUBSCRIBE when it is up is for messages. */
static void greet_both(int *calls, int *messages)
{
	*calls = fake_greets();
	*messages = fake_greets();
}

static void subscribe_one(int *calls, int *messages)
{
	cr_assert_eq(redis_subscribe(fake.redis, &one), 0);
	greet_both(calls, messages);
	fake_hears(*messages, SUBSCRIBE("c"));
	fake_says(*messages, SUBSCRIBED("c"));
}

Test(redis_ear, nothing_is_asked_before_a_subscription_is_confirmed)
{
	int calls, messages;

	cr_assert_eq(redis_subscribe(fake.redis, &one), 0);
	cr_assert_eq(ask_get("a"), 0);
	greet_both(&calls, &messages);
	fake_hears(messages, SUBSCRIBE("c"));
	cr_assert_not(fake.up);
	struct pollfd p = { .fd = calls, .events = POLLIN };
	rig_turns(5);
	cr_assert_eq(poll(&p, 1, 0), 0, "it was asked");
	fake_says(messages, SUBSCRIBED("c"));
	cr_assert(fake.up);
	fake_hears(calls, GET("a"));
	fake_says(messages, MESSAGE("c", "hi") MESSAGE("c", "ho"));
	rig_told("c=hi c=ho");
	close(calls);
	close(messages);
}

Test(redis_ear, it_subscribes_again_and_tells_of_the_gap)
{
	int calls, messages;

	subscribe_one(&calls, &messages);
	cr_assert_eq(redis_subscribe(fake.redis, &two), 0);
	fake_hears(messages, SUBSCRIBE("d"));
	fake_says(messages, SUBSCRIBED("d"));
	close(messages);
	await_story();
	rig_told("d=gap c=gap");
	cr_assert_not(fake.up);
	messages = fake_greets();
	fake_hears(messages, SUBSCRIBE("d") SUBSCRIBE("c"));
	fake_says(messages, SUBSCRIBED("d") SUBSCRIBED("c") MESSAGE("d", "hi"));
	cr_assert(fake.up);
	rig_told("d=hi");
	close(calls);
	close(messages);
}

Test(redis_ear, a_channel_may_be_heard_by_several)
{
	static struct redis_subscription third = { .channel = "c", .hear = hear };
	int calls, messages;

	cr_assert_eq(redis_subscribe(fake.redis, &one), 0);
	cr_assert_eq(redis_subscribe(fake.redis, &two), 0);
	cr_assert_eq(redis_subscribe(fake.redis, &third), 0);
	greet_both(&calls, &messages);
	fake_hears(messages, SUBSCRIBE("c") SUBSCRIBE("d") SUBSCRIBE("c"));
	fake_says(messages, SUBSCRIBED("c") SUBSCRIBED("d"));
	cr_assert_not(fake.up);
	fake_says(messages, SUBSCRIBED("c") MESSAGE("c", "hi"));
	cr_assert(fake.up);
	rig_told("c=hi c=hi");
	close(calls);
	close(messages);
}

Test(redis_ear, one_that_falls_silent_is_asked_and_given_up)
{
	open_redis(0.2);
	int calls, messages;

	subscribe_one(&calls, &messages);
	fake_hears(messages, PING);
	fake_says(messages, "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
	rig_told("");
	fake_hears(messages, PING);
	await_story();
	rig_told("c=gap");
	fake_hears_end(messages);
	close(calls);
}

/* As an ACL may have it. */
Test(redis_ear, one_that_may_not_subscribe_comes_back_less_and_less_often)
{
	int calls, messages;

	cr_assert_eq(redis_subscribe(fake.redis, &one), 0);
	greet_both(&calls, &messages);
	for (int i = 0; i < 6; i++) {
		fake_hears(messages, SUBSCRIBE("c"));
		fake_says(messages, "-NOPERM no\r\n");
		fake_hears_end(messages);
		double before = clock_seconds();
		messages = fake_greets();
		cr_assert(i < 5 || clock_seconds() - before > 0.9, "it is back after %g s", clock_seconds() - before);
	}
	close(calls);
	close(messages);
}

Test(redis_ear, nonsense_among_messages_ends_the_connection)
{
	static const char *const nonsense[] = {
		"+OK\r\n", ":1\r\n", "*0\r\n", "*3\r\n:1\r\n:2\r\n:3\r\n", "*3\r\n$-1\r\n$-1\r\n$-1\r\n",
		"*1\r\n$7\r\nmessage\r\n", MESSAGE("x", "no"), SUBSCRIBED("c"), "-NOPERM no\r\n",
		"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n:1\r\n",
	};
	int calls, messages;

	cr_assert_eq(redis_subscribe(fake.redis, &one), 0);
	greet_both(&calls, &messages);
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(*nonsense); i++) {
		fake_hears(messages, SUBSCRIBE("c"));
		fake_says(messages, SUBSCRIBED("c"));
		fake_says(messages, nonsense[i]);
		await_story();
		rig_told("c=gap");
		fake_hears_end(messages);
		messages = fake_greets();
	}
	close(calls);
	close(messages);
}
