/* SPDX-License-Identifier: MIT */
/*
 * access_line.c - a line of an access log: what a request was, as text.
 *
 * No stdio on the way: a busy worker makes a hundred thousand lines a second.  Each field has
 * a most of its own, and all of them together fit in a line.
 */
#include "proto/access_line.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

/* Bytes of the fields that may have any length, as they are written. */
enum {
	METHOD_MOST = 64,
	TARGET_MOST = 1536,
	LINE_MOST = METHOD_MOST + TARGET_MOST,   /* of a request that was not read */
	PROTOCOL_MOST = 16,
	REFERER_MOST = 768,
	AGENT_MOST = 512,
	HOST_MOST = 256,
	NAME_MOST = 192,         /* of a handler and of a service, each */
	OTHERS_MOST = 512,       /* numbers, times, an address, keys and quotes */
};

_Static_assert(METHOD_MOST + TARGET_MOST + PROTOCOL_MOST + REFERER_MOST + AGENT_MOST + HOST_MOST
	+ 2 * NAME_MOST + OTHERS_MOST <= ACCESS_LINE, "a line has room for all");

static char *put(char *at, const char *text, size_t len)
{
	memcpy(at, text, len);
	return at + len;
}

#define PUT(at, literal) put(at, literal, sizeof(literal) - 1)

static char *put_number(char *at, uint64_t n, unsigned digits)
{
	char text[20];
	unsigned count = 0;

	do
		text[count++] = (char)('0' + n % 10);
	while ((n /= 10) > 0 || count < digits);
	while (count > 0)
		*at++ = text[--count];
	return at;
}

/* ---- the time ---- */

static char *put_two(char *at, int n, char behind)
{
	at = put_number(at, (uint64_t)n, 2);
	*at++ = behind;
	return at;
}

static char *put_clock(char *at, const struct tm *t, char behind)
{
	at = put_two(at, t->tm_hour, ':');
	at = put_two(at, t->tm_min, ':');
	return put_two(at, t->tm_sec, behind);
}

static void set_clock(struct access_clock *c, int64_t second)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t now = (time_t)second;
	struct tm t;

	c->second = second;
	gmtime_r(&now, &t);
	char *at = put_two(c->common, t.tm_mday, '/');
	at = put(at, months + 3 * t.tm_mon, 3);
	*at++ = '/';
	at = put_number(at, (uint64_t)t.tm_year + 1900, 4);
	*at++ = ':';
	at = put_clock(at, &t, ' ');
	PUT(at, "+0000\0");
	at = put_number(c->iso, (uint64_t)t.tm_year + 1900, 4);
	*at++ = '-';
	at = put_two(at, t.tm_mon + 1, '-');
	at = put_two(at, t.tm_mday, 'T');
	put_clock(at, &t, '\0');
}

static void turn_clock(struct access_clock *c, double now)
{
	if ((int64_t)now != c->second || c->common[0] == '\0')
		set_clock(c, (int64_t)now);
}

/* ---- the peer ---- */

static char *put_v4(char *at, const struct in_addr *ip)
{
	const unsigned char *bytes = (const unsigned char *)ip;

	for (int i = 0; i < 4; i++) {
		at = put_number(at, bytes[i], 1);
		*at++ = '.';
	}
	return at - 1;
}

static char *put_peer(char *at, const struct addr *a)
{
	if (a->sa.sa_family != AF_INET6)
		return put_v4(at, &a->in.sin_addr);
	inet_ntop(AF_INET6, &a->in6.sin6_addr, at, INET6_ADDRSTRLEN);
	return at + strlen(at);
}

/* ---- combined ---- */

static char *put_quoted(char *at, struct access_text t, size_t most)
{
	*at++ = '"';
	at = t.at ? access_put_text(at, t, most, ACCESS_COMBINED) : PUT(at, "-");
	*at++ = '"';
	return at;
}

