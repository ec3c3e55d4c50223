/* SPDX-License-Identifier: MIT */
/* leaks.c - nothing grows, and each process holds only what is its own. */
#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "proc.h"
#include "server.h"

TestSuite(leaks, .init = harness_set_up, .fini = harness_tear_down, .timeout = 600);

#define HELLO                                                                \
	"[portico]\nworkers = 2\n"                                           \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${E}/hello.so\ngreeting = %u\n"           \
	"[service flows]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"         \
	"[handler flows]\nplugin = ${T}/who.so\n"
#define DEFERRED                                                             \
	"[portico]\nworkers = 1\ngenerations = 2\ndrain = 60s\n"             \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/deferred.so\nfile = %s\n"
#define MORTAL                                                               \
	"[portico]\nworkers = %u\ncontrol = %s\n"                            \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080, 127.0.0.1:8081\n" \
	"[handler web /]\nplugin = ${T}/die_in_start.so\nfile = %s\n"        \
	"[service flows]\nprotocol = udp\nlisten = 127.0.0.1:7001, [::1]:7001\n" \
	"[handler flows]\nplugin = ${T}/die_in_start.so\nfile = %s\n"

/* ---- many reloads ---- */

/* Children in any state, zombies too. */
static size_t children(pid_t parent)
{
	size_t count = 0;
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	cr_assert_not_null(proc);
	while ((entry = readdir(proc))) {
		char path[300], state;
		int ppid;
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		const char *rest = strrchr(read_file(path), ')');
		count += rest && sscanf(rest, ") %c %d", &state, &ppid) == 2 && ppid == parent;
	}
	closedir(proc);
	return count;
}

static size_t lines(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static unsigned reloads_wanted(void)
{
	const char *given = getenv("PORTICO_RELOADS");
	unsigned count = given ? (unsigned)strtoul(given, NULL, 10) : 200;

	return count > 0 ? count : 200;
}

static void reload_times(struct server *s, unsigned *generation, unsigned times)
{
	struct outcome o;

	for (unsigned i = 0; i < times; i++) {
		write_file("portico.ini", HELLO, ++*generation);
		verb_succeeds(&o, "reload", NULL);
		http_get(8080, "/");
	}
	server_await_workers(s, 2);
}

struct figures {
	size_t descriptors, children;
	long   rss;
};

static struct figures measure(struct server *s)
{
	pid_t pid = server_pid(s);
	return (struct figures){
		.descriptors = lines(proc_descriptors(pid)),
		.children = children(pid),
		.rss = proc_rss_kib(pid),
	};
}

static bool has_only_workers(void *server)
{
	return children(server_pid(server)) == 2;
}

/* Once those that left, and the child that tried a binary, are gone. */
static struct figures measure_at_rest(struct server *s)
{
	cr_assert(wait_until(has_only_workers, s, PATIENCE), "never two children");
	return measure(s);
}

/* Before, the last of who left may still have been held for a moment; what leaks does so each time. */
static bool is_as_before(void *arg)
{
	const struct { struct server *server; struct figures before; } *a = arg;
	struct figures now = measure(a->server);

	return now.descriptors <= a->before.descriptors && now.children == a->before.children;
}

/* The first ones fill what is kept for good: malloc's pools, libev's tables. */
Test(leaks, many_reloads_leave_nothing_behind)
{
	enum { FIRST = 20, MORE_KIB = 512 };
	unsigned generation = 1, count = reloads_wanted();
	struct server *s = server_start(HELLO, 1);

	reload_times(s, &generation, FIRST);
	struct { struct server *server; struct figures before; } a = { s, measure_at_rest(s) };
	double begin = seconds_now();
	reload_times(s, &generation, count);
	double took = seconds_now() - begin;
	cr_assert(wait_until(is_as_before, &a, PATIENCE), "%zu descriptors and %zu children became "
		"%zu and %zu:\n%s", a.before.descriptors, a.before.children,
		measure(s).descriptors, measure(s).children, proc_descriptors(server_pid(s)));
	struct figures after = measure(s);
	cr_log_info("%u reloads in %.1f s: %zu descriptors, %ld KiB before, %ld KiB after", count,
		took, after.descriptors, a.before.rss, after.rss);
	if (!has_sanitizers())
		cr_assert_leq(after.rss, a.before.rss + MORE_KIB, "%ld KiB became %ld KiB",
			a.before.rss, after.rss);
	cr_assert_eq(sockets_on("tcp", 8080), 2);
	cr_assert_eq(sockets_on("udp", 7001), 2);
	server_stop(s);
}

Test(leaks, reloads_that_fail_leave_nothing_behind)
{
	struct server *s = server_start(HELLO, 1);
	struct outcome o;
	static const char *const broken[] = {
		"[portico]\nwrokers = 2\n",
		"[portico]\nworkers = 4\n[service web]\nprotocol = http\nlisten = 127.0.0.1:8080, "
			"127.0.0.1:8081\n[handler web /]\nplugin = ${T}/fail_in_start.so\n",
		"[portico]\nworkers = 4\n[service web]\nprotocol = http\nlisten = 127.0.0.1:8080, "
			"10.20.30.40:8081\n[handler web /]\nplugin = ${E}/hello.so\n",
		"[portico]\nworkers = 2\n[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
			"[handler web /]\nplugin = ${T}/crash_in_load.so\n",
	};

	for (int round = 0; round < 12; round++) {
		for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
			write_file("portico.ini", "%s", broken[i]);
			cr_assert_eq(verb(&o, "reload", NULL), 1);
		}
		server_await_workers(s, 2);
		static struct { struct server *server; struct figures before; } a;
		if (round == 1)
			a.before = measure_at_rest(s);
		a.server = s;
		if (round >= 1)
			cr_assert(wait_until(is_as_before, &a, PATIENCE), "%zu descriptors became %zu:\n%s",
				a.before.descriptors, measure(s).descriptors,
				proc_descriptors(server_pid(s)));
		if (round == 11 && !has_sanitizers())
			cr_assert_leq(measure(s).rss, a.before.rss + 512);
	}
	server_stop(s);
}

