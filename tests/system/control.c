/* SPDX-License-Identifier: MIT */
/* control.c - the verbs of the command line and what they come back with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "control_rig.h"
#include "greeting.h"
#include "harness.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(control);

static void assert_contains(const char *text, const char *piece)
{
	cr_assert_not_null(strstr(text, piece), "%s is not in: %s", piece, text);
}

/* One line, which the log has as well. */
static void assert_sentence_of_log(struct server *s, const char *text)
{
	char line[4096];
	size_t len = strcspn(text, "\n");

	cr_assert_eq(strlen(text), len + 1, "not one line: %s", text);
	snprintf(line, sizeof(line), "master: %.*s\n", (int)len, text);
	server_await(s, line);
}

/* ---- reload ---- */

Test(control, reload_returns_when_the_new_generation_serves)
{
	struct server *s = server_start(GREETING, "old");
	struct outcome o;

	for (unsigned i = 2; i <= 11; i++) {
		char expected[64];
		write_file("portico.ini", GREETING, "newer");
		verb_succeeds(&o, "reload", NULL);
		snprintf(expected, sizeof(expected), "generation %u serves after ", i);
		cr_assert_eq(strncmp(o.out, expected, strlen(expected)), 0, "it says %s", o.out);
		assert_sentence_of_log(s, o.out);
		cr_assert_eq(status_number("generation"), i);
	}
	server_stop(s);
}

Test(control, reload_of_a_broken_file_gives_the_sentence_of_the_log)
{
	struct server *s = server_start(GREETING, "old");
	struct outcome o;

	write_file("portico.ini", "[portico]\nwrokers = 2\n" WEB_GREETING, "new");
	cr_assert_eq(verb(&o, "reload", NULL), 1);
	cr_assert_str_eq(o.out, "");
	assert_contains(o.err, "reload failed: the configuration is not right; generation 1 goes on");
	assert_sentence_of_log(s, o.err);
	cr_assert_str_eq(http_get(8080, "/"), "old\n");
	server_stop(s);
}

Test(control, reload_whose_workers_fail_gives_their_reason)
{
	struct server *s = server_start(GREETING, "old");
	struct outcome o;

	write_file("portico.ini", "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/fail_in_start.so\n");
	cr_assert_eq(verb(&o, "reload", NULL), 1);
	assert_contains(o.err, "reload failed: handler web /: its start() failed");
	assert_sentence_of_log(s, o.err);
	cr_assert_str_eq(http_get(8080, "/"), "old\n");
	server_stop(s);
}

/* ---- nobody there, or not for us ---- */

Test(control, without_a_server_every_verb_says_so)
{
	static const char *const verbs[][2] = {
		{ "reload", NULL }, { "scale", "4" }, { "upgrade", NULL }, { "status", NULL },
		{ "status", "--json" }, { "reopen", NULL }, { "stop", NULL },
	};
	struct outcome o;

	write_file("portico.ini", GREETING, "nobody");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		cr_assert_eq(verb(&o, verbs[i][0], verbs[i][1]), 75, "%s gave %d", verbs[i][0], o.code);
		cr_assert_str_eq(o.out, "");
		assert_contains(o.err, "no server runs with ");
		assert_contains(o.err, path_of("portico.ini"));
	}
}

Test(control, a_path_that_nobody_listens_on_is_no_server)
{
	struct outcome o;

	write_file("portico.ini", AT_PATH, path_of("no.sock"), "nobody");
	cr_assert_eq(verb(&o, "reload", NULL), 75);
	assert_contains(o.err, "no server runs with ");
}

Test(control, a_file_that_is_not_there_is_named)
{
	struct outcome o;

	cr_assert_eq(verb(&o, "reload", NULL), 66);
	assert_contains(o.err, path_of("portico.ini"));
	assert_contains(o.err, "No such file");
}

static void assert_refused_to_nobody(void)
{
	struct spawn nobody = { .uid = NOBODY };
	struct outcome o;

	portico_ends(&o, &nobody, "stop", "-c", path_of("portico.ini"), NULL);
	cr_assert_eq(o.code, 77, "%d: %s", o.code, o.err);
	assert_contains(o.err, "belongs to another user");
	cr_assert_str_eq(http_get(8080, "/"), "ours\n");
}

Test(control, another_users_server_is_refused)
{
	struct server *s = server_start(AT_PATH, path_of("control.sock"), "ours");

	assert_refused_to_nobody();
	server_stop(s);
}

Test(control, a_server_of_another_user_is_not_for_us)
{
	struct server *s = server_start(GREETING, "ours");

	assert_refused_to_nobody();
	server_stop(s);
}

