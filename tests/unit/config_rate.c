/* SPDX-License-Identifier: MIT */
/* config_rate.c - the keys rate... of a service: what they mean and what is wrong with them. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "config_rig.h"

CONFIG_SUITE(config_rate);

static const struct config_service *sound(const char *text)
{
	load(text);
	cr_assert_not_null(config, "%s", told);
	return &config->services[0];
}

Test(config_rate, there_is_none_unless_it_is_said)
{
	cr_assert_not(config_has_rate(sound(TCP HANDLER)));
	cr_assert_not(config_has_rate(sound(TCP "rate = off\nrate_client = off\n" HANDLER)));
}

Test(config_rate, its_number_is_its_burst_unless_it_has_one)
{
	const struct config_service *s = sound(HTTP "rate = 100/s\nrate_client = 30/m\nrate_client_burst = 5\n"
		HANDLER);

	cr_assert(config_has_rate(s));
	cr_assert_eq(s->rate_each, CLOCK_SECOND / 100);
	cr_assert_eq(s->rate_burst, 100);
	cr_assert_eq(s->rate_client_each, 2 * CLOCK_SECOND);
	cr_assert_eq(s->rate_client_burst, 5);
	cr_assert_str_eq(s->rate_client, "30/m");
	cr_assert_eq(s->rate_clients, 65536);
	cr_assert_eq(s->rate_action, CONFIG_RATE_REFUSE);
	cr_assert_eq(s->rate_prefix4, 32);
	cr_assert_eq(s->rate_prefix6, 64);
}

Test(config_rate, of_any_time_and_protocol)
{
	cr_assert_eq(sound(UDP "rate = 5/10s\n" HANDLER)->rate_each, 2 * CLOCK_SECOND);
	cr_assert_eq(sound(TCP "rate = 1/d\n" HANDLER)->rate_each, 86400 * CLOCK_SECOND);
	cr_assert_eq(sound(TCP "rate = 10000000/s\n" HANDLER)->rate_each, 100);
	cr_assert_eq(sound(TCP "rate = 2/250ms\nrate_action = report\n" HANDLER)->rate_each, 125000000);
}

Test(config_rate, a_client_may_be_a_network)
{
	const struct config_service *s = sound(TCP "rate_client = 1/s\nrate_clients = 1m\n"
		"rate_client_prefix = /24 , /48\n" HANDLER);

	cr_assert_eq(s->rate_prefix4, 24);
	cr_assert_eq(s->rate_prefix6, 48);
	cr_assert_eq(s->rate_clients, 1024 * 1024);
	s = sound(TCP "rate_client = 1/s\nrate_client_prefix = /16\n" HANDLER);
	cr_assert_eq(s->rate_prefix4, 16);
	cr_assert_eq(s->rate_prefix6, 64);
}

#define FORM "not a rate; write 100/s, 30/m, 5/10s, or off for no limit\n"

Test(config_rate, what_is_no_rate_is_told)
{
	expect_told(TCP "rate = 0/s\nrate_client = 10/fortnight\n" HANDLER,
		"a.ini:4: rate = 0/s: nobody would ever be served; write more, or off for no limit\n"
		"a.ini:5: rate_client = 10/fortnight: " FORM);
	expect_told(TCP "rate = 10\nrate_client = /s\n" HANDLER,
		"a.ini:4: rate = 10: " FORM "a.ini:5: rate_client = /s: " FORM);
	expect_told(TCP "rate = -1/s\nrate_client = 10/\n" HANDLER,
		"a.ini:4: rate = -1/s: " FORM "a.ini:5: rate_client = 10/: " FORM);
	expect_told(TCP "rate = 10/0\nrate_client = 1.5/s\n" HANDLER,
		"a.ini:4: rate = 10/0: " FORM "a.ini:5: rate_client = 1.5/s: " FORM);
	expect_told(TCP "rate = 99999999999999999999/s\nrate_client = 10/s/s\n" HANDLER,
		"a.ini:4: rate = 99999999999999999999/s: " FORM "a.ini:5: rate_client = 10/s/s: " FORM);
	expect_told(TCP "rate = 10000001/s\nrate_client = 1/367d\n" HANDLER,
		"a.ini:4: rate = 10000001/s: more than 10000000 a second; write less, or off for no limit\n"
		"a.ini:5: rate_client = 1/367d: less than one a year; write more, or off for no limit\n");
}

Test(config_rate, a_burst_lets_one_through_and_comes_back_in_time)
{
	expect_told(TCP "rate = 1/s\nrate_burst = 0\nrate_client = 1/s\nrate_client_burst = -1\n" HANDLER,
		"a.ini:5: rate_burst = 0: out of range; write 1 to 1000000000\n"
		"a.ini:7: rate_client_burst = -1: out of range; write 1 to 1000000000\n");
	expect_told(TCP "rate = 1/d\nrate_burst = 1000000000\n" HANDLER,
		"a.ini:5: rate_burst = 1000000000: it would take more than a year until all of a burst has come "
		"back; write less\n");
}

Test(config_rate, what_is_no_prefix_is_told)
{
#define PREFIX "not a prefix; write /1 to /32 for IPv4, and for IPv6 behind a comma /1 to /128: /32,/64\n"
	static const char *const wrong[] = { "24", "/0", "/33", "/24,", "/24,/129", "/24,/64,/1", "/ 24",
		"/24x", "/-1", "/99999999999999999999" };
	char text[256], wanted[256];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		snprintf(text, sizeof(text), TCP "rate_client = 1/s\nrate_client_prefix = %s\n" HANDLER,
			wrong[i]);
		snprintf(wanted, sizeof(wanted), "a.ini:5: rate_client_prefix = %s: " PREFIX, wrong[i]);
		expect_told(text, wanted);
	}
}

Test(config_rate, what_would_do_nothing_is_told)
{
	expect_told(TCP "rate_burst = 3\nrate_client_burst = 3\nrate_clients = 1k\nrate_action = report\n"
		"rate_client_prefix = /24\nrate_over = machine\n" HANDLER,
		"a.ini:4: rate_burst does nothing without rate; add rate, or delete it\n"
		"a.ini:5: rate_client_burst does nothing without rate_client; add rate_client, or delete it\n"
		"a.ini:8: rate_client_prefix does nothing without rate_client; add rate_client, or delete it\n"
		"a.ini:6: rate_clients does nothing without rate_client; add rate_client, or delete it\n"
		"a.ini:7: rate_action does nothing without rate or rate_client; add rate or rate_client, or delete it\n"
		"a.ini:9: rate_over does nothing without rate or rate_client; add rate or rate_client, or delete it\n");
	expect_told(TCP "rate = 1/s\nrate_clients = 1\n" HANDLER,
		"a.ini:5: rate_clients = 1: out of range; write 256 to 16m\n"
		"a.ini:5: rate_clients does nothing without rate_client; add rate_client, or delete it\n");
}

Test(config_rate, machines_count_together_by_a_redis_that_is_somewhere)
{
	const struct config_service *s = sound("[portico]\nredis = localhost:6379\n"
		TCP "rate = 1/s\nrate_over = redis\n" HANDLER);

	cr_assert_eq(s->rate_over, CONFIG_RATE_REDIS);
	cr_assert(config_is_over_redis(s));
	s = sound("[portico]\nredis = localhost:6379\n" TCP "rate = off\nrate_over = redis\n" HANDLER);
	cr_assert_not(config_is_over_redis(s), "there is nothing to count");
	cr_assert_not(config_is_over_redis(sound(TCP "rate = 1/s\n" HANDLER)));
	expect_told(TCP "rate = 1/s\nrate_over = redis\n" HANDLER,
		"a.ini:5: rate_over = redis: nobody says where it is; add redis = ADDRESS:PORT to [portico]\n");
	expect_told(TCP "rate = 1/s\nrate_over = world\n" HANDLER,
		"a.ini:5: rate_over = world: not known; write machine or redis\n");
}
