/* SPDX-License-Identifier: MIT */
/* control_odd.c - verbs at odd times: a server that does not serve yet, a disk that is full. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "control_rig.h"
#include "greeting.h"
#include "harness.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(control_odd);

Test(control_odd, a_start_that_takes_its_time_is_told_as_such)
{
	static const char starting[] = "starting, no worker serves yet, 0 lost\n";
	struct outcome o;

	write_file("portico.ini", GATE, path_of("control.sock"), path_of("open"));
	struct server *s = server_spawn(NULL);
	server_await(s, "waiting at the gate");
	verb_succeeds(&o, "status", NULL);
	cr_assert_eq(strncmp(o.out, starting, strlen(starting)), 0, "%s", o.out);
	cr_assert_eq(verb(&o, "drain", "0"), 1);
	cr_assert_str_eq(o.err, "it does not serve yet\n");
	cr_assert_eq(verb(&o, "reopen", NULL), 1);
	cr_assert_str_eq(o.err, "it does not serve yet\n");
	write_file("open", "yes");
	server_await_generation(s, 1);
	server_stop(s);
}

static void is_told_when_unwritten(const char *name, const char *argument)
{
	const char *argv[] = { NULL, name, "-c", path_of("portico.ini"), argument, NULL };
	int out = open("/dev/full", O_WRONLY | O_CLOEXEC), ends[2], status;
	char text[256];

	cr_assert_geq(out, 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	pid_t pid = spawn_portico(NULL, out, ends[1], argv);
	close(out);
	close(ends[1]);
	client_read_all(ends[0], text, sizeof(text));
	close(ends[0]);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 74, "%s: %x", name, (unsigned)status);
	cr_assert_not_null(strstr(text, "portico: standard output: No space left on device"), "%s", text);
}

/* Half of a status in a file, and the exit code of a whole one. */
Test(control_odd, what_standard_output_does_not_take_is_told)
{
	struct server *s = server_start(GREETING, "hello");

	is_told_when_unwritten("status", NULL);
	is_told_when_unwritten("status", "--json");
	is_told_when_unwritten("who", "8080");
	is_told_when_unwritten("completion", "bash");
	server_stop(s);
}
