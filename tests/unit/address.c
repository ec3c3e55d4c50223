/* SPDX-License-Identifier: MIT */
/* address.c - an address as tests write it. */
#include "address.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>

struct addr address_of(const char *text)
{
	struct addr a = {0};

	if (inet_pton(AF_INET, text, &a.in.sin_addr) == 1)
		a.sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &a.in6.sin6_addr) == 1)
		a.sa.sa_family = AF_INET6;
	else
		cr_assert_fail("%s", text);
	a.in.sin_port = htons(4711);
	return a;
}
