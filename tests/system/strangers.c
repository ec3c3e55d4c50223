/* SPDX-License-Identifier: MIT */
/* strangers.c - other programs on our addresses: refused at the start, seen later. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "operate.h"
#include "server.h"
#include "who_rig.h"

WHO_SUITE(strangers);

enum { NOBODY = 65534 };

#define WEB(share)                                                           \
	"[portico]\nworkers = 2\n"                                           \
	"[service web]\nprotocol = http\nlisten = %s:8080\n" share           \
	"[handler web /]\nplugin = ./who.so\n"
#define FLOWS                                                                \
	"[portico]\nworkers = 2\n"                                           \
	"[service web]\nprotocol = udp\nlisten = %s:8080\n"                  \
	"[handler web]\nplugin = ./who.so\n"

static void use(const char *ini, const char *host)
{
	copy_file(test_plugin("who.so"), "who.so");
	write_file("portico.ini", ini, host);
}

static struct server *serve(const char *ini, const char *host)
{
	use(ini, host);
	struct server *s = server_spawn(NULL);
	server_await_generation(s, 1);
	return s;
}

/* ---- at the start ---- */

static void is_refused(uid_t uid, const char *words)
{
	struct outcome o;

	portico_ends(&o, &(struct spawn){ .uid = uid }, "run", "-c", path_of("portico.ini"), NULL);
	cr_assert_eq(o.code, 69, "exit code %d; it says: %s", o.code, o.err);
	cr_assert(strstr(o.err, words), "it does not say: %s\nbut: %s", words, o.err);
	cr_assert_null(strstr(o.err, " serves "), "it served: %s", o.err);
}

/* "service web: bind 127.0.0.1:8080: Address already in use: held by holder (pid 7, uid 0
 * root) since 2026-11-22 14:03, with SO_REUSEPORT; stop it, ..." */
static void is_refused_by_name(int flags, uid_t uid)
{
	pid_t holder = who_hold("127.0.0.1", 8080, flags, uid);
	char words[128];

	use(flags & HOLD_UDP ? FLOWS : WEB(""), "127.0.0.1");
	snprintf(words, sizeof(words), "service web: bind 127.0.0.1:8080: Address already in use: "
		"held by holder (pid %d, uid %u %s) since 20", (int)holder, (unsigned)uid,
		uid ? "nobody" : "root");
	is_refused(0, words);
	is_refused(0, flags & HOLD_REUSEPORT ? ", with SO_REUSEPORT; stop it"
		: ", without SO_REUSEPORT; stop it");
	who_end(holder);
	struct server *s = server_spawn(NULL);
	server_await_generation(s, 1);
	server_stop(s);
}

Test(strangers, a_tcp_port_that_is_held_is_refused_by_name)
{
	is_refused_by_name(0, 0);
	is_refused_by_name(0, NOBODY);
}

Test(strangers, a_tcp_port_that_is_held_with_reuseport_is_refused_by_name)
{
	is_refused_by_name(HOLD_REUSEPORT, 0);
	is_refused_by_name(HOLD_REUSEPORT, NOBODY);
}

Test(strangers, a_udp_port_that_is_held_is_refused_by_name)
{
	is_refused_by_name(HOLD_UDP, 0);
	is_refused_by_name(HOLD_UDP, NOBODY);
}

Test(strangers, a_udp_port_that_is_held_with_reuseport_is_refused_by_name)
{
	is_refused_by_name(HOLD_UDP | HOLD_REUSEPORT, 0);
	is_refused_by_name(HOLD_UDP | HOLD_REUSEPORT, NOBODY);
}

Test(strangers, a_holder_that_may_not_be_seen_is_told_by_its_user)
{
	who_hold("127.0.0.1", 8080, 0, 0);
	use(WEB(""), "127.0.0.1");
	is_refused(NOBODY, "Address already in use: held by a process that may not be seen from here "
		"(uid 0 root)");
}

Test(strangers, an_ordinary_user_is_told_its_own_program)
{
	struct outcome o;
	char words[64];

	use(WEB(""), "127.0.0.1");
	struct server *first = server_spawn(&(struct spawn){ .uid = NOBODY });
	server_await_generation(first, 1);
	write_file("second.ini", WEB(""), "127.0.0.1");
	portico_ends(&o, &(struct spawn){ .uid = NOBODY }, "run", "-c", path_of("second.ini"), NULL);
	cr_assert_eq(o.code, 69, "exit code %d; it says: %s", o.code, o.err);
	snprintf(words, sizeof(words), "held by portico (pid %d, uid 65534 nobody)",
		(int)server_pid(first));
	cr_assert(strstr(o.err, words), "it does not say: %s\nbut: %s", words, o.err);
	server_stop(first);
}

