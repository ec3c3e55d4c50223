/* SPDX-License-Identifier: MIT */
/*
 * jot.c - text put together piece by piece, also in a signal handler.
 */
#include "base/jot.h"

#include <string.h>

void jot_bytes(struct jot *j, const char *text, size_t len)
{
	size_t room = (size_t)(j->end - j->at);

	if (len > room)
		len = room;
	memcpy(j->at, text, len);
	j->at += len;
}

void jot_text(struct jot *j, const char *text)
{
	jot_bytes(j, text, strlen(text));
}

static void put_digits(struct jot *j, uint64_t n, unsigned base, unsigned least)
{
	char text[20];           /* of 2^64 - 1 in decimal */
	size_t i = sizeof(text);

	do {
		text[--i] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n > 0 || sizeof(text) - i < least);
	jot_bytes(j, text + i, sizeof(text) - i);
}

void jot_number(struct jot *j, uint64_t n, unsigned digits)
{
	put_digits(j, n, 10, digits);
}

void jot_hex(struct jot *j, uint64_t n)
{
	jot_text(j, "0x");
	put_digits(j, n, 16, 1);
}
