/* SPDX-License-Identifier: MIT */
/* access_line.c - proto/access_line.c: a line that nobody can break, whatever a client sent. */
#include "proto/access_line.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "proto/ws_utf8.h"

TestSuite(access_line, .timeout = 60);

static struct addr peer;
static char line[ACCESS_LINE + 1];

static struct access_text text(const char *s)
{
	return (struct access_text){ s, strlen(s) };
}

static struct access_entry entry(void)
{
	peer.sa.sa_family = AF_INET;
	inet_pton(AF_INET, "192.0.2.1", &peer.in.sin_addr);
	return (struct access_entry){
		.now = 1795373124.25,            /* 2026-11-22 18:45:24.25 */
		.peer = &peer,
		.method = text("GET"),
		.target = text("/a?b=c"),
		.protocol = text("HTTP/1.1"),
		.host = text("a.example"),
		.service = "web",
		.handler = "web /",
		.worker = 3,
		.status = 200,
		.bytes = 1234567890123,
		.took = 1002003004,
		.whole = true,
	};
}

static const char *combined(const struct access_entry *e)
{
	struct access_clock clock = {0};

	size_t len = access_line_combined(e, &clock, line);
	cr_assert_leq(len, ACCESS_LINE);
	line[len] = '\0';
	return line;
}

static const char *json(const struct access_entry *e)
{
	struct access_clock clock = {0};

	size_t len = access_line_json(e, &clock, line);
	cr_assert_leq(len, ACCESS_LINE);
	line[len] = '\0';
	return line;
}

/* ---- a usual request ---- */

Test(access_line, combined_is_what_everybody_reads)
{
	struct access_entry e = entry();

	cr_assert_str_eq(combined(&e), "192.0.2.1 - - [22/Nov/2026:18:45:24 +0000] "
		"\"GET /a?b=c HTTP/1.1\" 200 1234567890123 \"-\" \"-\"\n");
	e.referer = text("http://r.example/");
	e.agent = text("curl/7.88.1");
	e.status = 0;
	e.bytes = 0;
	cr_assert_str_eq(combined(&e), "192.0.2.1 - - [22/Nov/2026:18:45:24 +0000] "
		"\"GET /a?b=c HTTP/1.1\" - 0 \"http://r.example/\" \"curl/7.88.1\"\n");
}

Test(access_line, json_has_every_key)
{
	struct access_entry e = entry();

	cr_assert_str_eq(json(&e), "{\"time\":\"2026-11-22T18:45:24.250Z\",\"peer\":\"192.0.2.1\","
		"\"method\":\"GET\",\"target\":\"/a?b=c\",\"protocol\":\"HTTP/1.1\","
		"\"host\":\"a.example\",\"referer\":null,\"user_agent\":null,"
		"\"status\":200,\"bytes\":1234567890123,\"duration\":1.002003,\"whole\":true,"
		"\"service\":\"web\",\"handler\":\"web /\",\"worker\":3}\n");
}

Test(access_line, a_request_that_was_not_read_shows_its_line)
{
	struct access_entry e = entry();

	e.method = e.target = e.protocol = e.host = (struct access_text){0};
	e.handler = NULL;
	e.status = 400;
	cr_assert_not_null(strstr(combined(&e), "] \"-\" 400 "));
	cr_assert_not_null(strstr(json(&e), "\"method\":null,\"target\":null,\"protocol\":null,\"host\":null"));
	cr_assert_not_null(strstr(json(&e), "\"handler\":null"));
	e.line = text("GET  /");
	cr_assert_not_null(strstr(combined(&e), "] \"GET  /\" 400 "));
	cr_assert_not_null(strstr(json(&e), "\"protocol\":null,\"line\":\"GET  /\",\"host\":null"));
}

Test(access_line, addresses_are_without_their_port)
{
	struct access_entry e = entry();

	inet_pton(AF_INET, "255.0.10.1", &peer.in.sin_addr);
	cr_assert_eq(strncmp(combined(&e), "255.0.10.1 - -", 14), 0);
	peer = (struct addr){ .in6 = { .sin6_family = AF_INET6, .sin6_port = htons(80) } };
	inet_pton(AF_INET6, "2001:db8::7", &peer.in6.sin6_addr);
	cr_assert_eq(strncmp(combined(&e), "2001:db8::7 - -", 15), 0);
	cr_assert_not_null(strstr(json(&e), "\"peer\":\"2001:db8::7\""));
}

Test(access_line, the_clock_goes_on)
{
	struct access_clock clock = {0};
	struct access_entry e = entry();

	access_line_json(&e, &clock, line);
	e.now += 0.7499;
	line[access_line_json(&e, &clock, line)] = '\0';
	cr_assert_not_null(strstr(line, "18:45:24.999Z"));
	e.now = 1798761600.0;
	line[access_line_combined(&e, &clock, line)] = '\0';
	cr_assert_not_null(strstr(line, "[01/Jan/2027:00:00:00 +0000]"));
	line[access_line_json(&e, &clock, line)] = '\0';
	cr_assert_not_null(strstr(line, "\"2027-01-01T00:00:00.000Z\""));
}

