/* SPDX-License-Identifier: MIT */
/*
 * udp.c - examples/udp_echo.c, and a handler that speaks first, under the test kit.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <portico/test.h>
#include <string.h>

#include "rig.h"

TestSuite(kit_udp, .timeout = 60);

Test(kit_udp, echo_sends_each_datagram_back_to_who_sent_it)
{
	struct portico_test *t = portico_test_new(.file = example("udp_echo"),
		.protocol = PORTICO_TEST_UDP);
	struct portico_test_client *a = portico_test_connect(t, NULL);
	struct portico_test_client *b = portico_test_connect(t, "127.0.0.9");
	size_t len = 7;

	portico_test_say(a, "one");
	portico_test_say(a, "two");
	portico_test_send(b, "", 0);
	cr_assert_str_eq(portico_test_received(a, &len), "one");
	cr_assert_eq(len, 3);
	cr_assert_str_eq(portico_test_received(a, NULL), "two");
	cr_assert_null(portico_test_received(a, NULL));
	cr_assert_not_null(portico_test_received(b, &len));
	cr_assert_eq(len, 0);
	portico_test_end(t);
}

/* ---- one that tells its clients something every second, and at its end ---- */

static struct portico_peer last;
static char seen[INET_ADDRSTRLEN];

static void tick(void *service)
{
	if (last.len > 0)
		portico_send(service, &last, "tick", 4);
}

static int start(struct portico_service *s)
{
	return portico_timer_start(s, 1., 1., tick, s) ? 0 : -1;
}

static int packet(struct portico_dgram *d, const void *data, size_t len)
{
	(void)data;
	(void)len;
	portico_dgram_peer(d, &last);
	inet_ntop(AF_INET, &((struct sockaddr_in *)&last.addr)->sin_addr, seen, sizeof(seen));
	return 0;
}

static void drain(struct portico_service *s)
{
	portico_send(s, &last, "goodbye", 7);
}

static const struct portico_plugin ticker = PORTICO_TEST_PLUGIN(.name = "ticker", .start = start,
	.udp_packet = packet, .drain = drain);

Test(kit_udp, a_handler_may_speak_by_itself)
{
	struct portico_test *t = portico_test_new(.plugin = &ticker, .protocol = PORTICO_TEST_UDP);
	struct portico_test_client *c = portico_test_connect(t, "127.0.0.77");

	portico_test_say(c, "hello");
	cr_assert_str_eq(seen, "127.0.0.77");
	cr_assert_null(portico_test_received(c, NULL));
	portico_test_advance(t, 3.);
	for (int i = 0; i < 3; i++)
		cr_assert_str_eq(portico_test_received(c, NULL), "tick");
	cr_assert_null(portico_test_received(c, NULL));
	portico_test_drain(t);
	cr_assert_str_eq(portico_test_received(c, NULL), "goodbye");
	portico_test_end(t);
}
