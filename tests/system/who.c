/* SPDX-License-Identifier: MIT */
/* who.c - portico who: what holds a port, and whether another could. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "server.h"
#include "who_rig.h"

WHO_SUITE(who);

enum { NOBODY = 65534, DAEMON = 1 };

static const json_t *flag_of(const json_t *socket, const char *name)
{
	return json_object_get(socket, name);
}

static void assert_says(uid_t uid, const char *port, const char *sentence)
{
	const char *text = who_said(uid, port);

	cr_assert_not_null(strstr(text, sentence), "not \"%s\" but %s", sentence, text);
}

/* ---- free ports ---- */

Test(who, a_free_port_can_be_bound_by_any_process)
{
	json_t *told = who_asked(NOBODY, "8080/tcp");

	cr_assert_eq(who_count(told), 0);
	cr_assert_str_eq(who_with(who_place(told, "0.0.0.0:8080"), "plain"), "yes");
	cr_assert_str_eq(who_with(who_place(told, "[::]:8080"), "plain"), "yes");
	cr_assert(who_was_tried(who_place(told, "0.0.0.0:8080"), "plain"));
	json_decref(told);
	assert_says(NOBODY, "8080/udp", "udp port 8080: nobody can another process listen there? "
		"yes: any process can bind 0.0.0.0:8080 and [::]:8080 v6only, which are free (tried)");
}

Test(who, a_low_port_needs_a_capability)
{
	json_t *told = who_asked(NOBODY, "80/tcp");

	cr_assert_str_eq(who_word(who_place(told, "0.0.0.0:80"), "answer"), "no");
	json_decref(told);
	assert_says(NOBODY, "80/tcp", "no: another process of uid 65534 nobody cannot bind 0.0.0.0:80 "
		"now (tried: Permission denied): ports under 1024 need CAP_NET_BIND_SERVICE");
	assert_says(0, "80/tcp", "yes: any process with CAP_NET_BIND_SERVICE, as root has, can bind "
		"0.0.0.0:80");
}

Test(who, both_protocols_are_told_unless_one_is_named)
{
	const char *text = who_said(0, "8080");

	cr_assert_not_null(strstr(text, "tcp port 8080"));
	cr_assert_not_null(strstr(text, "udp port 8080"));
	text = who_said(0, "8080/udp");
	cr_assert_null(strstr(text, "tcp port 8080"));
}

Test(who, a_port_has_a_name)
{
	if (!getservbyname("domain", "udp"))
		SKIP_TEST("there is no /etc/services");
	assert_says(0, "domain/udp", "udp port 53: nobody");
	assert_says(0, "http/tcp", "tcp port 80: nobody");
}

Test(who, what_is_no_port_is_refused)
{
	static const char *const wrong[] = { NULL, "", "0", "70000", "8080/sctp", "8080/",
		"/udp", "no-such-service", "80x" };
	struct outcome o;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		portico_ends(&o, NULL, "who", wrong[i], NULL);
		cr_assert_eq(o.code, EX_USAGE, "%s gave %d", wrong[i], o.code);
		cr_assert_not_null(strstr(o.err, "who needs a port from 1 to 65535"), "%s", o.err);
	}
}

/* ---- the flag ---- */

Test(who, with_the_flag_the_same_user_can_share)
{
	pid_t pid = who_hold("0.0.0.0", 8080, HOLD_REUSEPORT, 0);
	json_t *told = who_asked(0, "8080/tcp"), *s = who_socket(told, 0);

	cr_assert_eq(who_count(told), 1);
	cr_assert_str_eq(who_word(s, "address"), "0.0.0.0:8080");
	cr_assert_str_eq(who_word(s, "state"), "listen");
	cr_assert_eq(who_number(s, "limit"), 5);
	cr_assert_eq(who_number(s, "group"), 1);
	cr_assert(json_is_true(flag_of(s, "reuseport")));
	cr_assert(who_is_held_by(s, pid));
	json_t *holder = json_array_get(json_object_get(s, "holders"), 0);
	cr_assert_str_eq(who_word(holder, "program"), "holder");
	json_decref(told);
	assert_says(0, "8080/tcp", "yes: another process of uid 0 root that sets SO_REUSEPORT can bind "
		"0.0.0.0:8080 now (tried); without it: no (Address already in use)");
}

Test(who, without_the_flag_nobody_can)
{
	pid_t pid = who_hold("0.0.0.0", 8080, HOLD_REUSEADDR, 0);
	char sentence[256];
	json_t *told = who_asked(0, "8080/tcp");

	cr_assert(json_is_false(flag_of(who_socket(told, 0), "reuseport")));
	cr_assert(json_is_true(flag_of(who_socket(told, 0), "reuseaddr")));
	cr_assert(json_is_null(flag_of(who_socket(told, 0), "group")));
	json_decref(told);
	snprintf(sentence, sizeof(sentence), "no: another process of uid 0 root cannot bind "
		"0.0.0.0:8080 now (tried: Address already in use): holder (pid %d) holds it without "
		"SO_REUSEPORT", (int)pid);
	assert_says(0, "8080/tcp", sentence);
}

