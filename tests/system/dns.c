/* SPDX-License-Identifier: MIT */
/* dns.c - examples/dns.so: one zone, by UDP and TCP on one port number. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "server.h"

SYSTEM_SUITE(dns);

enum { PORT = 5353 };

#define DNS                                                                  \
	"[portico]\nworkers = 2\n"                                           \
	"[service dns]\nprotocol = udp\nlisten = 127.0.0.1:5353\n"           \
	"[handler dns]\nplugin = ${E}/dns.so\norigin = example.org\nfile = %s\n" \
	"[service dns_tcp]\nprotocol = tcp\nlisten = 127.0.0.1:5353\n"       \
	"[handler dns_tcp]\nplugin = ${E}/dns.so\norigin = example.org\nfile = %s\n"

static struct server *start(const char *more)
{
	char big[2048] = "";

	for (size_t i = 0, at = 0; i < 8; i++)
		at += (size_t)snprintf(big + at, sizeof(big) - at, "big.example.org 60 TXT %zu %0150d\n", i, 0);
	write_file("zone", "# of a test\n\nexample.org 300 A 192.0.2.1\nwww.example.org 60 A 192.0.2.2\n"
		"www.example.org 60 A 192.0.2.3\nwww.example.org 60 AAAA 2001:db8::1\n"
		"a.b.example.org 60 TXT two words\n%s%s", big, more);
	return server_start(DNS, path_of("zone"), path_of("zone"));
}

/* ---- dig ---- */

/* What dig says, static; "" and the test fails without it. */
static const char *dig(const char *what)
{
	static char out[16384];
	char command[512];
	size_t len = 0, n;

	snprintf(command, sizeof(command), "dig @127.0.0.1 -p %d +tries=2 +time=5 %s 2>&1", PORT, what);
	FILE *f = popen(command, "re");
	cr_assert_not_null(f);
	while ((n = fread(out + len, 1, sizeof(out) - 1 - len, f)) > 0)
		len += n;
	out[len] = '\0';
	cr_assert_eq(pclose(f), 0, "%s: %s", command, out);
	return out;
}

struct asked { const char *what, *says; };

static const struct asked all[] = {
	{ "www.example.org", "192.0.2.2" },
	{ "www.example.org", "192.0.2.3" },
	{ "www.example.org", "flags: qr aa rd;" },
	{ "WWW.eXample.ORG AAAA", "2001:db8::1" },
	{ "a.b.example.org TXT", "\"two words\"" },
	{ "b.example.org", "status: NOERROR" },                  /* a name is below it */
	{ "example.org TXT", "ANSWER: 0" },
	{ "no.example.org", "status: NXDOMAIN" },
	{ "example.com", "status: REFUSED" },
	{ "badexample.org", "status: REFUSED" },
	{ ".", "status: REFUSED" },
	{ "-c CH version.bind TXT", "status: REFUSED" },
	{ "+opcode=5 example.org", "status: NOTIMP" },
	{ "+edns=1 +noednsneg example.org", "status: BADVERS" },
	{ "+noedns +ignore big.example.org TXT", "flags: qr aa tc rd; QUERY: 1, ANSWER: 0" },
	{ "+bufsize=4096 +ignore big.example.org TXT", "flags: qr aa tc rd; QUERY: 1, ANSWER: 0" },
	{ "big.example.org TXT", "ANSWER: 8" },                  /* it comes again by TCP */
	{ "+noedns www.example.org", "ADDITIONAL: 0" },
};

Test(dns, answers_what_dig_asks_by_udp_and_tcp)
{
	struct server *s = start("");
	char by_tcp[128];

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		const char *said = dig(all[i].what);
		cr_assert_not_null(strstr(said, all[i].says), "%s: %s", all[i].what, said);
		if (strstr(all[i].says, " tc "))
			continue;
		snprintf(by_tcp, sizeof(by_tcp), "+tcp %s", all[i].what);
		said = dig(by_tcp);
		cr_assert_not_null(strstr(said, all[i].says), "%s: %s", by_tcp, said);
	}
	server_stop(s);
}

Test(dns, a_reload_reads_the_file_anew_and_a_bad_one_changes_nothing)
{
	struct server *s = start("");

	write_file("zone", "www.example.org 60 A 192.0.2.9\n");
	server_reload(s, DNS, path_of("zone"), path_of("zone"));
	server_await_generation(s, 2);
	cr_assert_str_eq(dig("+short www.example.org"), "192.0.2.9\n");
	write_file("zone", "www.example.org 60 A 192.0.2.10\nwww.example.com 60 A 192.0.2.1\n");
	server_reload(s, DNS, path_of("zone"), path_of("zone"));
	server_await(s, "zone:2: no record of it");
	server_await(s, "generation 2 goes on");
	cr_assert_str_eq(dig("+short www.example.org"), "192.0.2.9\n");
	server_stop(s);
}

