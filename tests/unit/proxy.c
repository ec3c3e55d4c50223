/* SPDX-License-Identifier: MIT */
/* proxy.c - proto/proxy.c: who passes the gate of a service behind proxies, and as whom. */
#include "proto/proxy.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "rig.h"
#include "sys/counts.h"

#define HEADER "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n"
#define BINARY "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\x00\x02\x07\xc6\x33\x64\x01\x12\x67\x01\xbb"

static struct proxy_gate gate;
static struct stream_kind kind;
static struct limits limits;
static struct counts counts;
static struct network from;
static struct client client;

static unsigned passed;
static int fd = -1;              /* of the last one that passed */
static char as[ADDR_TEXT];

static void on_passed(void *owner, int given, const struct addr *who)
{
	cr_assert_eq(owner, &gate);
	if (fd >= 0)
		close(fd);
	fd = given;
	addr_format(who, as);
	passed++;
}

static void open_gate(double seconds)
{
	const char *why;

	gate = (struct proxy_gate){
		.kind = &kind, .limits = &limits, .from = &from, .from_count = 1, .service = "web",
		.passed = on_passed, .owner = &gate,
	};
	cr_assert_eq(network_parse("127.0.0.0/8", &from, &why), 0);
	proxy_gate_init(&gate, rig.loop, seconds);
}

static void set_up(void)
{
	static const struct stream_ops nothing;

	rig_up();
	stream_kind_init(&kind, &rig.hub, &nothing, 0., 0.);
	kind.counts = &counts;
	limits_init(&limits, 0, 0);
	open_gate(60.);
}

static void tear_down(void)
{
	proxy_gate_abort(&gate);
	cr_assert_eq(limits.open, 0, "a place is left");
	proxy_gate_fini(&gate);
	stream_kind_fini(&kind);
	limits_fini(&limits);
	client_fini(&client);
	if (fd >= 0)
		close(fd);
	rig_down();
}

TestSuite(proxy, .init = set_up, .fini = tear_down, .timeout = 30);

static void connect_client(void)
{
	client_fini(&client);
	proxy_gate_accept(&gate, client_tcp(&client), &rig.peer);
}

