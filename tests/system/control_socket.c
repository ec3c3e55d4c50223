/* SPDX-License-Identifier: MIT */
/* control_socket.c - the master's control socket: who is heard, what garbage costs, the file. */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "control_rig.h"
#include "greeting.h"
#include "harness.h"
#include "operate.h"
#include "proc.h"
#include "server.h"

SYSTEM_SUITE(control_socket);

/* ---- who is heard ---- */

/* The name of the abstract socket of this network's only server: its length, from the zero on. */
static socklen_t abstract_name(struct sockaddr_un *name)
{
	const char *at = strstr(read_file("/proc/self/net/unix"), "@portico/");

	cr_assert_not_null(at, "there is no abstract socket");
	size_t len = strcspn(at, "\n");
	*name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(name->sun_path + 1, at + 1, len - 1);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

/* In a child: 0 if the server closes without a word. */
static int try_as_nobody(const struct sockaddr_un *name, socklen_t len)
{
	char answer[64];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
		return 2;
	if (connect(fd, (const struct sockaddr *)name, len) < 0)
		return 3;
	(void)!send(fd, "{\"do\":\"stop\"}\n", 14, MSG_NOSIGNAL);
	return recv(fd, answer, sizeof(answer), 0) > 0 ? 1 : 0;
}

Test(control_socket, whoever_connects_as_another_user_is_turned_away)
{
	struct server *s = server_start(GREETING, "ours");
	struct sockaddr_un name;
	socklen_t len = abstract_name(&name);
	int status;

	pid_t pid = fork();
	if (pid == 0)
		_exit(try_as_nobody(&name, len));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 0);
	server_await(s, "control: a user that is neither ours nor root was turned away");
	cr_assert_str_eq(http_get(8080, "/"), "ours\n");
	server_stop(s);
}

/* ---- clients that are no portico ---- */

/* Says line; the answer, one line of JSON. */
static json_t *control_ask(const char *line)
{
	char text[1 << 16];
	int fd = control_connect();

	client_says(fd, line);
	long n = client_read_all(fd, text, sizeof(text));
	cr_assert_gt(n, 0, "no answer to %s", line);
	close(fd);
	json_t *answer = json_loads(text, 0, NULL);
	cr_assert_not_null(answer, "%s", text);
	return answer;
}

/* An operator who has put a fix in place must not see the old answer once more.  On a busy machine there are
 * fewer tries: a reload takes half a second there. */
Test(control_socket, no_new_client_is_answered_by_the_old_generation_when_a_reload_has_ended)
{
	enum { RELOADS = 200, CLIENTS = 4 };
	struct server *s = server_start(AT_PATH, path_of("control.sock"), "old");
	unsigned old = 0, tried = 0;

	for (double end = seconds_now() + 2. * PATIENCE; tried < RELOADS && seconds_now() < end;) {
		char expected[64];
		snprintf(expected, sizeof(expected), "newest %u", ++tried);
		write_file("portico.ini", AT_PATH, path_of("control.sock"), expected);
		json_t *answer = control_ask("{\"do\":\"reload\"}\n");
		strcat(expected, "\n");
		for (int k = 0; k < CLIENTS; k++)
			old += strcmp(http_get(8080, "/"), expected) != 0;
		cr_assert(json_is_true(json_object_get(answer, "good")));
		json_decref(answer);
	}
	cr_assert_eq(old, 0, "after %u reloads %u of %u clients had an old answer", tried, old, tried * CLIENTS);
	server_stop(s);
}

Test(control_socket, garbage_is_answered_with_a_refusal)
{
	static const char *const garbage[] = {
		"hello\n", "\n", "{}\n", "[]\n", "{\"do\":1}\n", "{\"do\":\"dance\"}\n", "{\"do\":null}\n",
		"{\"do\":\"scale\"}\n", "{\"do\":\"scale\",\"workers\":\"4\"}\n",
		"{\"do\":\"scale\",\"workers\":4.5}\n", "{\"do\":\"reload\",\"do\":\"stop\"}\n",
		"GET / HTTP/1.1\n", "\xff\xfe\n",
	};
	struct server *s = server_start(AT_PATH, path_of("control.sock"), "unmoved");

	for (size_t i = 0; i < sizeof(garbage) / sizeof(*garbage); i++) {
		json_t *answer = control_ask(garbage[i]);
		cr_assert(json_is_false(json_object_get(answer, "good")), "%s", garbage[i]);
		cr_assert(json_is_string(json_object_get(answer, "said")));
		json_decref(answer);
	}
	cr_assert_eq(status_number("generation"), 1);
	cr_assert_eq(status_number("workers"), 2);
	cr_assert_str_eq(http_get(8080, "/"), "unmoved\n");
	server_stop(s);
}

