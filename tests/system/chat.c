/* SPDX-License-Identifier: MIT */
/* chat.c - guests of examples/chat.c over reloads and deaths: who talks is tests/chat. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"
#include "ws_client.h"

SYSTEM_SUITE(chat);

#define CHAT(publish)                                                        \
	"[portico]\nworkers = 4\ndrain = 20s\n"                              \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\ntable = 1m\n" publish \
	"[handler web]\nplugin = ${E}/chat.so\n"

/* It lies beside this program. */
static const char *chat_run(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);

	cr_assert_gt(n, 0);
	path[n] = '\0';
	strcpy(strrchr(path, '/'), "/chat-run");
	return path;
}

/* Its exit code; what it says goes to out. */
static int run_guests(const struct server *s, const char *guests, const char *reloads, const char *kills,
	const char *out)
{
	char pid[16];
	int status;

	snprintf(pid, sizeof(pid), "%d", (int)server_pid(s));
	pid_t child = fork();
	if (child == 0) {
		int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execl(chat_run(), "chat-run", "8080", pid, guests, reloads, kills, (char *)NULL);
		_exit(127);
	}
	cr_assert_gt(child, 0);
	cr_assert_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(chat, everybody_hears_all_over_reloads_and_a_kill)
{
	struct server *s = server_start(CHAT("publish = 4m\n"));
	const char *out = path_of("guests");

	int code = run_guests(s, "100", "2", "1", out);
	cr_assert_eq(code, 0, "%d: %s", code, read_file(out));
	server_stop(s);
}

static unsigned who_hears(int fd)
{
	char text[126];

	return ws_hear(fd, text, sizeof(text));
}

Test(chat, a_guest_keeps_its_number_over_a_reload_and_nobody_hears_of_it)
{
	struct server *s = server_start(CHAT("publish = 1m\n"));
	struct outcome o;

	int a = ws_connect(8080, "/");
	ws_expect(a, 1, "guest 1 is here");
	int b = ws_connect(8080, "/");
	ws_expect(a, 1, "guest 2 is here");
	ws_await(b, 1, "guest 2 is here");
	verb_succeeds(&o, "reload", NULL);
	server_await_workers(s, 4);
	ws_say(b, 1, "still here", 10);
	ws_expect(a, 1, "guest 2: still here");
	ws_expect(b, 1, "guest 2: still here");
	server_signal(s, SIGTERM);
	cr_assert_eq(who_hears(a), 8);
	cr_assert_eq(who_hears(b), 8);
	close(a);
	close(b);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
}

/* What it would have missed can not be had, so it has to know. */
Test(chat, with_another_ring_guests_are_sent_away)
{
	struct server *s = server_start(CHAT("publish = 1m\n"));

	int a = ws_connect(8080, "/");
	ws_expect(a, 1, "guest 1 is here");
	server_reload(s, CHAT("publish = 2m\n"));
	cr_assert_eq(ws_expect_close(a), 1011);
	server_await(s, "ws_import() refused a connection of the worker before: closed");
	close(a);
	server_stop(s);
}
