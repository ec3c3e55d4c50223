/* SPDX-License-Identifier: MIT */
/* who_say.c - master/who_say.c: why nobody gets in, in one sentence. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "master/who_port.h"

TestSuite(who_say);

enum { OWNER = 64001, ASKER = 64002 };

static struct addr at(const char *text)
{
	struct addr a;
	const char *why;

	cr_assert_eq(addr_parse(text, &a, 1, &why), 1, "%s: %s", text, why);
	return a;
}

/* Whether ASKER, who sees no process, gets in at wanted, where OWNER's socket at held has reuseport. */
static void expect(const char *held, const char *wanted, int reuseport, uid_t owner, const char *why)
{
	struct who_socket s = { .reuseport = reuseport,
		.s = { .addr = at(held), .type = SOCK_STREAM, .uid = owner } };
	struct who_place place = { .addr = at(wanted), .uid = ASKER,
		.with = { { .error = EADDRINUSE }, { .error = EADDRINUSE }, { .error = EADDRINUSE } } };
	const struct who_port p = { .type = SOCK_STREAM, .port = 8080, .sockets = &s, .count = 1,
		.places = &place, .place_count = 1 };
	char out[WHO_SENTENCE];

	cr_assert_not_null(strstr(who_say(&p, &place, out), ": a process of uid "), "%s", out);
	cr_assert_not_null(strstr(out, why), "not '%s' but '%s'", why, out);
}

Test(who_say, a_clause_has_one_comma_behind_it)
{
	static const char *const covers = "[::]:8080", *const v4 = "127.0.0.1:8080";

	expect(covers, v4, 1, OWNER,
		"holds [::]:8080 and IPv4, which covers IPv4 because it is not v6only, and SO_REUSEPORT shares");
	expect("0.0.0.0:8080", v4, 1, OWNER, "holds 0.0.0.0:8080, which covers it, and SO_REUSEPORT shares");
	expect(v4, "0.0.0.0:8080", -1, ASKER,
		"holds 127.0.0.1:8080, which it would cover, whether with SO_REUSEPORT may not be seen");
	expect("0.0.0.0:8080", v4, 0, OWNER, "holds 0.0.0.0:8080, which covers it, without SO_REUSEPORT");
}

Test(who_say, what_is_exactly_there_needs_none)
{
	expect("[::1]:8080", "[::1]:8080", 0, OWNER, "holds it without SO_REUSEPORT");
	expect("[::1]:8080", "[::1]:8080", 1, OWNER, "holds it, and SO_REUSEPORT shares");
}