Test(control_socket, a_number_of_workers_that_cannot_be_is_refused_with_words)
{
	static const char *const wrong[] = { "0", "-1", "5000", "2147483648", "4294967299",
		"-9223372036854775808" };
	struct server *s = server_start(AT_PATH, path_of("control.sock"), "unmoved");
	char line[128];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		snprintf(line, sizeof(line), "{\"do\":\"scale\",\"workers\":%s}\n", wrong[i]);
		json_t *answer = control_ask(line);
		cr_assert(json_is_false(json_object_get(answer, "good")), "scale to %s: %s", wrong[i],
			json_string_value(json_object_get(answer, "said")));
		cr_assert_not_null(strstr(json_string_value(json_object_get(answer, "said")),
			"1 to 1024 can be had"));
		json_decref(answer);
	}
	cr_assert_eq(status_number("workers"), 2);
	server_stop(s);
}

Test(control_socket, a_megabyte_without_a_line_costs_a_connection)
{
	struct server *s = server_start(AT_PATH, path_of("control.sock"), "unmoved");
	char *megabyte = malloc(1 << 20), answer[4096];
	struct outcome o;
	size_t sent = 0;
	ssize_t n;

	memset(megabyte, '{', 1 << 20);
	int fd = control_connect();
	while (sent < 1 << 20 && (n = send(fd, megabyte + sent, (1 << 20) - sent, MSG_NOSIGNAL)) > 0)
		sent += (size_t)n;
	long got = client_read_all(fd, answer, sizeof(answer));
	cr_assert_neq(got, CLIENT_TIMEOUT, "it is never closed");
	close(fd);
	free(megabyte);
	cr_assert_lt(proc_rss_kib(server_pid(s)), has_sanitizers() ? 200000 : 20000);
	verb_succeeds(&o, "reload", NULL);
	server_stop(s);
}

Test(control_socket, connections_that_say_nothing_cost_nothing)
{
	struct server *s = server_start(AT_PATH, path_of("control.sock"), "unmoved");
	struct outcome o;
	char answer[64];
	int fds[200];

	for (int i = 0; i < 200; i++)
		close(control_connect());
	for (int i = 0; i < 200; i++)
		fds[i] = control_connect();
	verb_succeeds(&o, "reload", NULL);
	client_ends(fds[0]);
	cr_assert_leq(client_read_all(fds[0], answer, sizeof(answer)), 0);
	client_says(fds[1], "{\"do\":");
	client_ends(fds[1]);
	cr_assert_leq(client_read_all(fds[1], answer, sizeof(answer)), 0);
	for (int i = 0; i < 200; i++)
		close(fds[i]);
	verb_succeeds(&o, "reload", NULL);
	server_stop(s);
}

Test(control_socket, a_line_that_does_not_come_is_not_waited_for)
{
	struct server *s = server_start(AT_PATH, path_of("control.sock"), "unmoved");
	char answer[64];
	int fd = control_connect();

	client_says(fd, "{\"do\":");
	cr_assert_neq(client_read_all(fd, answer, sizeof(answer)), CLIENT_TIMEOUT);
	close(fd);
	server_stop(s);
}

Test(control_socket, a_client_that_leaves_while_it_waits_changes_nothing)
{
	struct server *s = server_start(AT_PATH, path_of("control.sock"), "old");
	struct outcome o;
	struct asked asked;

	write_file("portico.ini", GATE, path_of("control.sock"), path_of("open"));
	int running = control_connect(), waiting = control_connect();
	client_says(running, "{\"do\":\"reload\"}\n");
	server_await(s, "waiting at the gate");
	client_says(waiting, "{\"do\":\"scale\",\"workers\":3}\n");
	close(waiting);
	close(running);
	verb_begin(&asked, "reload", NULL);
	cr_assert_eq(kill(asked.pid, SIGKILL), 0);
	verb_await(&asked, &o);
	verb_succeeds(&o, "status", NULL);
	write_file("open", "yes");
	server_await(s, "generation 2 serves");
	cr_assert_str_eq(http_get(8080, "/"), "through\n");
	verb_succeeds(&o, "scale", "2");
	cr_assert_eq(status_number("workers"), 2);
	server_stop(s);
}