/* "Only the server's own user and root are heard." */
Test(control, root_commands_the_server_of_another_user)
{
	struct spawn nobody = { .uid = NOBODY };
	struct outcome o;

	cr_assert_eq(mkdir(path_of("theirs"), 0755), 0);
	cr_assert_eq(chown(path_of("theirs"), NOBODY, NOBODY), 0);
	write_file("portico.ini", AT_PATH, path_of("theirs/control.sock"), "theirs");
	copy_file(example("hello.so"), "hello.so");
	setenv("E", harness_dir(), 1);
	struct server *s = server_spawn(&nobody);
	server_await_generation(s, 1);
	cr_assert_eq(verb(&o, "reload", NULL), 0, "it gave %d: %s", o.code, o.err);
	server_stop(s);
}

/* ---- status ---- */

Test(control, status_tells_the_operator)
{
	struct server *s = server_start(GREETING, "hello");
	struct outcome o;
	char line[128];

	verb_succeeds(&o, "status", NULL);
	cr_assert_eq(strncmp(o.out, "2 workers, generation 1", 23), 0, "%s", o.out);
	assert_contains(o.out, "0 crashes, 0 upgrades, ");
	snprintf(line, sizeof(line), "master %d, %s\n", (int)server_pid(s), path_of("portico.ini"));
	assert_contains(o.out, line);
	snprintf(line, sizeof(line), "   1 %7d    1 serving", (int)status_worker(1));
	assert_contains(o.out, line);
	assert_contains(o.out, "   0 tcp  127.0.0.1:8080");
	assert_contains(o.out, "   1 tcp  127.0.0.1:8080");
	server_stop(s);
}

