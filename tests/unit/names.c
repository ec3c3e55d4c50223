/* SPDX-License-Identifier: MIT */
/* names.c - net/names.c: names, asked of a server that the test is; c-ares' clock is the rig's, too. */
#include "net/names.h"

#include <ares.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "no_memory.h"
#include "rig.h"

static struct names all;
static struct name name;
static struct name_asker asker;
static int server;

static void answered(struct name_asker *a)
{
	cr_assert_eq(a, &asker);
	rig_tell("%s:%u", name.error ? strerrorname_np(name.error) : "0", name.count);
}

static void ask_for(const char *host)
{
	name = (struct name){ .names = &all, .port = 7000 };
	strcpy(name.host, host);
	name_ask(&name, &asker);
}

static void set_up(void)
{
	rig_up();
	all = (struct names){ .loop = rig.loop };
	asker.answered = answered;
}

static void tear_down(void)
{
	names_fini(&all);
	rig_down();
}

TestSuite(names, .init = set_up, .fini = tear_down, .timeout = 30);

/* ---- the server ---- */

/* Of hosts that stand in no file; with a dot behind them they are searched in no domain. */
static void become_the_server(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(here);
	char text[32];

	server = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(server, (struct sockaddr *)&here, sizeof(here)), 0);
	cr_assert_eq(getsockname(server, (struct sockaddr *)&here, &len), 0);
	ask_for("localhost");
	cr_assert_not_null(all.channel);
	rig.story[0] = '\0';
	snprintf(text, sizeof(text), "127.0.0.1:%d", ntohs(here.sin_port));
	cr_assert_eq(ares_set_servers_ports_csv(all.channel, text), ARES_SUCCESS);
}

enum { HEAD = 12, TYPE_A = 1, TYPE_CNAME = 5 };

/* A record of the name that stands at offset owner; gives where the next one goes (RFC 1035, 4.1.3). */
static size_t put_record(unsigned char *m, size_t end, size_t owner, int type, int ttl, const void *data,
	size_t len)
{
	const unsigned char head[] = { 0xc0, (unsigned char)owner, 0, (unsigned char)type, 0, 1, 0, 0, 0,
		(unsigned char)ttl, 0, (unsigned char)len };

	memcpy(m + end, head, sizeof(head));
	memcpy(m + end + sizeof(head), data, len);
	m[7]++;
	return end + sizeof(head) + len;
}

/* Each host is another one for alias_ttl seconds, and that is 127.0.0.1 for address_ttl.  Gives how
 * many questions there were. */
static unsigned answer_all(int alias_ttl, int address_ttl)
{
	static const char other[] = "\5other\4test";
	static const unsigned char address[] = { 127, 0, 0, 1 };
	unsigned char m[512];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	unsigned count = 0;
	ssize_t n;

	for (; (n = recvfrom(server, m, 256, 0, (struct sockaddr *)&from, &from_len)) > HEAD; count++) {
		size_t end = (size_t)n;
		m[2] = 0x84;     /* an answer, of one who knows */
		m[3] = 0x80;
		memset(m + 6, 0, 6);
		bool is_a = m[end - 3] == TYPE_A;
		end = put_record(m, end, HEAD, TYPE_CNAME, alias_ttl, other, sizeof(other));
		if (is_a)
			end = put_record(m, end, end - sizeof(other), TYPE_A, address_ttl, address, sizeof(address));
		cr_assert_eq(sendto(server, m, end, 0, (struct sockaddr *)&from, from_len), (ssize_t)end);
	}
	rig_turns(3);
	return count;
}

/* ---- tests ---- */

Test(names, an_answer_holds_as_long_as_the_shortest_of_its_steps)
{
	static const int ttls[][2] = { { 60, 10 }, { 10, 60 } };

	become_the_server();
	for (int i = 0; i < 2; i++) {
		ask_for("backend.test.");
		cr_assert_eq(answer_all(ttls[i][0], ttls[i][1]), 2);
		rig_told("0:1");
		rig_pass(9.);
		name_ask(&name, &asker);
		rig_told("0:1");
		rig_pass(2.);
		name_ask(&name, &asker);
		rig_told("");
		cr_assert_eq(answer_all(ttls[i][0], ttls[i][1]), 2);
		rig_told("0:1");
	}
	close(server);
}

Test(names, a_server_that_cannot_be_heard_is_given_up)
{
	become_the_server();
	no_memory_for(sizeof(ev_io) + sizeof(void *));   /* of who watches its socket */
	ask_for("backend.test.");
	cr_assert(no_memory_was_told());
	rig_told("");
	rig_pass(60.);
	rig_told("EAGAIN:0");
	close(server);
}

Test(names, without_a_descriptor_it_is_not_known_who_is_to_be_asked)
{
	struct rlimit none, before;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ask_for("localhost");
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	rig_told("EMFILE:0");
	cr_assert_null(all.channel);
	rig_pass(2.);
	name_ask(&name, &asker);
	cr_assert_not_null(all.channel);
	cr_assert_gt(name.count, 0);
	rig.story[0] = '\0';
}
