/* SPDX-License-Identifier: MIT */
/*
 * addr.h - a socket address as people write it: 127.0.0.1:80, [::1]:80, name:80.
 */
#ifndef PORTICO_SYS_ADDR_H
#define PORTICO_SYS_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

struct addr {                    /* plain value, 28 bytes */
	union {
		struct sockaddr     sa;
		struct sockaddr_in  in;
		struct sockaddr_in6 in6;
	};
};

enum {
	ADDR_TEXT = 64,          /* "[" + 45 + "%" zone + "]:" + 5 + NUL */
	ADDR_HOST = 256,         /* a DNS name is shorter: RFC 1035, 2.3.4 */
};

/* Reads HOST:PORT.  HOST is an IPv4 address, an IPv6 address in brackets, "*"
 * (both families' wildcards) or a name that the resolver knows: this may
 * wait for DNS.  Gives how many addresses it put in out, at most max; -1 if
 * none, with *why a sentence without the text itself (constant, or of
 * gai_strerror: valid until the next call). */
int addr_parse(const char *text, struct addr *out, int max, const char **why);

/* The same of somebody to connect to, asking no resolver: 1, the address is in out; 0, HOST is a name,
 * which is in host, and its port is in out; -1 and *why. */
int addr_parse_target(const char *text, struct addr *out, char host[ADDR_HOST], const char **why);

socklen_t   addr_len(const struct addr *a);
int         addr_port(const struct addr *a);
void        addr_set_port(struct addr *a, int port);
bool        addr_equal(const struct addr *a, const struct addr *b);
bool        addr_is_wildcard(const struct addr *a);
const char *addr_format(const struct addr *a, char out[ADDR_TEXT]); /* gives out */

#endif
