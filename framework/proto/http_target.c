/* SPDX-License-Identifier: MIT */
/*
 * http_target.c - the four forms of a request target (RFC 9112, 3.2).
 *
 * The bytes were checked against their classes by http_parse.c; what is left
 * is structure.  Only http and https are served, so an absolute target needs
 * a host, and user names and passwords are refused (RFC 9110, 4.2.4).  Percent
 * triplets of paths are http_path.c's.
 */
#include "proto/http_head.h"

#include <arpa/inet.h>
#include <string.h>

#include "proto/http_chars.h"
#include "proto/http_skip.h"

/* An address in brackets.  Zones (RFC 6874) mean nothing to a peer, and
 * IPvFuture has no version yet: both are refused.  Gives the bytes with both
 * brackets; 0 if it is not one. */
static size_t literal_len(const char *text, size_t len)
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr binary;
	const char *end = memchr(text, ']', len);
	size_t inner = end ? (size_t)(end - text) - 1 : 0;

	if (inner == 0 || inner >= sizeof(address))
		return 0;
	memcpy(address, text + 1, inner);
	address[inner] = '\0';
	return inet_pton(AF_INET6, address, &binary) == 1 ? inner + 2 : 0;
}

/* reg-name and IPv4 need no telling apart here.  Gives the bytes up to the
 * first that cannot belong to it. */
static size_t name_len(const char *text, size_t len)
{
	const char *end = text + len, *at = http_skip(text, end, HTTP_REGNAME);

	while (end - at > 2 && at[0] == '%' && http_char_is(at[1], HTTP_HEX) &&
		http_char_is(at[2], HTTP_HEX))
		at = http_skip(at + 3, end, HTTP_REGNAME);
	return (size_t)(at - text);
}

/* The bytes of the host in front of a port; 0 if it is none. */
static size_t host_len(const char *text, size_t len)
{
	return text[0] == '[' ? literal_len(text, len) : name_len(text, len);
}

/* The number that the digits name; 0 for none; -1 if they name no port. */
static long port_number(const char *text, size_t len)
{
	const char *end = text + len;
	long port = 0;

	for (; text < end && port <= UINT16_MAX; text++) {
		if (!http_char_is(*text, HTTP_DIGIT))
			return -1;
		port = port * 10 + (*text - '0');
	}
	return port <= UINT16_MAX ? port : -1;
}

bool http_authority_valid(const char *text, size_t len, bool need_port)
{
	size_t host;
	long port;

	if (len == 0)
		return false;
	host = host_len(text, len);
	if (host == 0)
		return false;
	if (host == len)
		return !need_port;
	if (text[host] != ':')
		return false;
	port = port_number(text + host + 1, len - host - 1);
	return need_port ? port > 0 : port >= 0;
}

/* The port of a valid authority whose host has so many bytes; scheme_port if it names none. */
static long port_of(const char *text, size_t len, size_t host, long scheme_port)
{
	return len > host + 1 ? port_number(text + host + 1, len - host - 1) : scheme_port;
}

bool http_target_has_host(const struct http_head *h, const char *data, struct http_slice host)
{
	const char *a = data + h->host.at, *b = data + host.at;
	size_t len = host_len(a, h->host.len);
	long scheme_port = http_char_fold(data[h->target.at + 4]) == 's' ? 443 : 80;

	if (host_len(b, host.len) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (http_char_fold(a[i]) != http_char_fold(b[i]))
			return false;
	return port_of(a, h->host.len, len, scheme_port) == port_of(b, host.len, len, scheme_port);
}

static bool method_is(const struct http_head *h, const char *data, const char *name)
{
	size_t len = strlen(name);

	return h->method.len == len && memcmp(data + h->method.at, name, len) == 0;
}

/* The length of "http://" or "https://" in front of the target; 0 without it. */
static size_t scheme_len(const char *target, size_t len)
{
	if (len >= 7 && http_chars_are(target, "http://", 7))
		return 7;
	if (len >= 8 && http_chars_are(target, "https://", 8))
		return 8;
	return 0;
}

/*
 *   http://host:port/path?query
 *   ^target.at       ^path ^end
 */
static bool read_absolute(struct http_head *h, const char *data, uint32_t end)
{
	uint32_t host = h->target.at + (uint32_t)scheme_len(data + h->target.at, h->target.len);
	uint32_t path = host;

	if (host == h->target.at)
		return http_head_refuse(h, 400, "the target is no path and no http URL");
	while (path < end && data[path] != '/')
		path++;
	if (!http_authority_valid(data + host, path - host, false))
		return http_head_refuse(h, 400, "bad host in the target");
	for (uint32_t i = path; i < end; i++)
		if (!http_char_is(data[i], HTTP_PATH))
			return http_head_refuse(h, 400, "bad byte in the target");
	h->form = HTTP_ABSOLUTE;
	h->host = (struct http_slice){ host, path - host };
	h->path = (struct http_slice){ path, end - path };
	return true;
}

static bool read_authority(struct http_head *h, const char *data)
{
	h->form = HTTP_AUTHORITY;
	if (h->has_query || !http_authority_valid(data + h->target.at, h->target.len, true))
		return http_head_refuse(h, 400, "CONNECT needs host:port");
	return true;
}

static bool read_asterisk(struct http_head *h, const char *data)
{
	h->form = HTTP_ASTERISK;
	if (!method_is(h, data, "OPTIONS"))
		return http_head_refuse(h, 400, "the target * belongs to OPTIONS");
	return true;
}

bool http_target_read(struct http_head *h, const char *data)
{
	uint32_t end = h->target.at + h->target.len;
	uint32_t path_end = h->has_query ? h->query.at - 1 : end;

	if (h->has_query)
		h->query.len = end - h->query.at;
	if (method_is(h, data, "CONNECT"))
		return read_authority(h, data);
	if (h->target.len == 1 && data[h->target.at] == '*')
		return read_asterisk(h, data);
	if (data[h->target.at] != '/')
		return read_absolute(h, data, path_end);
	h->form = HTTP_ORIGIN;
	h->path = (struct http_slice){ h->target.at, path_end - h->target.at };
	return true;
}