/* ---- hostile bytes ---- */

Test(access_line, hostile_bytes_are_escaped)
{
	static const struct { const char *sent; size_t len; const char *combined, *json; } cases[] = {
		{ "a\"b\\c", 5, "a\\\"b\\\\c", "a\\\"b\\\\c" },
		{ "a\nb\r", 4, "a\\x0ab\\x0d", "a\\u000ab\\u000d" },
		{ "\0\x1b[2J", 5, "\\x00\\x1b[2J", "\\\\x00\\u001b[2J" },
		{ "\x7f\t", 2, "\\x7f\\x09", "\\u007f\\u0009" },
		{ "\xc3\xa4", 2, "\\xc3\\xa4", "\xc3\xa4" },
		{ "\xe2\x82\xac\xf0\x9d\x84\x9e", 7, "\\xe2\\x82\\xac\\xf0\\x9d\\x84\\x9e",
			"\xe2\x82\xac\xf0\x9d\x84\x9e" },
		{ "\xc2\x9b" "2J", 4, "\\xc2\\x9b2J", "\\u009b2J" },             /* C1: CSI */
		{ "\xff\xfe", 2, "\\xff\\xfe", "\\\\xff\\\\xfe" },
		{ "\xc3", 1, "\\xc3", "\\\\xc3" },                             /* cut */
		{ "\xe2\x82", 2, "\\xe2\\x82", "\\\\xe2\\\\x82" },
		{ "\xc0\x80", 2, "\\xc0\\x80", "\\\\xc0\\\\x80" },             /* overlong */
		{ "\xed\xa0\x80", 3, "\\xed\\xa0\\x80", "\\\\xed\\\\xa0\\\\x80" },   /* a surrogate */
		{ "\x80" "a", 2, "\\x80a", "\\\\x80a" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct access_entry e = entry();
		char wanted[128];

		e.agent = (struct access_text){ cases[i].sent, cases[i].len };
		snprintf(wanted, sizeof(wanted), " \"-\" \"%s\"\n", cases[i].combined);
		cr_assert_not_null(strstr(combined(&e), wanted), "%zu: %s", i, line);
		snprintf(wanted, sizeof(wanted), "\"user_agent\":\"%s\",", cases[i].json);
		cr_assert_not_null(strstr(json(&e), wanted), "%zu: %s", i, line);
	}
}

static size_t fields_in_quotes(const char *s)
{
	size_t quotes = 0;

	for (; *s; s++) {
		quotes += *s == '"';
		s += *s == '\\' && s[1];
	}
	return quotes;
}

/* Whatever stands in every field, for ever so long. */
Test(access_line, no_bytes_break_a_line)
{
	static char noise[20000];
	unsigned seed = 1;

	for (int round = 0; round < 2000; round++) {
		struct access_entry e = entry();
		size_t len = (size_t)(round % 100) * 200;

		for (size_t i = 0; i < len; i++)
			noise[i] = (char)(round % 3 == 0 ? "\"\\\n\xff"[rand_r(&seed) % 4] : rand_r(&seed));
		e.method = e.target = e.protocol = e.host = e.referer = e.agent = (struct access_text){ noise, len };
		if (round % 2)
			e.method.at = NULL;
		e.line = e.target;
		const char *c = combined(&e);
		cr_assert_eq(strchr(c, '\n'), c + strlen(c) - 1, "round %d", round);
		cr_assert_eq(fields_in_quotes(c), 6, "round %d: %s", round, c);
		for (const char *at = c; *at != '\n'; at++)
			cr_assert(*at >= ' ' && *at < 0x7f);
		const char *j = json(&e);
		cr_assert_eq(strchr(j, '\n'), j + strlen(j) - 1, "round %d", round);
		cr_assert(ws_utf8_valid(j, strlen(j)));
		json_t *o = json_loads(j, JSON_REJECT_DUPLICATES, NULL);
		cr_assert_not_null(o, "round %d: %s", round, j);
		cr_assert_eq(json_object_size(o), round % 2 ? 16 : 15);
		json_decref(o);
	}
}

Test(access_line, what_is_too_long_is_cut_and_says_so)
{
	struct access_entry e = entry();
	static char many[5000];

	memset(many, 'x', sizeof(many));
	e.target = (struct access_text){ many, sizeof(many) };
	cr_assert_not_null(strstr(combined(&e), "xxx... HTTP/1.1\" 200 "));
	cr_assert_not_null(strstr(json(&e), "xxx...\",\"protocol\":\"HTTP/1.1\""));
	memset(many, '\"', sizeof(many));        /* not within one that is escaped */
	cr_assert_not_null(strstr(combined(&e), "\\\"\\\"... HTTP/1.1\" 200 "));
	e.target.len = 100;
	cr_assert_null(strstr(combined(&e), "..."));
}