Test(strangers, a_wildcard_is_in_the_way_of_an_address_and_the_other_way_round)
{
	pid_t holder = who_hold("0.0.0.0", 8080, HOLD_REUSEPORT, 0);

	use(WEB(""), "127.0.0.1");
	is_refused(0, "bind 127.0.0.1:8080: Address already in use: held by holder");
	who_end(holder);
	who_hold("127.0.0.1", 8080, HOLD_REUSEPORT, 0);
	use(WEB(""), "0.0.0.0");
	is_refused(0, "bind 0.0.0.0:8080: Address already in use: held by holder");
}

Test(strangers, share_lets_in_who_can_share)
{
	who_hold("127.0.0.1", 8080, HOLD_REUSEPORT, 0);
	struct server *s = serve(WEB("share = yes\n"), "127.0.0.1");

	cr_assert_eq(status_number("strangers_seen"), 0);
	server_stop(s);
}

Test(strangers, share_is_no_help_against_who_does_not)
{
	pid_t holder = who_hold("127.0.0.1", 8080, 0, 0);

	use(WEB("share = yes\n"), "127.0.0.1");
	is_refused(0, "Address already in use: held by holder (pid ");
	who_end(holder);
	who_hold("127.0.0.1", 8080, HOLD_REUSEPORT, NOBODY);
	is_refused(0, "Address already in use: held by holder (pid ");
}

Test(strangers, a_reload_to_an_address_that_is_held_fails_by_name)
{
	struct server *s = serve(WEB(""), "127.0.0.1");
	struct outcome o;

	who_hold("127.0.0.2", 8080, HOLD_REUSEPORT, 0);
	use(WEB(""), "127.0.0.2");
	cr_assert_eq(verb(&o, "reload", NULL), 1);
	cr_assert(strstr(o.err, "bind 127.0.0.2:8080: Address already in use: held by holder (pid "),
		"%s", o.err);
	http_get(8080, "/");
	server_stop(s);
}

/* ---- two at the same moment ---- */

struct racer {
	const char *file;
	const char *log;
	pid_t       pid;
	bool        ended;
};

