/* SPDX-License-Identifier: MIT */
/*
 * tcp.c - examples/echo.c and examples/counter.c under the test kit.
 */
#include <criterion/criterion.h>
#include <portico/test.h>
#include <string.h>

#include "rig.h"

TestSuite(kit_tcp, .timeout = 60);

Test(kit_tcp, echo_sends_back_what_comes)
{
	struct portico_test *t = portico_test_new(.file = example("echo"),
		.protocol = PORTICO_TEST_TCP);
	struct portico_test_client *c = portico_test_connect(t, NULL);
	size_t len;

	portico_test_say(c, "one");
	cr_assert_str_eq(portico_test_received(c, NULL), "one");
	portico_test_send(c, "a\0b", 3);
	cr_assert_eq(memcmp(portico_test_received(c, &len), "a\0b", 3), 0);
	cr_assert_eq(len, 3);
	cr_assert_str_eq(portico_test_received(c, NULL), "");
	cr_assert_eq(portico_test_state(c), PORTICO_TEST_OPEN);
	portico_test_finish(c);
	cr_assert_eq(portico_test_state(c), PORTICO_TEST_ENDED);
	portico_test_end(t);
}

static char block[1024 * 1024];

Test(kit_tcp, echo_loses_nothing_to_a_peer_that_does_not_read)
{
	struct portico_test *t = portico_test_new(.file = example("echo"),
		.protocol = PORTICO_TEST_TCP, .service = "high_water = 64k\n");
	struct portico_test_client *c = portico_test_connect(t, NULL);
	size_t len;

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)('a' + i % 23);
	portico_test_stop_reading(c);
	portico_test_send(c, block, sizeof(block));
	portico_test_finish(c);
	portico_test_received(c, &len);
	cr_assert_eq(len, 0);
	portico_test_read_on(c);
	const char *got = portico_test_received(c, &len);
	cr_assert_eq(len, sizeof(block));
	cr_assert_eq(memcmp(got, block, len), 0);
	cr_assert_eq(portico_test_state(c), PORTICO_TEST_ENDED);
	portico_test_end(t);
}

Test(kit_tcp, echo_is_cut_when_its_peer_reads_nothing_for_too_long)
{
	struct portico_test *t = portico_test_new(.file = example("echo"),
		.protocol = PORTICO_TEST_TCP, .service = "idle = 10s\n");
	struct portico_test_client *c = portico_test_connect(t, NULL);

	portico_test_stop_reading(c);
	portico_test_send(c, block, sizeof(block));
	portico_test_advance(t, 9.9);
	cr_assert_eq(portico_test_state(c), PORTICO_TEST_OPEN);
	portico_test_advance(t, 30.);
	cr_assert_eq(portico_test_state(c), PORTICO_TEST_CUT);
	portico_test_end(t);
}

Test(kit_tcp, counter_numbers_lines_and_says_goodbye)
{
	struct portico_test *t = portico_test_new(.file = example("counter"),
		.protocol = PORTICO_TEST_TCP);
	struct portico_test_client *a = portico_test_connect(t, NULL);
	struct portico_test_client *b = portico_test_connect(t, NULL);

	portico_test_say(a, "x\ny\nrest");
	portico_test_say(b, "z\n");
	cr_assert_str_eq(portico_test_received(a, NULL), "1 x\n2 y\n");
	cr_assert_str_eq(portico_test_received(b, NULL), "1 z\n", "each has a state of its own");
	portico_test_say(a, "!\n");
	cr_assert_str_eq(portico_test_received(a, NULL), "3 rest!\n");
	portico_test_finish(a);
	cr_assert_str_eq(portico_test_received(a, NULL), "3 lines\n");
	cr_assert_eq(portico_test_state(a), PORTICO_TEST_ENDED);
	portico_test_leave(b);
	portico_test_end(t);
}

Test(kit_tcp, counter_counts_the_same_however_its_input_is_cut)
{
	static const char lines[] = "first\n\nthird, which is longer\nno end";

	portico_test_every_cut(lines, sizeof(lines) - 1, .file = example("counter"),
		.protocol = PORTICO_TEST_TCP);
}

Test(kit_tcp, a_client_after_the_drain_is_refused)
{
	struct portico_test *t = portico_test_new(.file = example("echo"),
		.protocol = PORTICO_TEST_TCP);
	struct portico_test_client *c = portico_test_connect(t, NULL);

	portico_test_drain(t);
	portico_test_say(c, "still here");
	cr_assert_str_eq(portico_test_received(c, NULL), "still here");
	cr_assert_eq(portico_test_state(portico_test_connect(t, NULL)), PORTICO_TEST_CUT);
	portico_test_drain_is_over(t);
	cr_assert_eq(portico_test_state(c), PORTICO_TEST_CUT);
	portico_test_end(t);
}