/* An ordinary user finds out by trying what it may not see. */
Test(who, an_ordinary_user_learns_the_flag_of_its_own_sockets_by_trying)
{
	who_hold("0.0.0.0", 8080, HOLD_REUSEPORT, NOBODY);
	who_hold("0.0.0.0", 8081, 0, NOBODY);
	json_t *told = who_asked(NOBODY, "8080/tcp");
	cr_assert_eq(json_array_size(json_object_get(who_socket(told, 0), "holders")), 0,
		"it changed its user, and is root's to look at");
	cr_assert(json_is_true(flag_of(who_socket(told, 0), "reuseport")));
	json_decref(told);
	told = who_asked(NOBODY, "8081/tcp");
	cr_assert(json_is_false(flag_of(who_socket(told, 0), "reuseport")));
	json_decref(told);
}

Test(who, groups_are_numbered)
{
	who_hold("127.0.0.1", 8080, HOLD_REUSEPORT, 0);
	who_hold("127.0.0.1", 8080, HOLD_REUSEPORT, 0);
	who_hold("127.0.0.2", 8080, HOLD_REUSEPORT, 0);
	who_hold("127.0.0.3", 8080, 0, 0);
	json_t *told = who_asked(0, "8080/tcp");
	long long group_of[4] = { 0 };
	size_t i;
	json_t *s;

	json_array_foreach(json_object_get(told, "sockets"), i, s) {
		unsigned last = 0;
		cr_assert_eq(sscanf(who_word(s, "address"), "127.0.0.%u", &last), 1);
		cr_assert(last >= 1 && last <= 3);
		long long group = json_integer_value(json_object_get(s, "group"));
		cr_assert(group_of[last] == 0 || group_of[last] == group);
		group_of[last] = group;
	}
	cr_assert_eq(i, 4);
	cr_assert_eq(group_of[1] + group_of[2], 3, "groups 1 and 2");
	cr_assert_eq(group_of[3], 0);
	json_decref(told);
	assert_says(0, "8080/tcp", "tcp port 8080: 4 sockets in 2 groups");
}

/* ---- users ---- */

Test(who, another_user_cannot_share)
{
	who_hold("0.0.0.0", 8080, HOLD_REUSEPORT, NOBODY);
	json_t *told = who_asked(DAEMON, "8080/tcp");

	cr_assert_str_eq(who_word(who_place(told, "0.0.0.0:8080"), "answer"), "no");
	cr_assert_eq(who_number(who_socket(told, 0), "uid"), NOBODY);
	cr_assert_gt(who_number(told, "processes_not_seen"), 0);
	json_decref(told);
	assert_says(DAEMON, "8080/tcp", "no: another process of uid 1 daemon cannot bind 0.0.0.0:8080 "
		"now (tried: Address already in use): a process of uid 65534 nobody that may not be seen "
		"holds it, and SO_REUSEPORT shares with the same user only");
	assert_says(NOBODY, "8080/tcp", "yes: another process of uid 65534 nobody that sets "
		"SO_REUSEPORT can bind 0.0.0.0:8080 now (tried)");
}

/* Nobody tells, but there is no other way for two to listen. */
Test(who, two_that_listen_on_one_address_must_have_the_flag)
{
	who_hold("0.0.0.0", 8080, HOLD_REUSEPORT, NOBODY);
	json_t *told = who_asked(DAEMON, "8080/tcp");
	cr_assert(json_is_null(flag_of(who_socket(told, 0), "reuseport")));
	json_decref(told);
	who_hold("0.0.0.0", 8080, HOLD_REUSEPORT, NOBODY);
	told = who_asked(DAEMON, "8080/tcp");
	cr_assert(json_is_true(flag_of(who_socket(told, 0), "reuseport")));
	cr_assert_eq(who_number(who_socket(told, 1), "group"), 1);
	json_decref(told);
}

/* Root can become anybody, so it is told what that user could do. */
Test(who, root_tries_as_the_user_who_is_there)
{
	who_hold("0.0.0.0", 8080, HOLD_REUSEPORT, NOBODY);
	assert_says(0, "8080/tcp", "yes: another process of uid 65534 nobody that sets SO_REUSEPORT "
		"can bind 0.0.0.0:8080 now (tried)");
}

