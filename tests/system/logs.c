/* SPDX-License-Identifier: MIT */
/* logs.c - what an operator, the journal, syslogd or a program finds in the log, and what must not be in it. */
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(logs);

#define WEB(keys, plugin)                                                    \
	"[portico]\nworkers = 1\n" keys                                      \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /api]\nplugin = ${T}/" plugin "\n"

#define FILE_IS "file = %s\n"

/* ---- for programs ---- */

/* Calls is_it for each line, which must be JSON; whether it was true once. */
static bool any_line(const char *log, bool (*is_it)(const json_t *))
{
	bool found = false;

	for (const char *at = log, *end; (end = strchr(at, '\n')); at = end + 1) {
		json_t *o = json_loadb(at, (size_t)(end - at), 0, NULL);
		cr_assert(json_is_object(o), "not JSON: %.*s", (int)(end - at), at);
		cr_assert(json_is_string(json_object_get(o, "level")));
		cr_assert_gt(json_integer_value(json_object_get(o, "pid")), 0);
		found = found || is_it(o);
		json_decref(o);
	}
	return found;
}

static bool is_text(const json_t *o, const char *key, const char *text)
{
	const char *value = json_string_value(json_object_get(o, key));
	return value && strcmp(value, text) == 0;
}

static bool is_of_the_plugin(const json_t *o)
{
	return is_text(o, "msg", "request in hand") && is_text(o, "who", "worker")
		&& is_text(o, "service", "web") && is_text(o, "handler", "/api")
		&& is_text(o, "level", "info")
		&& json_integer_value(json_object_get(o, "generation")) == 1
		&& json_is_integer(json_object_get(o, "slot"));
}

static bool is_of_the_master(const json_t *o)
{
	return is_text(o, "who", "master") && !json_object_get(o, "slot")
		&& !json_object_get(o, "service");
}

Test(logs, json_tells_who_and_which_handler_of_plugins_too)
{
	struct server *s = server_start(WEB("log_format = json\n", "deferred.so") FILE_IS, path_of("portico.ini"));

	http_get(8080, "/api/x");
	server_await(s, "request in hand");
	cr_assert(any_line(server_log(s), is_of_the_plugin), "%s", server_log(s));
	cr_assert(any_line(server_log(s), is_of_the_master));
	server_stop(s);
}

Test(logs, a_reload_changes_how_lines_look_for_old_workers_too)
{
	struct server *s = server_start(WEB("", "deferred.so") FILE_IS, path_of("go"));
	int old = client_connect(8080);

	client_says(old, "GET /api/x HTTP/1.1\r\nHost: test\r\n\r\n");
	server_await(s, "handler web /api: request in hand");
	server_reload(s, WEB("log_format = logfmt\n", "deferred.so") FILE_IS, path_of("go"));
	server_await(s, "msg=\"generation 2 serves");
	write_file("go", "now");
	server_await(s, "who=worker slot=0 generation=1");
	server_await(s, "service=web handler=/api msg=\"request done\"");
	close(old);
	server_stop(s);
}

/* ---- syslogd ---- */

/* A /dev of the test's own, where it is syslogd. */
static void make_dev(void)
{
	static const struct { const char *path; unsigned minor; } nodes[] = {
		{ "/dev/null", 3 }, { "/dev/zero", 5 }, { "/dev/random", 8 }, { "/dev/urandom", 9 },
	};

	cr_assert_eq(unshare(CLONE_NEWNS), 0);
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cr_assert_eq(mount("tmpfs", "/dev", "tmpfs", 0, "mode=755"), 0);
	for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++) {
		cr_assert_eq(mknod(nodes[i].path, S_IFCHR | 0666, makedev(1, nodes[i].minor)), 0);
		cr_assert_eq(chmod(nodes[i].path, 0666), 0);
	}
	cr_assert_eq(mkdir("/dev/shm", 0777), 0);
}

