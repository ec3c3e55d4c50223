/* SPDX-License-Identifier: MIT */
/*
 * addr.c - a socket address as people write it: 127.0.0.1:80, [::1]:80, name:80.
 *
 * Addresses are read with inet_pton(3), never by the resolver: it would take
 * 127.1 and 0x7f000001 for 127.0.0.1.  Only names go to getaddrinfo(3), in
 * one place: the fuzzer replaces that function.
 */
#include "sys/addr.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char BAD_PORT[] = "the port is not in range; write 1 to 65535";
static const char BAD_V6[] = "no IPv6 address is in the brackets; write [ADDRESS]:PORT";

static int refuse(const char **why, const char *sentence)
{
	*why = sentence;
	return -1;
}

static int parse_port(const char *text, const char **why)
{
	int port = 0;

	if (*text == '\0')
		return refuse(why, "has no port; write HOST:PORT");
	for (; isdigit((unsigned char)*text); text++) {
		port = port * 10 + (*text - '0');
		if (port > 65535)
			return refuse(why, BAD_PORT);
	}
	if (*text != '\0')
		return refuse(why, "the port is not a number; write 1 to 65535");
	return port > 0 ? port : refuse(why, BAD_PORT);
}

static void put_v4(struct addr *a, struct in_addr ip)
{
	*a = (struct addr){.in = {.sin_family = AF_INET, .sin_addr = ip}};
}

static void put_v6(struct addr *a, struct in6_addr ip, unsigned zone)
{
	*a = (struct addr){
		.in6 = {.sin6_family = AF_INET6, .sin6_addr = ip, .sin6_scope_id = zone}};
}

static bool kernel_has_v6(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno != EAFNOSUPPORT;
	close(fd);
	return true;
}

static int wildcards(struct addr *out, int max)
{
	int count = 0;

	if (count < max)
		put_v4(&out[count++], (struct in_addr){INADDR_ANY});
	if (count < max && kernel_has_v6())
		put_v6(&out[count++], in6addr_any, 0);
	return count;
}

/* host is what the brackets hold: ADDRESS, or ADDRESS%INTERFACE if it is link-local. */
static int parse_v6(char *host, struct addr *out, const char **why)
{
	struct in6_addr ip;
	unsigned zone = 0;
	char *percent = strchr(host, '%');

	if (percent != NULL)
		*percent = '\0';
	if (inet_pton(AF_INET6, host, &ip) != 1)
		return refuse(why, BAD_V6);
	if (percent != NULL) {
		if (!IN6_IS_ADDR_LINKLOCAL(&ip))
			return refuse(why, "only a link-local address has a zone; delete %...");
		zone = if_nametoindex(percent + 1);
		if (zone == 0)
			return refuse(why, "there is no such interface; see ip link");
	}
	put_v6(out, ip, zone);
	return 1;
}

/* True if the last label is a number: no name ends so, but inet_aton(3),
 * which the resolver asks first, takes it for an address. */
static bool looks_like_v4(const char *host)
{
	const char *dot = strrchr(host, '.');
	const char *last = dot != NULL ? dot + 1 : host;

	if (last[0] == '0' && (last[1] == 'x' || last[1] == 'X'))
		return last[2 + strspn(last + 2, "0123456789abcdefABCDEF")] == '\0';
	return last[strspn(last, "0123456789")] == '\0';
}

static bool is_known(const struct addr *list, int count, const struct addr *a)
{
	for (int i = 0; i < count; i++) {
		if (addr_equal(&list[i], a))
			return true;
	}
	return false;
}

static int collect(const struct addrinfo *found, struct addr *out, int max)
{
	bool v6 = kernel_has_v6();
	int count = 0;

	for (; found != NULL && count < max; found = found->ai_next) {
		struct addr a = {0};
		if (found->ai_addrlen > sizeof(a) || (found->ai_family == AF_INET6 && !v6))
			continue;
		memcpy(&a, found->ai_addr, found->ai_addrlen);
		if (!is_known(out, count, &a))
			out[count++] = a;
	}
	return count;
}

