/* SPDX-License-Identifier: MIT */
/*
 * network.h - a set of addresses as people write it: 10.0.0.0/8, 127.0.0.1, ::1/128.
 */
#ifndef PORTICO_SYS_NETWORK_H
#define PORTICO_SYS_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/addr.h"

/* An IPv4 one in IPv6 dress, ::ffff:0:0/96 and more: so an address of either family is looked
 * for in one way. */
struct network {                 /* plain value */
	uint8_t  address[16];
	unsigned bits;           /* of address that count, the rest is 0 */
};

/* Reads an address, or ADDRESS/BITS with nothing behind those bits.  Names are not looked up.  -1
 * with *why a sentence without the text itself, valid until the next call. */
int network_parse(const char *text, struct network *out, const char **why);

/* Whether a is in one of them, whatever its port.  An IPv4 address in IPv6 dress is an IPv4 one,
 * and no IPv4 address is in ::/0. */
bool network_has(const struct network *list, size_t count, const struct addr *a);

#endif