static int be_syslogd(void)
{
	const struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	unlink("/dev/log");
	cr_assert_eq(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	cr_assert_eq(chmod("/dev/log", 0666), 0);
	return fd;
}

/* The next datagram with text in it. */
static const char *syslog_await(int fd, const char *text)
{
	static char got[8192];
	struct pollfd p = { .fd = fd, .events = POLLIN };

	do {
		cr_assert_eq(poll(&p, 1, (int)(PATIENCE * 1000)), 1, "%s never came", text);
		ssize_t len = recv(fd, got, sizeof(got) - 1, 0);
		cr_assert_gt(len, 0);
		got[len] = '\0';
	} while (!strstr(got, text));
	return got;
}

Test(logs, syslog_gets_datagrams_and_is_found_again)
{
	char head[64];

	make_dev();
	int fd = be_syslogd();
	write_file("portico.ini", WEB("log = syslog:local1\nuser = nobody\n", "deferred.so") FILE_IS, path_of("portico.ini"));
	struct server *s = server_spawn(NULL);
	const char *got = syslog_await(fd, "generation 1 serves");
	snprintf(head, sizeof(head), "<142>portico[%d]: info  master: ", (int)server_pid(s));
	cr_assert_eq(strncmp(got, head, strlen(head)), 0, "%s", got);
	cr_assert_null(strchr(got, '\n'), "a datagram has no newline");
	http_get(8080, "/api/x");
	syslog_await(fd, "worker 0: handler web /api: request in hand");

	close(fd);
	fd = be_syslogd();
	http_get(8080, "/api/x");
	syslog_await(fd, "request in hand");
	server_signal(s, SIGUSR1);
	syslog_await(fd, "log reopened");
	server_signal(s, SIGTERM);
	syslog_await(fd, "TERM: finishing");
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	cr_assert_str_eq(server_log(s), "");
	close(fd);
}

Test(logs, without_syslogd_the_start_is_refused_and_a_reload_goes_on)
{
	make_dev();
	write_file("portico.ini", WEB("log = syslog\n", "deferred.so") FILE_IS, path_of("portico.ini"));
	struct server *s = server_spawn(NULL);
	cr_assert_gt(server_await_exit(s, PATIENCE), 0);
	cr_assert(server_says(s, "log syslog (/dev/log): No such file or directory"), "%s", server_log(s));
	s = server_start(WEB("", "deferred.so") FILE_IS, path_of("portico.ini"));
	server_reload(s, WEB("log = syslog\n", "deferred.so") FILE_IS, path_of("portico.ini"));
	server_await(s, "No such file or directory; logging goes on where it was");
	server_await_generation(s, 2);
	server_stop(s);
}

/* ---- a crash ---- */

static void crash_by(struct server *s, const char *path, const char *first, const char *name)
{
	char request[512];
	struct response r;
	size_t before = server_count(s, " died after ");

	snprintf(request, sizeof(request), "GET %s?q=hushhush HTTP/1.1\r\nHost: test\r\n"
		"Authorization: Bearer topsecrettoken\r\nCookie: session=topsecretcookie\r\n\r\n", path);
	cr_assert_eq(http_raw(8080, request, &r), 0);
	server_await_count(s, " died after ", before + 1);
	server_await(s, first);
	cr_assert(server_says(s, name), "%s: its frames do not name %s:\n%s", path, name, server_log(s));
}

#define HEAD(signal) "ended by " signal "; where it was (pid "
#define WHERE "generation 1, serving, in http_request() of handler web /api"

Test(logs, a_crash_tells_the_names_of_static_functions_and_no_secret)
{
	struct server *s = server_start(WEB("user = nobody\n", "crash_kinds.so"));

	crash_by(s, "/api/segv", HEAD("SIGSEGV"), "#0 touch_nothing+0x");
	cr_assert(server_says(s, WHERE), "%s", server_log(s));
	cr_assert(server_says(s, "of signal 11 (Segmentation fault)"));
	cr_assert(server_says(s, "call_request+0x"), "portico's own static functions have names, too");
	crash_by(s, "/api/bus", HEAD("SIGBUS"), "#0 touch_behind_a_file+0x");
	cr_assert(server_says(s, "of signal 7 (Bus error)"));
	crash_by(s, "/api/fpe", HEAD("SIGFPE"), " divide_by_zero+0x");
	cr_assert(server_says(s, "of signal 8 "));
	cr_assert(!server_says(s, "topsecret"), "%s", server_log(s));
	cr_assert(!server_says(s, "hushhush"), "%s", server_log(s));
	server_stop(s);
}

Test(logs, a_crash_without_a_stack_or_a_place_is_told_too)
{
	struct server *s = server_start(WEB("", "crash_kinds.so"));

	crash_by(s, "/api/null", WHERE ", at address 0x0", "#1 call_nothing+0x");
	crash_by(s, "/api/deep", HEAD("SIGSEGV"), "#0 overrun_the_stack+0x");
	crash_by(s, "/api/abrt", HEAD("SIGABRT"), " give_up");
	cr_assert(server_says(s, "of signal 6 (Aborted)"));
	server_stop(s);
}

/* ---- a pipe that nobody reads ---- */

enum { NOBODY = 65534 };

static int unread[2];

static void fill(void)
{
	char block[4096] = "";

	cr_assert_eq(fcntl(unread[1], F_SETFL, O_NONBLOCK), 0);
	while (write(unread[1], block, sizeof(block)) > 0)
		;
	cr_assert_eq(fcntl(unread[1], F_SETFL, 0), 0);
}

/* What has come since, without what filled it.  In one read: as soon as there is room more may come. */
static const char *empty(void)
{
	static char text[1 << 17];
	size_t len = 0;
	ssize_t n = read(unread[0], text, sizeof(text) - 1);

	for (ssize_t i = 0; i < n; i++)
		if (text[i])
			text[len++] = text[i];
	text[len] = '\0';
	return text;
}

static void has_nothing(void)
{
	const char *text = empty();

	cr_assert_str_eq(text, "", "there was room for %s", text);
}

static bool serves(void *arg)
{
	int fd = client_try_connect("127.0.0.1", 8080);

	(void)arg;
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool is_another(void *before)
{
	return strcmp(http_get(8080, "/"), before) != 0;
}

static void reload(pid_t server)
{
	char before[64];

	snprintf(before, sizeof(before), "%s", http_get(8080, "/"));
	kill(server, SIGHUP);
	cr_assert(wait_until(is_another, before, PATIENCE), "nobody reloads");
}

static bool is_gone(void *pid)
{
	return waitpid(*(pid_t *)pid, NULL, WNOHANG) > 0;
}

static void keep_nobody_waiting(const struct spawn *how)
{
	const char *argv[] = { NULL, "run", "-c", path_of("portico.ini"), NULL };

	cr_assert_eq(pipe2(unread, O_CLOEXEC), 0);
	fcntl(unread[0], F_SETFL, O_NONBLOCK);
	fill();
	write_file("portico.ini", WEB("", "deferred.so") FILE_IS "[handler web /]\nplugin = ${T}/who.so\n",
		path_of("portico.ini"));
	pid_t server = spawn_portico(how, unread[1], unread[1], argv);
	cr_assert(wait_until(serves, NULL, PATIENCE), "the start hangs");
	reload(server);
	http_get(8080, "/api/x");
	has_nothing();
	http_get(8080, "/api/x");
	reload(server);
	const char *log = empty();
	cr_assert(strstr(log, " warn  worker 0: ") && strstr(log, " not written\n"), "%s", log);
	cr_assert(strstr(log, " lines were not written\n"), "%s", log);
	cr_assert(strstr(log, "request in hand\n"), "%s", log);
	cr_assert_eq(fcntl(unread[1], F_GETFL) & O_NONBLOCK, 0, "others' descriptor was changed");
	fill();
	kill(server, SIGTERM);
	cr_assert(wait_until(is_gone, &server, PATIENCE), "the end hangs");
	/* A worker that left in time may have been told of before it was full. */
	log = empty();
	cr_assert_null(strstr(log, "TERM"), "there was room for %s", log);
}

Test(logs, a_pipe_that_nobody_reads_keeps_nobody_waiting)
{
	keep_nobody_waiting(NULL);
}

/* Who may not open it anew. */
Test(logs, nor_does_a_pipe_of_another_user)
{
	keep_nobody_waiting(&(struct spawn){ .uid = NOBODY });
}

/* ---- operations ---- */

Test(logs, a_reload_behind_a_scale_down_says_what_it_waits_for)
{
	struct asked scale;
	struct outcome o;
	struct server *s = server_start("[portico]\nworkers = 2\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/who.so\n");

	verb_begin(&scale, "scale", "1");
	server_await(s, "worker 1 (pid ");
	verb_succeeds(&o, "reload", NULL);
	cr_assert(server_says(s, "reload waits: what retires"), "%s", server_log(s));
	cr_assert_eq(verb_await(&scale, &o), 0);
	server_stop(s);
}
