/* SPDX-License-Identifier: MIT */
/* addr.c - sys/addr.c: addresses as people write them. */
#include "sys/addr.h"

#include <criterion/criterion.h>
#include <netdb.h>
#include <string.h>

enum { MANY = 16 };

static int parse(const char *text, struct addr *out)
{
	const char *why = NULL;
	int count = addr_parse(text, out, MANY, &why);

	cr_assert(count != 0);
	cr_assert(count > 0 || why != NULL);
	return count;
}

static void expect_refused(const char *text, const char *part)
{
	struct addr a[MANY];
	const char *why = "";

	cr_assert_eq(addr_parse(text, a, MANY, &why), -1, "%s", text);
	cr_assert_not_null(strstr(why, part), "%s: %s", text, why);
}

static void expect_kept(const char *text)
{
	struct addr a[MANY];
	char out[ADDR_TEXT];

	cr_assert_eq(parse(text, a), 1, "%s", text);
	cr_assert_str_eq(addr_format(a, out), text);
}

Test(addr, what_is_read_is_what_is_written)
{
	expect_kept("127.0.0.1:80");
	expect_kept("0.0.0.0:1");
	expect_kept("255.255.255.255:65535");
	expect_kept("[::1]:80");
	expect_kept("[::]:8080");
	expect_kept("[2001:db8::ff]:443");
	expect_kept("[::ffff:1.2.3.4]:5");
}

Test(addr, port_is_1_to_65535)
{
	expect_refused("1.2.3.4:0", "1 to 65535");
	expect_refused("1.2.3.4:65536", "1 to 65535");
	expect_refused("[::1]:70000", "1 to 65535");
	expect_refused("1.2.3.4:99999999999999999999", "1 to 65535");
	expect_refused("1.2.3.4:http", "not a number");
	expect_refused("1.2.3.4:-1", "not a number");
	expect_refused("1.2.3.4: 80", "not a number");
}

Test(addr, missing_parts_are_named)
{
	expect_refused("", "no port");
	expect_refused("1.2.3.4", "no port");
	expect_refused("1.2.3.4:", "no port");
	expect_refused("[::1]", "no port");
	expect_refused("[::1]:", "no port");
	expect_refused(":80", "no host");
}

Test(addr, v6_stands_in_brackets)
{
	expect_refused("::1:80", "brackets");
	expect_refused("[1.2.3.4]:80", "brackets");
	expect_refused("[]:80", "brackets");
	expect_refused("[:80", "brackets");
	expect_refused("[::1:80", "brackets");
	expect_refused("[::1]x:80", "brackets");
}

Test(addr, odd_spellings_of_v4_are_refused)
{
	expect_refused("127.1:80", "four numbers");
	expect_refused("1.2.3:80", "four numbers");
	expect_refused("2130706433:80", "four numbers");
	expect_refused("0x7f000001:80", "four numbers");
	expect_refused("1.2.3.256:80", "four numbers");
	expect_refused("1.2.3.4.:80", "four numbers");
}

Test(addr, a_name_that_is_unknown_says_so)
{
	char name[400];

	expect_refused("no-such-host.invalid:80", "does not resolve");
	memset(name, 'a', sizeof(name));
	strcpy(name + sizeof(name) - 4, ":80");
	expect_refused(name, "too long");
}

Test(addr, localhost_is_resolved_without_doubles)
{
	struct addr a[MANY];
	struct addrinfo *known = NULL;

	if (getaddrinfo("localhost", NULL, NULL, &known) != 0)
		cr_skip_test("this machine does not know localhost: no /etc/hosts?");
	freeaddrinfo(known);
	int count = parse("localhost:80", a);
	cr_assert_geq(count, 1);
	for (int i = 0; i < count; i++) {
		cr_assert_eq(addr_port(&a[i]), 80);
		for (int j = 0; j < i; j++)
			cr_assert(!addr_equal(&a[i], &a[j]));
	}
}

Test(addr, star_is_every_address_of_both_families)
{
	struct addr a[MANY];
	char out[ADDR_TEXT];
	int count = parse("*:80", a);

	cr_assert_geq(count, 1);
	cr_assert_str_eq(addr_format(&a[0], out), "0.0.0.0:80");
	cr_assert(addr_is_wildcard(&a[0]));
	if (count == 2) {
		cr_assert_str_eq(addr_format(&a[1], out), "[::]:80");
		cr_assert(addr_is_wildcard(&a[1]));
	}
}

Test(addr, no_more_than_max_are_given)
{
	struct addr a[2];
	const char *why;

	cr_assert_eq(addr_parse("*:80", a, 1, &why), 1);
	cr_assert_eq(addr_parse("*:80", a, 0, &why), -1);
}

Test(addr, equal_looks_at_family_address_port_and_zone)
{
	struct addr a[MANY], b[MANY];

	parse("127.0.0.1:80", a);
	parse("127.0.0.1:80", b);
	cr_assert(addr_equal(a, b));
	parse("127.0.0.1:81", b);
	cr_assert(!addr_equal(a, b));
	parse("0.0.0.0:80", a);
	parse("[::]:80", b);
	cr_assert(!addr_equal(a, b));
	a[0] = b[0];
	a[0].in6.sin6_scope_id = 1;
	cr_assert(!addr_equal(a, b));
}

Test(addr, length_is_the_family_s)
{
	struct addr a[MANY];

	parse("127.0.0.1:80", a);
	cr_assert_eq(addr_len(a), sizeof(struct sockaddr_in));
	parse("[::1]:80", a);
	cr_assert_eq(addr_len(a), sizeof(struct sockaddr_in6));
}

Test(addr, a_zone_needs_a_link_local_address_and_an_interface)
{
	struct addr a[MANY];
	char out[ADDR_TEXT];

	expect_refused("[::1%lo]:80", "link-local");
	expect_refused("[fe80::1%nosuchif]:80", "interface");
	cr_assert_eq(parse("[fe80::1%lo]:80", a), 1);
	cr_assert_str_eq(addr_format(a, out), "[fe80::1%lo]:80");
}
