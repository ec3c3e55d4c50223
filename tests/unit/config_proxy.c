/* SPDX-License-Identifier: MIT */
/* config_proxy.c - the keys proxy_... of a service: what they mean and what is wrong with them. */
#include <arpa/inet.h>
#include <criterion/criterion.h>

#include "config_rig.h"


CONFIG_SUITE(config_proxy);

static bool has(const char *ip)
{
	const struct config_service *s = &config->services[0];
	struct addr a = { .in = { .sin_family = AF_INET } };

	cr_assert_eq(inet_pton(AF_INET, ip, &a.in.sin_addr), 1);
	return network_has(s->proxy_from, s->proxy_from_count, &a);
}

Test(config_proxy, nobody_is_behind_a_proxy_unless_it_is_said)
{
	load(TCP HANDLER);
	cr_assert_not_null(config, "%s", told);
	cr_assert_not(config->services[0].proxy_protocol);
	cr_assert_eq(config->services[0].proxy_from_count, 0);
}

Test(config_proxy, networks_stand_between_commas)
{
	load(HTTP "proxy_protocol = yes\nproxy_from = 10.0.0.0/8 , 192.0.2.1,::1/128\nproxy_time = 2s\n"
		HANDLER);
	cr_assert_not_null(config, "%s", told);
	const struct config_service *s = &config->services[0];
	cr_assert(s->proxy_protocol);
	cr_assert_eq(s->proxy_from_count, 3);
	cr_assert_float_eq(s->proxy_time, 2., 1e-9);
	cr_assert(has("10.9.8.7") && has("192.0.2.1"));
	cr_assert_not(has("192.0.2.2"));
}

Test(config_proxy, it_may_be_off_with_its_networks_there)
{
	load(TCP "proxy_protocol = no\nproxy_from = 10.0.0.0/8\n" HANDLER);
	cr_assert_not_null(config, "%s", told);
	cr_assert_not(config->services[0].proxy_protocol);
	cr_assert_float_eq(config->services[0].proxy_time, 5., 1e-9);
}

Test(config_proxy, a_header_from_anywhere_is_not_believed)
{
	expect_told(TCP "proxy_protocol = yes\n" HANDLER,
		"a.ini:4: proxy_protocol = yes without proxy_from; add proxy_from, the networks of your proxies: "
		"anybody else could say that he is anybody\n");
}

Test(config_proxy, what_would_do_nothing_is_told)
{
	expect_told(TCP "proxy_from = 10.0.0.0/8\nproxy_time = 2s\n" HANDLER,
		"a.ini:4: proxy_from does nothing without proxy_protocol; add proxy_protocol = yes, or delete it\n"
		"a.ini:5: proxy_time does nothing without proxy_protocol; add proxy_protocol = yes, or delete it\n");
}

Test(config_proxy, wrong_values_are_told)
{
	expect_told(TCP "proxy_protocol = maybe\nproxy_from = ::1\n" HANDLER,
		"a.ini:4: proxy_protocol = maybe: not yes or no; write one of them\n");
	expect_told(TCP "proxy_protocol = yes\nproxy_from = 10.0.0.0/33, lb.example,, 10.0.0.1/8\n" HANDLER,
		"a.ini:5: proxy_from = 10.0.0.0/33: an IPv4 network has /0 to /32\n"
		"a.ini:5: proxy_from = lb.example: no address; write 10.0.0.0/8, 192.0.2.1 or 2001:db8::/32\n"
		"a.ini:5: proxy_from: no network between two commas or at the end; delete the comma\n"
		"a.ini:5: proxy_from = 10.0.0.1/8: the address has more bits than that; write 10.0.0.0/8, or the "
		"address alone\n");
	expect_told(TCP "proxy_protocol = yes\nproxy_from =\n" HANDLER,
		"a.ini:5: proxy_from has no value; write one or delete the line\n");
	expect_told(TCP "proxy_protocol = yes\nproxy_from = ::1\nproxy_time = 1ms\n" HANDLER,
		"a.ini:6: proxy_time = 1ms: out of range; write 100ms to 1h\n");
}

Test(config_proxy, udp_has_none)
{
	expect_told(UDP "proxy_protocol = yes\nproxy_from = ::1\n" HANDLER,
		"a.ini:4: proxy_protocol is not for protocol = udp but for tcp or http; delete it\n"
		"a.ini:5: proxy_from is not for protocol = udp but for tcp or http; delete it\n");
}
