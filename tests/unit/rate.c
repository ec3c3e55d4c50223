/* SPDX-License-Identifier: MIT */
/*
 * rate.c - proto/rate.h: who is one client, who may, and what each protocol says to those who may not.
 */
#include "proto/rate.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "conn_rig.h"
#include "http_rig.h"
#include "rate_rig.h"
#include "sys/rates.h"

static const uint64_t now = 1000000 * CLOCK_SECOND;

TestSuite(rate, .fini = rate_down, .timeout = 60);

static struct addr addr_of(const char *ip)
{
	struct addr a = { .in = { .sin_family = AF_INET, .sin_port = htons(7) } };

	if (inet_pton(AF_INET, ip, &a.in.sin_addr) == 1)
		return a;
	a = (struct addr){ .in6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) } };
	cr_assert_eq(inet_pton(AF_INET6, ip, &a.in6.sin6_addr), 1);
	return a;
}

static uint64_t client_of(const char *ip)
{
	struct addr a = addr_of(ip);
	return rate_client(&rate, &a);
}

static bool may(const char *ip)
{
	struct addr a = addr_of(ip);
	return rate_allows(&rate, rate_client(&rate, &a), &a, now, NULL);
}

/* ---- who is one ---- */

Test(rate, an_address_is_a_client_or_a_network_of_ipv6)
{
	rate_up(1, 0);
	cr_assert_neq(client_of("192.0.2.1"), client_of("192.0.2.2"));
	cr_assert_eq(client_of("192.0.2.1"), client_of("::ffff:192.0.2.1"));
	cr_assert_eq(client_of("2001:db8::1"), client_of("2001:db8::ffff:1"));
	cr_assert_neq(client_of("2001:db8::1"), client_of("2001:db8:0:1::1"));
	cr_assert_neq(client_of("::1"), client_of("192.0.2.1"));
}

Test(rate, as_many_bits_count_as_are_said)
{
	rate_up(1, 0);
	rate.prefix4 = 22;
	rate.prefix6 = 128;
	cr_assert_eq(client_of("10.1.0.1"), client_of("10.1.3.255"));
	cr_assert_neq(client_of("10.1.0.1"), client_of("10.1.4.1"));
	cr_assert_neq(client_of("2001:db8::1"), client_of("2001:db8::2"));
	rate.prefix6 = 1;
	cr_assert_eq(client_of("2001:db8::1"), client_of("7fff::"));
	cr_assert_neq(client_of("2001:db8::1"), client_of("8000::"));
}

/* ---- who may ---- */

Test(rate, each_client_has_its_own)
{
	rate_up(2, 0);
	cr_assert(may("192.0.2.1") && may("192.0.2.1"));
	cr_assert_not(may("192.0.2.1"));
	cr_assert(may("192.0.2.2"));
	cr_assert_eq(rate_counts.limited[COUNT_CLIENT], 1);
	cr_assert_eq(rate_counts.limited[COUNT_SERVICE], 0);
}

Test(rate, all_together_have_theirs)
{
	rate_up(0, 2);
	cr_assert(may("192.0.2.1") && may("192.0.2.2"));
	cr_assert_not(may("192.0.2.3"));
	cr_assert_eq(rate_counts.limited[COUNT_SERVICE], 1);
}

Test(rate, who_goes_too_far_uses_nothing_of_the_others)
{
	rate_up(1, 3);
	for (int i = 0; i < 100; i++)
		may("192.0.2.1");
	cr_assert(may("192.0.2.2") && may("192.0.2.3"));
	cr_assert_not(may("192.0.2.4"));
	cr_assert_eq(rate_counts.limited[COUNT_CLIENT], 99);
	cr_assert_eq(rate_counts.limited[COUNT_SERVICE], 1);
}

Test(rate, what_the_service_refuses_costs_a_client_nothing)
{
	uint64_t wait = 0;

	rate_up(1, 1);
	rate.rules[COUNT_CLIENT].each *= 2;
	rate.rules[COUNT_CLIENT].whole *= 2;
	cr_assert(may("192.0.2.1"));
	cr_assert_not(may("192.0.2.2"));
	struct addr a = addr_of("192.0.2.2");
	uint64_t later = now + rate.rules[COUNT_SERVICE].each / 2;
	cr_assert_not(rate_allows(&rate, rate_client(&rate, &a), &a, later, &wait));
	cr_assert_eq(wait, rate.rules[COUNT_SERVICE].each / 2);
	cr_assert(rate_allows(&rate, rate_client(&rate, &a), &a, later + wait, NULL));
}

Test(rate, a_report_refuses_nobody)
{
	rate_up(1, 0);
	rate.reports = true;
	for (int i = 0; i < 10; i++)
		cr_assert(may("192.0.2.1"));
	cr_assert_eq(rate_counts.limited[COUNT_CLIENT], 9);
}

static void charge(const char *ip, uint64_t count)
{
	struct addr a = addr_of(ip);
	rate_charge_client(&rate, rate_network(&rate, &a), count, now);
}

