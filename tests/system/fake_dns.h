/* SPDX-License-Identifier: MIT */
/*
 * fake_dns.h - a name server for this test alone, at 127.0.0.1:53 of its network, which resolv.conf names.
 */
#ifndef SYSTEM_FAKE_DNS_H
#define SYSTEM_FAKE_DNS_H

#include <stdatomic.h>

/* backend.test is 127.0.0.1 and, first, 127.0.0.2, for a minute; silent.test gets no answer; there is
 * no other host.  Gives how many questions it was asked, over all. */
_Atomic unsigned *fake_dns_start(void);

/* resolv.conf names another server from now on. */
void fake_dns_name(const char *server);

#endif