static bool is_one_of(pid_t pid, const pid_t *pids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

Test(control, status_json_has_workers_and_sockets)
{
	struct server *s = server_start(GREETING
		"[service echo]\nprotocol = udp\nlisten = 127.0.0.1:7001, [::1]:7001\n"
		"[handler echo]\nplugin = ${E}/udp_echo.so\n", "hello");
	const char *version, *file, *state;
	int good, pid, workers, generation, crashes, retiring, upgrades, number, wanted;
	double uptime;
	json_t *generations, *sockets, *members, *one;
	pid_t pids[2];
	size_t i;

	cr_assert_eq(server_workers(s, pids, 2), 2);
	json_t *status = status_read();
	cr_assert_eq(json_unpack(status, "{s:b, s:s, s:i, s:s, s:F, s:i, s:i, s:i, s:b, s:i, s:o, s:o}",
		"good", &good, "version", &version, "pid", &pid, "file", &file, "uptime", &uptime,
		"workers", &workers, "generation", &generation, "crashes", &crashes,
		"retiring", &retiring, "upgrades", &upgrades, "generations", &generations,
		"sockets", &sockets), 0, "a field is missing");
	cr_assert(good);
	cr_assert(*version);
	cr_assert_eq(pid, server_pid(s));
	cr_assert_str_eq(file, path_of("portico.ini"));
	cr_assert(uptime > 0. && uptime < 60., "uptime %f", uptime);
	cr_assert(workers == 2 && generation == 1 && crashes == 0 && !retiring && upgrades == 0);
	cr_assert_eq(json_array_size(generations), 1);
	cr_assert_eq(json_unpack(json_array_get(generations, 0), "{s:i, s:s, s:i, s:o}",
		"number", &number, "state", &state, "wanted", &wanted, "workers", &members), 0);
	cr_assert(number == 1 && wanted == 2);
	cr_assert_str_eq(state, "serving");
	cr_assert_eq(json_array_size(members), 2);
	json_array_foreach(members, i, one)
		cr_assert(is_one_of((pid_t)json_integer_value(json_object_get(one, "pid")), pids, 2));
	cr_assert_eq(json_array_size(sockets), 6);
	json_array_foreach(sockets, i, one) {
		const char *type, *address, *doing;
		int slot, queue, lent;
		cr_assert_eq(json_unpack(one, "{s:i, s:s, s:s, s:i, s:s, s:b}", "slot", &slot,
			"type", &type, "address", &address, "queue", &queue, "state", &doing,
			"lent", &lent), 0);
		cr_assert(slot >= 0 && slot < 2 && queue == 0 && !lent);
		cr_assert_str_eq(type, strstr(address, "7001") ? "udp" : "tcp");
		cr_assert_str_eq(doing, "held");
	}
	json_decref(status);
	server_stop(s);
}

Test(control, status_shows_who_still_drains)
{
	struct server *s = server_start(DEFERRED, path_of("go"));
	struct outcome o;
	struct response r;
	int fd = client_connect(8080);

	client_says(fd, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	server_await(s, "request in hand");
	verb_succeeds(&o, "reload", NULL);
	server_await_workers(s, 3);
	verb_succeeds(&o, "status", NULL);
	assert_contains(o.out, "    1 draining");
	assert_contains(o.out, "    2 serving");
	write_file("go", "now");
	cr_assert(client_response(fd, &r));
	close(fd);
	server_stop(s);
}

/* ---- words that are wrong ---- */

Test(control, scale_without_a_number_that_can_be_is_a_usage_error)
{
	static const char *const wrong[] = { NULL, "", "0", "-3", "four", "4x", "1025", "5000",
		"99999999999999999999", "2.5" };
	struct server *s = server_start(GREETING, "same");
	struct outcome o;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		cr_assert_eq(verb(&o, "scale", wrong[i]), 64, "scale %s gave %d: %s", wrong[i], o.code,
			o.out);
		cr_assert_neq(o.err[0], '\0');
	}
	portico_ends(&o, NULL, "scale", "2", "3", "-c", path_of("portico.ini"), NULL);
	cr_assert_eq(o.code, 64);
	cr_assert_eq(status_number("workers"), 2);
	server_stop(s);
}

/* ---- reopen ---- */

Test(control, reopen_makes_the_log_anew)
{
	write_file("portico.ini", "[portico]\nworkers = 1\nlog = %s\n" WEB_GREETING,
		path_of("portico.log"), "hello");
	struct server *s = server_spawn(NULL);
	struct outcome o;

	sockets_await("tcp", 8080, 1);
	http_get(8080, "/");
	cr_assert_eq(rename(path_of("portico.log"), path_of("portico.log.1")), 0);
	verb_succeeds(&o, "reopen", NULL);
	cr_assert_str_eq(o.out, "log reopened\n");
	verb_succeeds(&o, "reload", NULL);
	assert_contains(read_file(path_of("portico.log")), "generation 2 serves");
	assert_contains(read_file(path_of("portico.log.1")), "generation 1 serves");
	server_stop(s);
}

/* ---- several at once ---- */

Test(control, two_verbs_at_once_both_get_their_outcome)
{
	struct server *s = server_start(AT_PATH, path_of("control.sock"), "old");
	struct asked reload, scale;
	struct outcome o;

	write_file("portico.ini", GATE, path_of("control.sock"), path_of("open"));
	verb_begin(&reload, "reload", NULL);
	server_await(s, "waiting at the gate");
	verb_begin(&scale, "scale", "3");
	cr_assert_not(verb_has_ended(&reload));
	write_file("open", "yes");
	cr_assert_eq(verb_await(&reload, &o), 0, "%s", o.err);
	assert_contains(o.out, "generation 2 serves after ");
	cr_assert_eq(verb_await(&scale, &o), 0, "%s", o.err);
	cr_assert_str_eq(o.out, "3 workers\n");
	server_await_workers(s, 3);
	server_stop(s);
}

Test(control, many_verbs_at_once_all_get_their_outcome)
{
	enum { MANY = 8 };
	struct server *s = server_start(GREETING, "old");
	struct asked asked[MANY];
	struct outcome o;

	write_file("portico.ini", GREETING, "new");
	for (int i = 0; i < MANY; i++)
		verb_begin(&asked[i], "reload", NULL);
	for (int i = 0; i < MANY; i++)
		cr_assert_eq(verb_await(&asked[i], &o), 0, "number %d: %s", i, o.err);
	cr_assert_str_eq(http_get(8080, "/"), "new\n");
	server_await_workers(s, 2);
	server_stop(s);
}

/* ---- a second one ---- */

static void second_run_is_refused(const char *ini, const char *a, const char *b)
{
	struct server *s = server_start(ini, a, b);
	struct outcome o;

	portico_ends(&o, NULL, "run", "-c", path_of("portico.ini"), NULL);
	cr_assert_eq(o.code, 69, "it gave %d: %s", o.code, o.err);
	assert_contains(o.err, path_of("portico.ini"));
	for (int i = 0; i < 20; i++)
		http_get(8080, "/");
	cr_assert_eq(sockets_on("tcp", 8080), 2);
	verb_succeeds(&o, "reload", NULL);
	server_stop(s);
}

Test(control, a_second_run_with_the_same_file_is_refused)
{
	second_run_is_refused(GREETING, "first", "");
}

Test(control, a_second_run_with_the_same_path_is_refused)
{
	second_run_is_refused(AT_PATH, path_of("control.sock"), "first");
}

/* What failed has a name in Latin-1, of which JSON knows nothing. */
Test(control, an_answer_that_is_no_text_is_given_as_well_as_it_can_be)
{
	struct server *s = server_start(GREETING, "same");
	struct outcome o;

	write_file("portico.ini", "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /caf\xe9]\nplugin = ${T}/fail_in_start.so\n");
	cr_assert_eq(verb(&o, "reload", NULL), 1);
	assert_contains(o.err, "reload failed: handler web /caf?: its start() failed");
	server_stop(s);
}
