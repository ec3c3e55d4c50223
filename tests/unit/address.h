/* SPDX-License-Identifier: MIT */
/*
 * address.h - an address as tests write it.
 */
#ifndef PORTICO_UNIT_ADDRESS_H
#define PORTICO_UNIT_ADDRESS_H

#include "sys/addr.h"

/* Of "192.0.2.1" or "::1", without brackets; its port is 4711. */
struct addr address_of(const char *text);

#endif