static void race(struct racer *r)
{
	const char *argv[] = { NULL, "run", "-c", path_of(r->file), NULL };
	int log = open(path_of(r->log), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

	cr_assert_geq(log, 0);
	r->ended = false;
	r->pid = spawn_portico(NULL, log, log, argv);
	close(log);
}

static bool serves(const struct racer *r)
{
	return strstr(read_file(path_of(r->log)), "generation 1 serves");
}

static bool has_ended(struct racer *r)
{
	if (!r->ended)
		r->ended = waitpid(r->pid, NULL, WNOHANG) == r->pid;
	return r->ended;
}

static bool is_decided(void *arg)
{
	struct racer *r = arg;

	return (has_ended(&r[0]) || serves(&r[0])) && (has_ended(&r[1]) || serves(&r[1]));
}

static bool are_gone(void *arg)
{
	struct racer *r = arg;
	bool first = has_ended(&r[0]), second = has_ended(&r[1]);

	return first && second;
}

Test(strangers, of_two_that_start_at_the_same_moment_never_both_serve)
{
	struct racer r[2] = { { "one.ini", "one.log", 0, false }, { "two.ini", "two.log", 0, false } };
	unsigned winners = 0, round = 0;

	copy_file(test_plugin("who.so"), "who.so");
	for (int i = 0; i < 2; i++)
		write_file(r[i].file, WEB(""), "127.0.0.1");
	/* Fewer where each takes seconds. */
	for (double end = seconds_now() + 40.; round < 25 && seconds_now() < end; round++) {
		race(&r[round % 2]);
		race(&r[!(round % 2)]);
		bool decided = wait_until(is_decided, r, PATIENCE);
		bool first = serves(&r[0]), second = serves(&r[1]);
		for (int i = 0; i < 2; i++)
			if (!r[i].ended)
				kill(r[i].pid, SIGTERM);
		bool gone = wait_until(are_gone, r, PATIENCE);
		cr_assert(decided && gone);
		cr_assert_not(first && second, "both serve, in round %u", round);
		winners += first || second;
	}
	cr_log_info("one of two served in %u of %u rounds", winners, round);
}

/* ---- later ---- */

static bool are_so_many(void *count)
{
	json_t *status = status_read();
	size_t seen = json_array_size(json_object_get(status, "strangers"));

	json_decref(status);
	return seen == *(size_t *)count;
}

static void await_strangers(size_t count)
{
	cr_assert(wait_until(are_so_many, &count, PATIENCE), "status never has %zu strangers", count);
}

static void assert_told(pid_t pid, const char *address, const char *type)
{
	json_t *status = status_read();
	json_t *all = json_object_get(status, "strangers"), *one = json_array_get(all, 0);

	cr_assert_eq(who_number(one, "pid"), pid);
	cr_assert_eq(who_number(one, "uid"), 0);
	cr_assert_str_eq(who_word(one, "program"), "holder");
	cr_assert_str_eq(who_word(one, "address"), address);
	cr_assert_str_eq(who_word(one, "type"), type);
	cr_assert_eq(strncmp(who_word(one, "since"), "20", 2), 0);
	cr_assert(strstr(who_word(status, "verdict"), ", 1 stranger on its ports"));
	json_decref(status);
}

static void comes_and_goes(struct server *s, const char *address, int flags, long long nth)
{
	pid_t pid = who_hold(address, 8080, flags | HOLD_REUSEPORT, 0);
	char words[128], where[32];

	snprintf(where, sizeof(where), "%s:8080", address);
	snprintf(words, sizeof(words), "%s: a stranger takes part: holder (pid %d, uid 0 root)", where,
		(int)pid);
	server_await(s, words);
	cr_assert(server_says(s, "; portico who 8080 shows it"));
	await_strangers(1);
	assert_told(pid, where, flags & HOLD_UDP ? "udp" : "tcp");
	who_end(pid);
	await_strangers(0);
	snprintf(words, sizeof(words), "%s: the stranger is gone", where);
	server_await(s, words);
	cr_assert_eq(status_number("strangers_seen"), nth);
}

Test(strangers, one_that_joins_later_is_logged_shown_and_counted_until_it_goes)
{
	struct server *s = serve(WEB(""), "127.0.0.1");

	comes_and_goes(s, "127.0.0.1", 0, 1);
	comes_and_goes(s, "127.0.0.1", 0, 2);
	server_stop(s);
}

Test(strangers, one_on_a_part_of_a_wildcard_takes_all_of_it)
{
	struct server *s = serve(WEB(""), "0.0.0.0");

	comes_and_goes(s, "127.0.0.1", 0, 1);
	server_stop(s);
}

Test(strangers, one_that_joins_a_udp_group_is_seen)
{
	struct server *s = serve(FLOWS, "127.0.0.1");

	comes_and_goes(s, "127.0.0.1", HOLD_UDP, 1);
	server_stop(s);
}

Test(strangers, one_that_may_share_is_none)
{
	struct server *s = serve(WEB("share = yes\n"), "127.0.0.1");

	who_hold("127.0.0.1", 8080, HOLD_REUSEPORT, 0);
	let_pass(5.);            /* two looks */
	cr_assert_eq(status_number("strangers_seen"), 0);
	server_stop(s);
}

/* ---- no false alarm ---- */

#define BOTH                                                                 \
	"[portico]\nworkers = 2\n%s\n"                                       \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ./who.so\n"                               \
	"[service flows]\nprotocol = udp\nlisten = 127.0.0.1:8080, 127.0.0.1:%d\n" \
	"[handler flows]\nplugin = ./who.so\n"

static void no_false_alarm(const struct spawn *how)
{
	struct outcome o;

	copy_file(test_plugin("who.so"), "who.so");
	write_file("portico.ini", BOTH, "", 9000);
	struct server *s = server_spawn(how);
	server_await_generation(s, 1);
	double end = seconds_now() + 5.;
	for (int i = 0; i < 20 || seconds_now() < end; i++)
		cr_assert_eq(verb(&o, "reload", NULL), 0, "%s", o.err);
	for (int i = 1; i <= 2; i++) {
		write_file("portico.ini", BOTH, "", 9000 + i);
		cr_assert_eq(verb(&o, "reload", NULL), 0, "%s", o.err);
	}
	verb_succeeds(&o, "scale", "6");
	verb_succeeds(&o, "scale", "2");
	verb_succeeds(&o, "upgrade", NULL);
	write_file("portico.ini", BOTH, "canary = 50% 3s", 9002);
	verb_succeeds(&o, "reload", NULL);
	let_pass(4.5);           /* two looks more */
	cr_assert_eq(status_number("strangers_seen"), 0);
	cr_assert_eq(server_count(s, "stranger"), 0);
	server_stop(s);
}

Test(strangers, none_are_ours_whatever_is_done)
{
	no_false_alarm(NULL);
}

Test(strangers, none_are_ours_for_an_ordinary_user)
{
	no_false_alarm(&(struct spawn){ .uid = NOBODY });
}