static void says(const void *bytes, size_t len)
{
	cr_assert_eq(send(client.fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
	rig_turns(3);
}

static void finds(const char *rest)
{
	char got[256] = "";

	cr_assert_eq(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT), (ssize_t)strlen(rest));
	cr_assert_str_eq(got, rest);
}

static void is_refused(enum count_error why)
{
	cr_assert_eq(passed, 0);
	client_is_cut(&client);
	cr_assert_eq(counts.errors[why], 1);
	cr_assert_eq(counts.closed, 1);
	cr_assert_eq(rig.hub.streams, 0);
}

/* ---- who passes ---- */

Test(proxy, tells_who_the_client_is_and_takes_nothing_behind_the_header)
{
	connect_client();
	says(HEADER "GET / HTTP/1.1", sizeof(HEADER "GET / HTTP/1.1") - 1);
	cr_assert_eq(passed, 1);
	cr_assert_str_eq(as, "192.0.2.7:4711");
	finds("GET / HTTP/1.1");
	connect_client();
	says(BINARY "\x16\x03\x01", sizeof(BINARY "\x16\x03\x01") - 1);
	cr_assert_eq(passed, 2);
	cr_assert_str_eq(as, "192.0.2.7:4711");
	finds("\x16\x03\x01");
	cr_assert_eq(counts.closed, 0);
}

static void goes_through_cut_at(const char *bytes, size_t len, size_t cut)
{
	passed = 0;
	as[0] = '\0';
	connect_client();
	says(bytes, cut);
	cr_assert_eq(passed, 0, "cut at %zu", cut);
	cr_assert_eq(rig.hub.streams, 1);
	says(bytes + cut, len - cut);
	cr_assert_eq(passed, 1, "cut at %zu", cut);
	cr_assert_str_eq(as, "192.0.2.7:4711");
	finds("rest");
}

Test(proxy, a_header_may_come_in_pieces)
{
	for (size_t cut = 1; cut < sizeof(HEADER) - 1; cut++)
		goes_through_cut_at(HEADER "rest", sizeof(HEADER "rest") - 1, cut);
	for (size_t cut = 1; cut < sizeof(BINARY) - 1; cut++)
		goes_through_cut_at(BINARY "rest", sizeof(BINARY "rest") - 1, cut);
}

Test(proxy, a_header_may_come_byte_by_byte)
{
	connect_client();
	for (size_t i = 0; i < sizeof(BINARY) - 1; i++) {
		cr_assert_eq(passed, 0);
		says(&BINARY[i], 1);
	}
	cr_assert_eq(passed, 1);
}

Test(proxy, half_a_header_keeps_nobody_busy)
{
	connect_client();
	says(HEADER, 20);
	rig_sleeps();
	cr_assert_eq(passed, 0);
}

Test(proxy, who_is_not_told_is_who_the_socket_says)
{
	connect_client();
	says("PROXY UNKNOWN\r\n", 15);
	cr_assert_eq(passed, 1);
	cr_assert_str_eq(as, "127.0.0.1:4711");
}

Test(proxy, the_header_is_there_before_a_blocked_loop_looks_at_its_clock)
{
	proxy_gate_fini(&gate);
	open_gate(0.1);
	connect_client();
	cr_assert_eq(send(client.fd, HEADER, sizeof(HEADER) - 1, MSG_NOSIGNAL), sizeof(HEADER) - 1);
	rig_block(0.3);
	rig_turns(5);
	cr_assert_eq(passed, 1);
	cr_assert_eq(counts.errors[ERROR_TIMEOUT], 0);
}

/* ---- who does not ---- */

Test(proxy, strangers_are_refused_before_they_say_a_word)
{
	struct addr stranger = rig.peer;

	stranger.in.sin_addr.s_addr = htonl(0xc0000201);
	proxy_gate_accept(&gate, client_tcp(&client), &stranger);
	is_refused(ERROR_REFUSED);
}

Test(proxy, whether_there_is_a_header_is_not_guessed)
{
	connect_client();
	says("G", 1);
	is_refused(ERROR_PROTOCOL);
}

Test(proxy, what_begins_well_and_ends_badly_is_refused)
{
	connect_client();
	says(HEADER, 20);
	says("\n", 1);
	is_refused(ERROR_PROTOCOL);
}

Test(proxy, an_end_in_the_middle_is_an_error_and_one_before_it_is_none)
{
	connect_client();
	client_ends(&client);
	rig_turns(3);
	client_sees_the_end(&client);
	cr_assert_eq(counts.closed, 1);
	cr_assert_eq(counts.errors[ERROR_PROTOCOL], 0);
	counts.closed = 0;
	connect_client();
	says(HEADER, 20);
	client_ends(&client);
	rig_turns(3);
	is_refused(ERROR_PROTOCOL);
}

Test(proxy, a_reset_is_counted_as_one)
{
	connect_client();
	client_dies(&client);
	rig_turns(3);
	cr_assert_eq(counts.errors[ERROR_RESET], 1);
	cr_assert_eq(counts.closed, 1);
	cr_assert_eq(rig.hub.streams, 0);
}

Test(proxy, the_silent_go_when_their_time_is_up)
{
	proxy_gate_fini(&gate);
	open_gate(0.1);
	connect_client();
	rig_pass(0.3);
	is_refused(ERROR_TIMEOUT);
}

Test(proxy, a_byte_now_and_then_is_no_more_time)
{
	proxy_gate_fini(&gate);
	open_gate(0.2);
	connect_client();
	for (int i = 0; i < 8; i++) {
		(void)send(client.fd, &HEADER[i], 1, MSG_NOSIGNAL);
		rig_pass(0.05);
	}
	is_refused(ERROR_TIMEOUT);
}

Test(proxy, the_end_of_a_service_ends_who_waits)
{
	struct client other = { .fd = -1 };

	connect_client();
	proxy_gate_accept(&gate, client_tcp(&other), &rig.peer);
	says(HEADER, 20);
	proxy_gate_abort(&gate);
	client_is_cut(&client);
	client_is_cut(&other);
	cr_assert_eq(counts.closed, 2);
	cr_assert_eq(rig.hub.streams, 0);
	client_fini(&other);
}

/* ---- bounds ---- */

Test(proxy, who_waits_has_a_place_among_all)
{
	struct client other = { .fd = -1 };

	limits_init(&limits, 1, 0);
	connect_client();
	cr_assert_eq(limits.open, 1);
	/* The service itself says no: it is full. */
	proxy_gate_accept(&gate, client_tcp(&other), &rig.peer);
	cr_assert_eq(passed, 1);
	cr_assert_eq(limits.open, 1);
	says(HEADER, sizeof(HEADER) - 1);
	cr_assert_eq(passed, 2);
	cr_assert_eq(limits.open, 0, "it is the service that enters it now");
	client_fini(&other);
}

static unsigned lines_in(int file)
{
	char text[4096];
	unsigned lines = 0;
	ssize_t n = pread(file, text, sizeof(text), 0);

	for (ssize_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

Test(proxy, many_refusals_are_one_line_of_a_kind)
{
	int file = memfd_create("log", MFD_CLOEXEC);
	struct addr stranger = rig.peer;

	log_to(file);
	stranger.in.sin_addr.s_addr = htonl(0xc0000201);
	for (int i = 0; i < 5; i++) {
		client_fini(&client);
		proxy_gate_accept(&gate, client_tcp(&client), &stranger);
	}
	for (int i = 0; i < 5; i++) {
		connect_client();
		says("GET /", 5);
	}
	cr_assert_eq(lines_in(file), 2);
	cr_assert_eq(gate.strangers.missed, 4);
	cr_assert_eq(gate.failures.missed, 4);
	cr_assert_eq(counts.errors[ERROR_REFUSED], 5);
	cr_assert_eq(counts.errors[ERROR_PROTOCOL], 5);
	log_to(STDERR_FILENO);
	close(file);
}