/* ---- what dig would not send ---- */

#define ID "\x12\x34"
#define NAME "\7example\3org\0"
#define A_IN "\0\1\0\1"
#define COUNTS(qd) "\0" qd "\0\0\0\0\0\0"

struct odd {
	const char *query;
	size_t      len;
	int         code;        /* -1: no reply */
};

#define ODD(bytes, code) { "" bytes, sizeof(bytes) - 1, code }

static const struct odd odds[] = {
	ODD(ID "\1\0" COUNTS("\1") NAME A_IN, 0),
	ODD(ID, -1),
	ODD(ID "\x81\0" COUNTS("\1") NAME A_IN, -1),                     /* is a reply */
	ODD(ID "\1\0" COUNTS("\0"), 1),
	ODD(ID "\1\0" COUNTS("\2") NAME A_IN NAME A_IN, 1),
	ODD(ID "\1\0" COUNTS("\1"), 1),
	ODD(ID "\1\0" COUNTS("\1") "\7exam", 1),
	ODD(ID "\1\0" COUNTS("\1") NAME "\0\1\0", 1),
	ODD(ID "\1\0" COUNTS("\1") "\xc0\x0c" A_IN, 1),                  /* points to itself */
	ODD(ID "\1\0" COUNTS("\1") "\1a\xc0\4" A_IN, 1),
	ODD(ID "\1\0" COUNTS("\1") "\x41" "abc\0" A_IN, 1),
	ODD(ID "\1\0\0\1\0\1\0\0\0\0" NAME A_IN, 1),                     /* an answer in a query */
};

static void check(const struct odd *o, const unsigned char *reply, size_t len)
{
	cr_assert_geq(len, 12);
	cr_assert_eq(memcmp(reply, ID, 2), 0);
	cr_assert(reply[2] & 0x80);
	cr_assert_eq(reply[3] & 15, o->code, "number %zu: %d", (size_t)(o - odds), reply[3] & 15);
}

/* Who is to have none asks once more behind it, and hears the answer to that. */
Test(dns, what_is_none_is_told_so_or_dropped)
{
	static const char last[] = "\x43\x21\1\0" COUNTS("\1") NAME A_IN;
	struct server *s = start("");
	unsigned char reply[512];

	for (size_t i = 0; i < sizeof(odds) / sizeof(*odds); i++) {
		const struct odd *o = &odds[i];
		int fd = udp_client("127.0.0.1", PORT);
		if (o->code >= 0) {
			check(o, reply, udp_ask(fd, o->query, o->len, reply, sizeof(reply)));
		} else {
			client_send(fd, o->query, o->len);
			udp_ask(fd, last, sizeof(last) - 1, reply, sizeof(reply));
			cr_assert_eq(memcmp(reply, last, 2), 0);
		}
		close(fd);
	}
	server_stop(s);
}

static void send_framed(int fd, const char *query, size_t len)
{
	unsigned char frame[2 + 128] = { (unsigned char)(len >> 8), (unsigned char)len };

	memcpy(frame + 2, query, len);
	client_send(fd, frame, 2 + len);
}

static size_t read_framed(int fd, unsigned char *reply, size_t room)
{
	unsigned char head[2];

	client_read(fd, head, 2);
	size_t len = (size_t)head[0] << 8 | head[1];
	cr_assert_leq(len, room);
	client_read(fd, reply, len);
	return len;
}

Test(dns, tcp_takes_many_queries_and_ends_with_what_is_none)
{
	struct server *s = start("");
	unsigned char reply[512];

	for (size_t i = 0; i < sizeof(odds) / sizeof(*odds); i++) {
		int fd = client_connect(PORT);
		send_framed(fd, odds[0].query, odds[0].len);
		send_framed(fd, odds[i].query, odds[i].len);
		check(&odds[0], reply, read_framed(fd, reply, sizeof(reply)));
		if (odds[i].code >= 0)
			check(&odds[i], reply, read_framed(fd, reply, sizeof(reply)));
		else
			client_expect_end(fd, true);
		if (odds[i].code >= 0)
			close(fd);
	}
	int fd = client_connect(PORT);
	client_send(fd, "\xff\xff", 2);          /* no query is so long */
	client_expect_end(fd, true);
	fd = client_connect(PORT);               /* byte by byte */
	for (size_t i = 0; i < odds[0].len + 2; i++)
		client_send(fd, i == 0 ? "\0" : i == 1 ? (char[]){ (char)odds[0].len } : odds[0].query + i - 2, 1);
	check(&odds[0], reply, read_framed(fd, reply, sizeof(reply)));
	close(fd);
	server_stop(s);
}