/* ---- generations that drain ---- */

Test(leaks, the_oldest_generation_over_the_limit_is_ended)
{
	enum { GENERATIONS = 5 };
	struct server *s = server_start(DEFERRED, path_of("go"));
	struct outcome o;
	struct response r;
	int fds[GENERATIONS + 1];

	for (unsigned i = 1; i <= GENERATIONS; i++) {
		fds[i] = client_connect(8080);
		client_says(fds[i], "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
		server_await_count(s, "request in hand", i);
		if (i < GENERATIONS)
			verb_succeeds(&o, "reload", NULL);
	}
	server_await(s, "more than generations = 2 are draining: generation 1 is ended now");
	server_await(s, "more than generations = 2 are draining: generation 2 is ended now");
	server_await_workers(s, 3);
	cr_assert_eq(server_count(s, "is ended now"), 2);
	for (int i = 1; i <= 2; i++)
		client_expect_end(fds[i], true);
	write_file("go", "now");
	for (int i = 3; i <= GENERATIONS; i++) {
		cr_assert(client_response(fds[i], &r), "generation %d lost its request", i);
		cr_assert_str_eq(r.body, "at last\n");
		close(fds[i]);
	}
	server_await_workers(s, 1);
	server_stop(s);
}

/* ---- who holds what ---- */

enum { ADDRESSES = 4, MOST_SLOTS = 8 };

static size_t all_sockets(unsigned long *out)
{
	enum { ROOM = ADDRESSES * MOST_SLOTS };
	size_t count = proc_sockets("tcp", 8080, out, ROOM);

	count += proc_sockets("tcp", 8081, out + count, ROOM - count);
	count += proc_sockets("udp", 7001, out + count, ROOM - count);
	return count + proc_sockets("udp6", 7001, out + count, ROOM - count);
}

static size_t count_of(const char *text, const char *piece)
{
	size_t count = 0;

	for (; (text = strstr(text, piece)); text++)
		count++;
	return count;
}

/* Its sockets, a channel to the master, the admin service's unix socket, one event loop, its
 * three standard descriptors. */
static const char *wrong_with(pid_t pid, const unsigned long *sockets, size_t count)
{
	static char why[256];
	char listing[1 << 14];

	if (proc_holds(pid, sockets, count) != ADDRESSES) {
		snprintf(why, sizeof(why), "it holds %zu of the sockets",
			proc_holds(pid, sockets, count));
		return why;
	}
	snprintf(listing, sizeof(listing), "%s", proc_descriptors(pid));
	if (count_of(listing, "socket:[") != ADDRESSES + 2)
		return "it has a socket that is not declared";
	if (count_of(listing, "anon_inode:[eventpoll]") != 1)
		return "it has more or fewer than one event loop";
	if (strstr(listing, "signalfd") || strstr(listing, "pidfd"))
		return "it has something of the master";
	if (lines(listing) > ADDRESSES + 2 + 1 + 3 + 1)
		return "it has more descriptors than are declared";
	return NULL;
}

struct row {
	struct server *server;
	unsigned       slots;
	char           why[1 << 14];
};

static bool is_declared(void *arg)
{
	struct row *row = arg;
	unsigned long sockets[ADDRESSES * MOST_SLOTS];
	size_t count = all_sockets(sockets);
	pid_t pids[MOST_SLOTS + 1];

	if (count != (size_t)ADDRESSES * row->slots) {
		snprintf(row->why, sizeof(row->why), "there are %zu sockets", count);
		return false;
	}
	if (server_workers(row->server, pids, MOST_SLOTS + 1) != row->slots) {
		snprintf(row->why, sizeof(row->why), "there are more workers");
		return false;
	}
	if (proc_holds(server_pid(row->server), sockets, count) != count) {
		snprintf(row->why, sizeof(row->why), "the master does not hold them all");
		return false;
	}
	for (unsigned i = 0; i < row->slots; i++) {
		const char *wrong = wrong_with(pids[i], sockets, count);
		if (wrong) {
			snprintf(row->why, sizeof(row->why), "worker %d: %s:\n%s", (int)pids[i], wrong,
				proc_descriptors(pids[i]));
			return false;
		}
	}
	return true;
}

static void assert_declared(struct server *s, unsigned slots, const char *after)
{
	static struct row row;

	row = (struct row){ .server = s, .slots = slots };
	cr_assert(wait_until(is_declared, &row, PATIENCE), "after %s: %s", after, row.why);
}

Test(leaks, a_worker_holds_only_what_is_its_own)
{
	char control[128], die[128];
	struct outcome o;

	snprintf(control, sizeof(control), "%s", path_of("control.sock"));
	snprintf(die, sizeof(die), "%s", path_of("die"));
	copy_file(portico_binary(), "live");
	setenv("PORTICO", path_of("live"), 1);
	struct server *s = server_start(MORTAL, 3, control, die, die);
	assert_declared(s, 3, "the start");
	verb_succeeds(&o, "reload", NULL);
	assert_declared(s, 3, "a reload");
	verb_succeeds(&o, "scale", "5");
	assert_declared(s, 5, "scaling up");
	verb_succeeds(&o, "scale", "3");
	assert_declared(s, 3, "scaling down");
	write_file("die", "now");
	cr_assert_eq(kill(status_worker(1), SIGKILL), 0);
	server_await(s, "slot 1: 3 workers in a row died early");
	cr_assert_eq(verb(&o, "reload", NULL), 1, "%s", o.out);
	cr_assert_eq(unlink(path_of("die")), 0);
	status_await_worker(1);
	assert_declared(s, 3, "lending");
	for (unsigned i = 0; i < 3; i++) {
		verb_succeeds(&o, "upgrade", NULL);
		assert_declared(s, 3, "an upgrade");
	}
	cr_assert_eq(kill(status_worker(2), SIGKILL), 0);
	status_await_worker(2);
	assert_declared(s, 3, "a crash after an upgrade");
	write_file("portico.ini", MORTAL, 2, control, die, die);
	verb_succeeds(&o, "reload", NULL);
	assert_declared(s, 2, "a reload with fewer workers");
	server_stop(s);
}

/* Upgrades hand descriptors over by number: none may be left each time. */
Test(leaks, many_upgrades_leave_nothing_behind)
{
	struct outcome o;

	copy_file(portico_binary(), "live");
	setenv("PORTICO", path_of("live"), 1);
	struct server *s = server_start(HELLO, 1);
	static struct { struct server *server; struct figures before; } a;
	for (unsigned i = 0; i < 20; i++) {
		verb_succeeds(&o, "upgrade", NULL);
		server_await_workers(s, 2);
		if (i == 0)
			a.before = measure_at_rest(s);
	}
	a.server = s;
	cr_assert(wait_until(is_as_before, &a, PATIENCE), "%zu descriptors became %zu:\n%s",
		a.before.descriptors, measure(s).descriptors, proc_descriptors(server_pid(s)));
	server_stop(s);
}