/* systemd's way: one process makes the socket, another one serves it. */
Test(who, a_socket_is_its_makers_though_another_process_has_it)
{
	int fd = who_bind("0.0.0.0", 8080, HOLD_REUSEPORT, 0);
	pid_t heir = who_hold("127.0.0.1", 9999, 0, NOBODY);

	close(fd);
	json_t *told = who_asked(0, "8080/tcp"), *s = who_socket(told, 0);
	cr_assert_eq(who_number(s, "uid"), 0);
	cr_assert(who_is_held_by(s, heir));
	cr_assert_not(who_is_held_by(s, getpid()));
	json_t *holder = json_array_get(json_object_get(s, "holders"), 0);
	cr_assert_eq(who_number(holder, "uid"), NOBODY);
	json_decref(told);
	assert_says(0, "8080/tcp", "yes: another process of uid 0 root that sets SO_REUSEPORT");
	assert_says(NOBODY, "8080/tcp", "holds it, and SO_REUSEPORT shares with the same user only");
}

/* ---- addresses ---- */

Test(who, a_wildcard_covers_an_address_and_the_other_way_round)
{
	who_hold("127.0.0.1", 8080, 0, 0);
	json_t *told = who_asked(0, "8080/tcp");

	cr_assert_str_eq(who_word(who_place(told, "127.0.0.1:8080"), "answer"), "no");
	cr_assert_str_eq(who_word(who_place(told, "0.0.0.0:8080"), "answer"), "no");
	cr_assert_str_eq(who_with(who_place(told, "[::]:8080"), "plain"), "yes");
	json_decref(told);
	assert_says(0, "8080/tcp", "holds 127.0.0.1:8080, which it would cover, without SO_REUSEPORT");
	who_hold("::", 8081, HOLD_V6ONLY, 0);
	who_hold("::1", 8082, 0, 0);
	assert_says(0, "8081/tcp", "can bind 0.0.0.0:8081, which is free (tried)");
	assert_says(0, "8082/tcp", "holds [::1]:8082, which it would cover, without SO_REUSEPORT");
}

Test(who, a_wildcard_beside_an_address_is_another_group)
{
	who_hold("127.0.0.1", 8080, HOLD_REUSEPORT, 0);
	assert_says(0, "8080/tcp", "can bind 0.0.0.0:8080 now (tried); without it: no (Address already "
		"in use); in a group of its own: what comes to 127.0.0.1:8080 stays with holder");
}

Test(who, ipv6_may_be_ipv4_too)
{
	who_hold("::", 8080, 0, 0);
	json_t *told = who_asked(0, "8080/tcp");

	cr_assert(json_is_false(flag_of(who_socket(told, 0), "v6only")));
	cr_assert_str_eq(who_word(who_place(told, "0.0.0.0:8080"), "answer"), "no");
	json_decref(told);
	assert_says(0, "8080/tcp",
		"holds [::]:8080 and IPv4, which covers IPv4 because it is not v6only, without SO_REUSEPORT");
	who_hold("::", 8081, HOLD_V6ONLY, 0);
	told = who_asked(0, "8081/tcp");
	cr_assert(json_is_true(flag_of(who_socket(told, 0), "v6only")));
	cr_assert_str_eq(who_with(who_place(told, "0.0.0.0:8081"), "plain"), "yes");
	json_decref(told);
	who_hold("::", 8082, HOLD_REUSEPORT, 0);
	assert_says(0, "8082/tcp", "in a group of its own, which takes what is IPv4 from holder");
}

Test(who, a_device_is_told)
{
	who_hold("0.0.0.0", 8080, HOLD_REUSEPORT | HOLD_ON_LO, 0);
	json_t *told = who_asked(0, "8080/tcp");

	cr_assert_str_eq(who_word(who_socket(told, 0), "device"), "lo");
	json_decref(told);
	assert_says(0, "8080/tcp", "can bind 0.0.0.0:8080 on lo now (tried)");
}

/* ---- what is neither held nor free ---- */

static void leave_time_wait(int port, int flags)
{
	char byte;
	int fd = who_bind("127.0.0.1", port, flags, 0);
	int client = client_connect(port), server = accept(fd, NULL, NULL);

	cr_assert_geq(server, 0);
	close(server);
	cr_assert_eq(read(client, &byte, 1), 0);
	close(client);
	close(fd);
}

static bool has_time_wait(void *port)
{
	json_t *told = who_asked(0, port);
	bool has = who_number(told, "time_wait") == 1;

	json_decref(told);
	return has;
}

Test(who, a_connection_that_lingers_needs_reuseaddr)
{
	leave_time_wait(8080, HOLD_REUSEADDR);
	cr_assert(wait_until(has_time_wait, "8080/tcp", PATIENCE));
	json_t *told = who_asked(0, "8080/tcp"), *place = who_place(told, "0.0.0.0:8080");

	cr_assert_eq(who_count(told), 0);
	cr_assert_str_eq(who_with(place, "plain"), "no");
	cr_assert_str_eq(who_with(place, "reuseaddr"), "yes");
	json_decref(told);
	assert_says(0, "8080/tcp", "yes: a process that sets SO_REUSEADDR can bind 0.0.0.0:8080 now "
		"(tried); without it: no (Address already in use): nobody listens, but of earlier "
		"connections 0 are open and 1 in TIME_WAIT");
}

