/* SPDX-License-Identifier: MIT */
/* network.c - sys/network.c: which addresses a word means. */
#include "sys/network.h"

#include <criterion/criterion.h>

#include "address.h"

TestSuite(network);

Test(network, holds_what_begins_with_its_bits)
{
	static const struct {
		const char *network, *address;
		bool        in;
	} table[] = {
		{"10.0.0.0/8", "10.0.0.0", true},       {"10.0.0.0/8", "10.255.255.255", true},
		{"10.0.0.0/8", "11.0.0.0", false},      {"10.0.0.0/8", "9.255.255.255", false},
		{"192.0.2.128/25", "192.0.2.128", true}, {"192.0.2.128/25", "192.0.2.127", false},
		{"192.0.2.6/31", "192.0.2.7", true},    {"192.0.2.6/31", "192.0.2.8", false},
		{"127.0.0.1", "127.0.0.1", true},       {"127.0.0.1", "127.0.0.2", false},
		{"127.0.0.1/32", "127.0.0.1", true},    {"0.0.0.0/0", "255.1.2.3", true},
		{"0.0.0.0/0", "::1", false},            {"::/0", "127.0.0.1", false},
		{"::/0", "2001:db8::1", true},          {"::1", "::1", true},
		{"::1/128", "::2", false},              {"2001:db8::/33", "2001:db8:7fff::1", true},
		{"2001:db8::/33", "2001:db8:8000::1", false},
		{"fe80::/10", "febf::1", true},         {"fe80::/10", "fec0::1", false},
		/* IPv4 in IPv6 dress is IPv4, on either side. */
		{"10.0.0.0/8", "::ffff:10.1.2.3", true}, {"10.0.0.0/8", "::ffff:11.1.2.3", false},
		{"::ffff:10.0.0.0/104", "10.1.2.3", true}, {"::/0", "::ffff:10.1.2.3", false},
		{"0.0.0.0/0", "::10.1.2.3", false},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const char *why = "";
		struct network n;
		struct addr a = address_of(table[i].address);

		cr_assert_eq(network_parse(table[i].network, &n, &why), 0, "%s: %s", table[i].network, why);
		cr_expect_eq(network_has(&n, 1, &a), table[i].in, "%s in %s", table[i].address,
			table[i].network);
	}
}

Test(network, one_of_several_is_enough_and_none_holds_nothing)
{
	struct network list[2];
	const char *why;
	struct addr a = address_of("192.0.2.1"), b = address_of("::1"), c = address_of("192.0.2.2");

	cr_assert_eq(network_parse("192.0.2.1", &list[0], &why), 0);
	cr_assert_eq(network_parse("::1", &list[1], &why), 0);
	cr_assert(network_has(list, 2, &a) && network_has(list, 2, &b));
	cr_assert_not(network_has(list, 2, &c));
	cr_assert_not(network_has(list, 0, &a));
}

Test(network, what_is_none_is_refused)
{
	static const char no_address[] = "no address; write 10.0.0.0/8, 192.0.2.1 or 2001:db8::/32",
		v4[] = "an IPv4 network has /0 to /32", v6[] = "an IPv6 network has /0 to /128";
	static const struct {
		const char *text, *why;
	} table[] = {
		{"", no_address}, {"/8", no_address}, {"10/8", no_address}, {"10.0.0/24", no_address},
		{"localhost", no_address}, {"*", no_address}, {"10.0.0.01", no_address},
		{"0x0a.0.0.0/8", no_address}, {"[::1]", no_address}, {"127.0.0.1:80", no_address},
		{"fe80::1%lo", no_address}, {" 10.0.0.0/8", no_address},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", no_address},
		{"10.0.0.0/", v4}, {"10.0.0.0/33", v4}, {"10.0.0.0/-1", v4}, {"10.0.0.0/08", v4},
		{"10.0.0.0/8 ", v4}, {"10.0.0.0/255.0.0.0", v4}, {"10.0.0.0/8/8", v4},
		{"10.0.0.0/99999999999999999999", v4}, {"::/129", v6}, {"::/", v6},
		{"10.0.0.1/8",
			"the address has more bits than that; write 10.0.0.0/8, or the address alone"},
		{"2001:db8::1/32",
			"the address has more bits than that; write 2001:db8::/32, or the address alone"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const char *why = "";
		struct network n;

		cr_expect_eq(network_parse(table[i].text, &n, &why), -1, "\"%s\"", table[i].text);
		cr_expect_str_eq(why, table[i].why, "\"%s\"", table[i].text);
	}
}
