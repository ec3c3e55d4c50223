/* SPDX-License-Identifier: MIT */
/*
 * host.c - whether a request's Host may be the admin service's.
 *
 * A page from elsewhere can give its own name our address (DNS rebinding), and then a browser
 * lets it read what we say.  It cannot make the browser send another Host than that name:
 * so names are refused, but localhost, which is nobody's, and those in admin_host.
 */
#include "admin/host.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum { LONGEST = 255 };

/* Without its port and an IPv6 address's brackets.  False: it is none. */
static bool cut(const char *host, char out[LONGEST + 1])
{
	size_t len = strcspn(host, ":");

	if (host[0] == '[') {
		host++;
		len = strcspn(host, "]");
		if (host[len] != ']')
			return false;
	}
	if (len == 0 || len > LONGEST)
		return false;
	memcpy(out, host, len);
	out[len] = '\0';
	return true;
}

static bool is_address(const char *host)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static bool is_named(const char *host, const struct config *c)
{
	for (size_t i = 0; i < c->admin_host_count; i++)
		if (strcmp(c->admin_hosts[i], "*") == 0 || strcasecmp(c->admin_hosts[i], host) == 0)
			return true;
	return false;
}

bool host_is_ours(const char *host, const struct config *config)
{
	char name[LONGEST + 1];

	/* Only HTTP/1.0 may be without one, which no browser speaks. */
	if (!host)
		return true;
	if (!cut(host, name))
		return false;
	return is_address(name) || strcasecmp(name, "localhost") == 0 || is_named(name, config);
}