/* It takes two: who left it behind must have had the flag as well. */
Test(who, a_connection_of_a_program_without_reuseaddr_lets_nobody_in)
{
	leave_time_wait(8080, 0);
	cr_assert(wait_until(has_time_wait, "8080/tcp", PATIENCE));
	assert_says(0, "8080/tcp", "no: another process of uid 0 root cannot bind 0.0.0.0:8080 now "
		"(tried: Address already in use): of a program without SO_REUSEADDR 0 connections are open "
		"and 1 in TIME_WAIT");
}

Test(who, a_socket_that_does_not_listen_yet_is_told)
{
	pid_t pid = who_hold("0.0.0.0", 8080, HOLD_REUSEADDR | HOLD_BOUND_ONLY, 0);
	json_t *told = who_asked(0, "8080/tcp");

	if (who_count(told) == 0)
		SKIP_TEST("this kernel does not tell: it is older than Linux 6.8");
	cr_assert_str_eq(who_word(who_socket(told, 0), "state"), "bound");
	cr_assert(who_is_held_by(who_socket(told, 0), pid));
	json_decref(told);
	assert_says(0, "8080/tcp", "has bound it too, and only the first that listens gets it");
}

/* ---- UDP ---- */

Test(who, a_udp_group_is_judged_and_not_tried)
{
	who_hold("0.0.0.0", 5300, HOLD_UDP | HOLD_REUSEPORT, 0);
	json_t *told = who_asked(0, "5300/udp"), *place = who_place(told, "0.0.0.0:5300");

	cr_assert_str_eq(who_with(place, "reuseport"), "yes");
	cr_assert_not(who_was_tried(place, "reuseport"));
	cr_assert_str_eq(who_with(place, "plain"), "no");
	cr_assert(who_was_tried(place, "plain"));
	cr_assert_str_eq(who_with(place, "reuseaddr"), "no");
	json_decref(told);
	assert_says(0, "5300/udp", "yes: another process of uid 0 root that sets SO_REUSEPORT can bind "
		"0.0.0.0:5300 now (not tried: it would take datagrams at once); without it: no");
}

Test(who, a_udp_port_with_reuseaddr_is_everybodys)
{
	who_hold("0.0.0.0", 5353, HOLD_UDP | HOLD_REUSEADDR, NOBODY);
	json_t *told = who_asked(0, "5353/udp"), *place = who_place(told, "0.0.0.0:5353");

	cr_assert_str_eq(who_with(place, "reuseaddr"), "yes");
	cr_assert_not(who_was_tried(place, "reuseaddr"));
	cr_assert_str_eq(who_with(place, "reuseport"), "no");
	json_decref(told);
	/* It is so: the kernel lets another user in. */
	close(who_bind("0.0.0.0", 5353, HOLD_UDP | HOLD_REUSEADDR, DAEMON));
}

Test(who, what_a_user_may_not_see_of_udp_is_unknown)
{
	who_hold("0.0.0.0", 5300, HOLD_UDP | HOLD_REUSEPORT, NOBODY);
	json_t *told = who_asked(NOBODY, "5300/udp");

	cr_assert(json_is_null(flag_of(who_socket(told, 0), "reuseport")));
	cr_assert_str_eq(who_word(who_place(told, "0.0.0.0:5300"), "answer"), "unknown");
	json_decref(told);
	assert_says(NOBODY, "5300/udp", "unknown: 0.0.0.0:5300 is held by");
	told = who_asked(DAEMON, "5300/udp");
	cr_assert_str_eq(who_word(who_place(told, "0.0.0.0:5300"), "answer"), "no",
		"whatever its flag is: the user is another one");
	json_decref(told);
}

/* ---- how it looks ---- */

Test(who, the_text_fits_a_hundred_columns)
{
	static const char wide[] = "::ffff:127.123.124.125";

	for (int i = 0; i < 20; i++)
		who_hold(wide, 65535, HOLD_REUSEPORT, NOBODY);
	int fd = who_bind("::", 8080, 0, 0);
	for (int i = 0; i < 20; i++)
		who_hold("127.0.0.1", 9000 + i, 0, 0);     /* they inherit fd */
	for (int i = 0; i < 2; i++) {
		who_said(0, i ? "8080" : "65535");
		for (const char *line = read_file(path_of("out")); *line;) {
			size_t len = strcspn(line, "\n");
			cr_assert_leq(len, 100u, "%.*s", (int)len, line);
			line += len + (line[len] == '\n');
		}
	}
	close(fd);
}