/* Whoever says it may have other bits that count, or none that do. */
Test(rate, who_was_elsewhere_is_who_he_is_here)
{
	rate_up(3, 0);
	charge("192.0.2.1", 2);
	charge("::ffff:192.0.2.1", 1);
	cr_assert_not(may("192.0.2.1"));
	rate_charge_client(&rate, (struct rates_network){ UINT64_C(0x20010db800000000), 7 }, 3, now);
	cr_assert_not(may("2001:db8::1"));
	rate.rules[COUNT_CLIENT].each = 0;
	charge("192.0.2.2", 3);
	rate_charge_service(&rate, 1, now);
}

Test(rate, what_was_used_elsewhere_counts_here)
{
	rate_up(3, 5);
	charge("192.0.2.1", 2);
	rate_charge_service(&rate, 2, now);
	cr_assert(may("192.0.2.1"));
	cr_assert_not(may("192.0.2.1"));
	cr_assert(may("192.0.2.2") && may("192.0.2.3"));
	cr_assert_not(may("192.0.2.4"));
}

/* ---- http ---- */

static void http_up(void)
{
	http_set_up();
	rate_up(2, 0);
	client_fini(&http.client);
	rig_turns(3);
	http.site.rate = &rate;
	connect_client(&http.client);
}

static void http_down(void)
{
	http_tear_down();
	rate_down();
}

TestSuite(rate_http, .init = http_up, .fini = http_down, .timeout = 60);

#define LATER(more) TEXT("429 Too Many Requests", "39", more "Retry-After: 3600\r\n",                   \
	"429 Too Many Requests: see Retry-After\n")

Test(rate_http, a_request_too_many_is_told_when_and_the_connection_goes_on)
{
	says(GET("/a"));
	hears(OK_A);
	says(GET("/b") GET("/c") GET("/d"));
	hears(OK_B LATER("") LATER(""));
	rate.rules[COUNT_CLIENT].each = 0;
	says(GET("/c"));
	hears(OK_C);
	rig_told("request/a done/a request/b done/b request/c done/c");
	cr_assert_eq(rate_counts.limited[COUNT_CLIENT], 2);
}

Test(rate_http, another_connection_is_the_same_client)
{
	says(GET("/a") GET("/b"));
	hears(OK_A OK_B);
	connect_again();
	says(GET("/c"));
	hears(LATER(""));
	rig.peer.in.sin_addr.s_addr ^= htonl(1);
	connect_again();
	says(GET("/c"));
	hears(OK_C);
}

Test(rate_http, the_body_of_a_request_too_many_is_not_taken_for_another)
{
	says(GET("/a") GET("/b"));
	hears(OK_A OK_B);
	says(POST("/c", "18") "GET /d HTTP/1.1\r\n\r\n");
	hears(LATER("Connection: close\r\n"));
	client_sees_the_end(&http.client);
	rig_told("request/a done/a request/b done/b");
}

Test(rate_http, what_no_handler_has_counts_too)
{
	http.route.prefix = "/x";
	says(GET("/a") GET("/b") GET("/c"));
	hears(TEXT("404 Not Found", "40", "", "404 Not Found: no handler has this path\n")
		TEXT("404 Not Found", "40", "", "404 Not Found: no handler has this path\n") LATER(""));
}

Test(rate_http, the_wait_is_in_whole_seconds_and_never_0)
{
	rate.rules[COUNT_CLIENT] = (struct bucket_rule){ .each = 1, .whole = 1 };
	rate.rules[COUNT_SERVICE] = (struct bucket_rule){ .each = CLOCK_SECOND / 2, .whole = CLOCK_SECOND / 2 };
	says(GET("/a") GET("/b"));
	hears(OK_A TEXT("429 Too Many Requests", "39", "Retry-After: 1\r\n",
		"429 Too Many Requests: see Retry-After\n"));
}

/* ---- tcp ---- */

static void tcp_up(void)
{
	conn_set_up();
	rate_up(1, 0);
	tcp.site.rate = &rate;
}

static void tcp_down(void)
{
	conn_tear_down();
	rate_down();
}

TestSuite(rate_tcp, .init = tcp_up, .fini = tcp_down, .timeout = 60);

Test(rate_tcp, a_connection_too_many_is_closed_and_the_plugin_never_hears_of_it)
{
	conn_connect();
	conn_says("a");
	struct client first = tcp.client;
	tcp.client = (struct client){ .fd = -1 };
	conn_connect();
	client_sees_the_end(&tcp.client);
	rig_told("open data:a");
	cr_assert_eq(rate_counts.limited[COUNT_CLIENT], 1);
	cr_assert_eq(tcp.site.limits.open, 1);
	rig.peer.in.sin_addr.s_addr ^= htonl(1);
	conn_connect();
	rig_told("open");
	client_fini(&first);
	rig_turns(3);
	rig_told("close");
}