static char *put_request(char *at, const struct access_entry *e)
{
	if (!e->method.at)
		return put_quoted(at, e->line, LINE_MOST);
	*at++ = '"';
	at = access_put_text(at, e->method, METHOD_MOST, ACCESS_COMBINED);
	*at++ = ' ';
	at = access_put_text(at, e->target, TARGET_MOST, ACCESS_COMBINED);
	*at++ = ' ';
	at = access_put_text(at, e->protocol, PROTOCOL_MOST, ACCESS_COMBINED);
	*at++ = '"';
	return at;
}

size_t access_line_combined(const struct access_entry *e, struct access_clock *c, char *out)
{
	turn_clock(c, e->now);
	char *at = put_peer(out, e->peer);
	at = PUT(at, " - - [");
	at = put(at, c->common, strlen(c->common));
	at = PUT(at, "] ");
	at = put_request(at, e);
	*at++ = ' ';
	at = e->status > 0 ? put_number(at, e->status, 1) : PUT(at, "-");
	*at++ = ' ';
	at = put_number(at, e->bytes, 1);
	*at++ = ' ';
	at = put_quoted(at, e->referer, REFERER_MOST);
	*at++ = ' ';
	at = put_quoted(at, e->agent, AGENT_MOST);
	*at++ = '\n';
	return (size_t)(at - out);
}

/* ---- JSON ---- */

static char *put_string(char *at, struct access_text t, size_t most)
{
	if (!t.at)
		return PUT(at, "null");
	*at++ = '"';
	at = access_put_text(at, t, most, ACCESS_JSON);
	*at++ = '"';
	return at;
}

static struct access_text text_of(const char *s)
{
	return (struct access_text){ s, s ? strlen(s) : 0 };
}

static char *put_time(char *at, const struct access_clock *c, double now)
{
	at = put(at, c->iso, strlen(c->iso));
	*at++ = '.';
	at = put_number(at, (uint64_t)((now - (double)c->second) * 1e3), 3);
	return PUT(at, "Z");
}

/* Seconds, to the microsecond. */
static char *put_duration(char *at, uint64_t ns)
{
	at = put_number(at, ns / 1000000000, 1);
	*at++ = '.';
	return put_number(at, ns / 1000 % 1000000, 6);
}

#define KEY(at, name) PUT(at, ",\"" name "\":")

static char *put_json_line(char *at, const struct access_entry *e)
{
	if (e->method.at) {
		at = put_string(KEY(at, "method"), e->method, METHOD_MOST);
		at = put_string(KEY(at, "target"), e->target, TARGET_MOST);
		return put_string(KEY(at, "protocol"), e->protocol, PROTOCOL_MOST);
	}
	at = PUT(at, ",\"method\":null,\"target\":null,\"protocol\":null");
	return e->line.at ? put_string(KEY(at, "line"), e->line, LINE_MOST) : at;
}

static char *put_json_request(char *at, const struct access_entry *e)
{
	at = put_json_line(at, e);
	at = put_string(KEY(at, "host"), e->host, HOST_MOST);
	at = put_string(KEY(at, "referer"), e->referer, REFERER_MOST);
	return put_string(KEY(at, "user_agent"), e->agent, AGENT_MOST);
}

static char *put_json_reply(char *at, const struct access_entry *e)
{
	at = KEY(at, "status");
	at = e->status > 0 ? put_number(at, e->status, 1) : PUT(at, "null");
	at = put_number(KEY(at, "bytes"), e->bytes, 1);
	at = put_duration(KEY(at, "duration"), e->took);
	at = KEY(at, "whole");
	return e->whole ? PUT(at, "true") : PUT(at, "false");
}

size_t access_line_json(const struct access_entry *e, struct access_clock *c, char *out)
{
	turn_clock(c, e->now);
	char *at = PUT(out, "{\"time\":\"");
	at = put_time(at, c, e->now);
	at = PUT(at, "\",\"peer\":\"");
	at = put_peer(at, e->peer);
	*at++ = '"';
	at = put_json_request(at, e);
	at = put_json_reply(at, e);
	at = put_string(KEY(at, "service"), text_of(e->service), NAME_MOST);
	at = put_string(KEY(at, "handler"), text_of(e->handler), NAME_MOST);
	at = put_number(KEY(at, "worker"), e->worker, 1);
	at = PUT(at, "}\n");
	return (size_t)(at - out);
}