static int resolve(const char *host, struct addr *out, int max, const char **why)
{
	static char sentence[160];
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;

	int error = getaddrinfo(host, NULL, &hints, &found);
	if (error != 0) {
		snprintf(sentence, sizeof(sentence),
			"the name does not resolve (%s); correct it or write an address",
			error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
		return refuse(why, sentence);
	}
	int count = collect(found, out, max);
	freeaddrinfo(found);
	if (count == 0)
		return refuse(why, "the name has no address that can be used here; write one");
	return count;
}

/* 1; or 0, it is a name. */
static int parse_numbers(char *host, struct addr *out, const char **why)
{
	struct in_addr ip;
	size_t len = strlen(host);

	if (host[0] == '[') {
		if (host[len - 1] != ']')
			return refuse(why, BAD_V6);
		host[len - 1] = '\0';
		return parse_v6(host + 1, out, why);
	}
	if (strchr(host, ':') != NULL)
		return refuse(why, "an IPv6 address stands in brackets; write [ADDRESS]:PORT");
	if (inet_pton(AF_INET, host, &ip) == 1) {
		put_v4(out, ip);
		return 1;
	}
	if (looks_like_v4(host))
		return refuse(why, "no IPv4 address; write four numbers from 0 to 255");
	return 0;
}

static int parse_host(char *host, struct addr *out, int max, const char **why)
{
	if (strcmp(host, "*") == 0)
		return wildcards(out, max);
	int count = parse_numbers(host, out, why);
	return count != 0 ? count : resolve(host, out, max, why);
}

void addr_set_port(struct addr *a, int port)
{
	/* sin_port and sin6_port lie at the same place, but say what is meant */
	if (a->sa.sa_family == AF_INET6)
		a->in6.sin6_port = htons((uint16_t)port);
	else
		a->in.sin_port = htons((uint16_t)port);
}

/* Gives the port. */
static int split(const char *text, char host[ADDR_HOST], const char **why)
{
	const char *colon = strrchr(text, ':');

	if (colon == NULL || text[strlen(text) - 1] == ']')
		return refuse(why, "has no port; write HOST:PORT");
	if (colon == text)
		return refuse(why, "has no host; write HOST:PORT, or *:PORT for every address");
	if (colon - text >= ADDR_HOST)
		return refuse(why, "the host is too long; a name has up to 255 characters");
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	return parse_port(colon + 1, why);
}

int addr_parse(const char *text, struct addr *out, int max, const char **why)
{
	char host[ADDR_HOST];

	if (max < 1)
		return refuse(why, "there is no room for an address");
	int port = split(text, host, why);
	if (port < 0)
		return -1;
	int count = parse_host(host, out, max, why);
	for (int i = 0; i < count; i++)
		addr_set_port(&out[i], port);
	return count;
}

int addr_parse_target(const char *text, struct addr *out, char host[ADDR_HOST], const char **why)
{
	int port = split(text, host, why);
	if (port < 0)
		return -1;
	if (strcmp(host, "*") == 0)
		return refuse(why, "* is no host to connect to; write one");
	*out = (struct addr){ .in = { .sin_family = AF_INET } };
	int count = parse_numbers(host, out, why);
	addr_set_port(out, port);
	return count;
}

socklen_t addr_len(const struct addr *a)
{
	return a->sa.sa_family == AF_INET6 ? sizeof(a->in6) : sizeof(a->in);
}

int addr_port(const struct addr *a)
{
	return ntohs(a->sa.sa_family == AF_INET6 ? a->in6.sin6_port : a->in.sin_port);
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family || addr_port(a) != addr_port(b))
		return false;
	if (a->sa.sa_family == AF_INET6)
		return IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr, &b->in6.sin6_addr) &&
		       a->in6.sin6_scope_id == b->in6.sin6_scope_id;
	return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
}

bool addr_is_wildcard(const struct addr *a)
{
	if (a->sa.sa_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
	return a->in.sin_addr.s_addr == htonl(INADDR_ANY);
}

const char *addr_format(const struct addr *a, char out[ADDR_TEXT])
{
	char ip[INET6_ADDRSTRLEN] = "?";
	char zone[IF_NAMESIZE] = "";

	if (a->sa.sa_family != AF_INET6) {
		inet_ntop(AF_INET, &a->in.sin_addr, ip, sizeof(ip));
		snprintf(out, ADDR_TEXT, "%s:%d", ip, addr_port(a));
		return out;
	}
	inet_ntop(AF_INET6, &a->in6.sin6_addr, ip, sizeof(ip));
	unsigned scope = a->in6.sin6_scope_id;
	if (scope != 0 && if_indextoname(scope, zone) == NULL)
		snprintf(zone, sizeof(zone), "%u", scope);
	snprintf(out, ADDR_TEXT, "[%s%s%s]:%d", ip, scope != 0 ? "%" : "", zone, addr_port(a));
	return out;
}