Test(control_socket, more_bytes_after_the_line_are_not_heard)
{
	struct server *s = server_start(AT_PATH, path_of("control.sock"), "unmoved");

	json_t *answer = control_ask("{\"do\":\"status\"}\n{\"do\":\"stop\"}\n");
	cr_assert(json_is_true(json_object_get(answer, "good")));
	json_decref(answer);
	cr_assert_str_eq(http_get(8080, "/"), "unmoved\n");
	server_stop(s);
}

/* ---- the socket as a file ---- */

static int bind_there(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", path_of("control.sock"));
	cr_assert_eq(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	return fd;
}

static void leave_stale_socket(void)
{
	close(bind_there());
}

Test(control_socket, the_socket_file_is_its_owners_alone)
{
	leave_stale_socket();
	struct server *s = server_start(AT_PATH, path_of("control.sock"), "hello");
	struct stat st;

	cr_assert_eq(stat(path_of("control.sock"), &st), 0);
	cr_assert(S_ISSOCK(st.st_mode));
	cr_assert_eq(st.st_mode & 07777, 0600, "its mode is %o", st.st_mode & 07777u);
	cr_assert_eq(status_number("workers"), 2);
	server_stop(s);
	cr_assert_eq(stat(path_of("control.sock"), &st), -1, "it is left behind");
}

Test(control_socket, the_socket_file_of_a_master_that_was_killed_is_replaced)
{
	struct server *s = server_start(AT_PATH, path_of("control.sock"), "hello");
	struct outcome o;

	server_signal(s, SIGKILL);
	cr_assert_eq(server_await_exit(s, PATIENCE), -1);
	server_assert_gone(s);
	s = server_start(AT_PATH, path_of("control.sock"), "hello");
	verb_succeeds(&o, "reload", NULL);
	server_stop(s);
}

Test(control_socket, a_file_that_is_no_socket_is_not_removed)
{
	write_file("precious", "data\n");
	write_file("portico.ini", AT_PATH, path_of("precious"), "hello");
	struct server *s = server_spawn(NULL);
	int code = server_await_exit(s, PATIENCE);

	cr_assert_str_eq(read_file(path_of("precious")), "data\n", "control = removed a file");
	cr_assert_gt(code, 0);
	server_assert_gone(s);
}

Test(control_socket, a_reload_may_move_the_socket)
{
	struct server *s = server_start(AT_PATH, path_of("control.sock"), "old");
	struct outcome o;

	write_file("portico.ini", AT_PATH, path_of("moved.sock"), "new");
	server_signal(s, SIGHUP);
	server_await_generation(s, 2);
	cr_assert_eq(verb(&o, "status", NULL), 0, "after a reload with another control = the "
		"server cannot be asked any more: %s", o.err);
	server_stop(s);
}

Test(control_socket, one_that_was_removed_is_made_again_by_a_reload)
{
	struct server *s = server_start(AT_PATH, path_of("control.sock"), "hello");
	struct outcome o;

	cr_assert_eq(unlink(path_of("control.sock")), 0);
	cr_assert_eq(verb(&o, "status", NULL), 75);
	server_signal(s, SIGHUP);
	server_await_generation(s, 2);
	server_await(s, "control.sock: somebody had removed it; made again");
	cr_assert_eq(status_number("generation"), 2);
	server_stop(s);
	cr_assert_eq(access(path_of("control.sock"), F_OK), -1, "it is left behind");
}

Test(control_socket, what_another_has_put_in_its_place_stays)
{
	struct server *s = server_start(AT_PATH, path_of("control.sock"), "hello");

	cr_assert_eq(unlink(path_of("control.sock")), 0);
	int fd = bind_there();
	server_stop(s);
	cr_assert_eq(access(path_of("control.sock"), F_OK), 0, "it was removed");
	close(fd);
}
