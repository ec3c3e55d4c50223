/* SPDX-License-Identifier: MIT */
/* control_silent.c - a master that is stopped: who asks is told in time, who waits is told why. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control_rig.h"
#include "fake.h"
#include "harness.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(control_silent);

/* What a verb under way has said on standard error so far; static. */
static const char *said_so_far(const struct asked *a)
{
	static char text[4096];
	ssize_t n = pread(a->err, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static bool has_said_a_line(void *asked)
{
	return strchr(said_so_far(asked), '\n') != NULL;
}

static void says(const char *text, const char *piece)
{
	cr_assert_not_null(strstr(text, piece), "'%s' is not in: %s", piece, text);
}

static void ends_silent(struct asked *a, const char *reason)
{
	struct outcome o;

	cr_assert_eq(verb_await(a, &o), 76, "%d: %s", o.code, o.err);
	says(o.err, "has not answered within 5 s: ");
	says(o.err, reason);
	cr_assert_str_eq(o.out, "");
}

Test(control_silent, a_stopped_master_is_told_to_who_asks_and_to_who_waits)
{
	struct server *s = server_start(GREETING, "hello");
	struct asked status, reload;
	struct outcome o;
	char way_out[64];

	snprintf(way_out, sizeof(way_out), "kill -CONT %d lets it go on", (int)server_pid(s));
	server_signal(s, SIGSTOP);
	verb_begin(&status, "status", NULL);
	verb_begin(&reload, "reload", NULL);
	ends_silent(&status, way_out);
	cr_assert(wait_until(has_said_a_line, &reload, PATIENCE), "who waits is told nothing");
	says(said_so_far(&reload), "has not read this request within 5 s: ");
	says(said_so_far(&reload), way_out);
	cr_assert_not(verb_has_ended(&reload), "it did not wait for the outcome");
	server_signal(s, SIGCONT);
	cr_assert_eq(verb_await(&reload, &o), 0, "%s", o.err);
	says(o.out, "generation 2 serves");
	server_stop(s);
}

/* Its queue, until it takes no more. */
static void fill_queue(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd, result;

	snprintf(name.sun_path, sizeof(name.sun_path), "%.100s", path_of("control.sock"));
	do {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		result = connect(fd, (struct sockaddr *)&name, sizeof(name));
	} while (result == 0);
	cr_assert_eq(errno, EAGAIN, "%s", strerror(errno));
	close(fd);
}

/* As after an hour of a monitor's questions. */
Test(control_silent, a_stopped_master_with_a_full_queue_is_still_one_that_runs)
{
	struct server *s = server_start(AT_PATH, path_of("control.sock"), "hello");
	struct asked status, health, stop;
	struct outcome o;

	server_signal(s, SIGSTOP);
	fill_queue();
	verb_begin(&status, "status", "--json");
	verb_begin(&health, "health", NULL);
	verb_begin(&stop, "stop", NULL);
	cr_assert_eq(verb_await(&health, &o), 1);
	cr_assert_str_eq(o.out, "down: it does not answer\n");
	ends_silent(&status, "kill -CONT");
	cr_assert(wait_until(has_said_a_line, &stop, PATIENCE), "who waits is told nothing");
	says(said_so_far(&stop), "has not read this request within 5 s: ");
	server_signal(s, SIGCONT);
	cr_assert_eq(verb_await(&stop, &o), 0, "%s", o.err);
	cr_assert_str_eq(o.out, "stopped\n");
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
}

Test(control_silent, what_was_read_is_waited_for_without_a_word)
{
	struct asked reload;
	struct outcome o;

	fake_start();
	write_file("wait", "yes");
	write_file("said.json", "{\"good\":true,\"said\":\"at last\"}");
	verb_begin(&reload, "reload", NULL);
	fake_await_request("{\"do\":\"reload\"}\n");
	let_pass(5.5);
	cr_assert_eq(unlink(path_of("wait")), 0);
	cr_assert_eq(verb_await(&reload, &o), 0, "%s", o.err);
	cr_assert_str_eq(o.out, "at last\n");
	cr_assert_str_eq(o.err, "");
}
