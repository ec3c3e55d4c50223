/* SPDX-License-Identifier: MIT */
/* readiness.c - portico health: what it says of a server, to BIRD and to HAProxy. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "greeting.h"
#include "harness.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(readiness);

/* It answers when there is a file. */
#define HOLDING                                                              \
	"[portico]\nworkers = 1\n[service web]\nprotocol = http\n"          \
	"listen = 127.0.0.1:8080\nlinger = 100ms\n[handler web /]\nplugin = ${T}/deferred.so\nfile = %s\n"

static void says(int code, const char *text)
{
	struct outcome o;

	cr_assert_eq(verb(&o, "health", NULL), code, "it says %s", o.out);
	cr_assert_str_eq(o.out, text);
	cr_assert_str_eq(o.err, "");
}

/* With a request in hand, for which it waits. */
static int hold_up_the_end(struct server *s)
{
	int fd = client_connect(8080);

	client_says(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	server_await(s, "request in hand");
	server_signal(s, SIGTERM);
	server_await(s, "TERM: finishing");
	return fd;
}

Test(readiness, tells_ready_ending_and_gone)
{
	write_file("portico.ini", HOLDING, path_of("go"));
	says(1, "down: no server runs\n");
	struct server *s = server_start(HOLDING, path_of("go"));
	says(0, "ready\n");

	int fd = hold_up_the_end(s);
	says(1, "not ready: it is about to end\n");
	write_file("go", "now");
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	says(1, "down: no server runs\n");
	close(fd);
}

Test(readiness, a_master_that_hangs_is_down)
{
	struct server *s = server_start(GREETING, "hello");

	server_signal(s, SIGSTOP);
	says(1, "down: it does not answer\n");
	server_signal(s, SIGCONT);
	says(0, "ready\n");
	server_stop(s);
}

static int listen_at(const char *file)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", path_of(file));
	unlink(name.sun_path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	cr_assert_eq(listen(fd, 16), 0);
	return fd;
}

/* Where control = says: a master that never comes to an end. */
static void drip(int listener)
{
	const struct timespec moment = { .tv_nsec = 100000000 };
	int client = accept(listener, NULL, NULL);

	while (send(client, "x", 1, MSG_NOSIGNAL) == 1)  /* "now and then" is the case */
		nanosleep(&moment, NULL);
	_exit(0);
}

Test(readiness, a_master_that_says_a_byte_now_and_then_is_down)
{
	write_file("portico.ini", "[portico]\ncontrol = drip.sock\n" WEB_GREETING, "hello");
	int listener = listen_at("drip.sock");

	pid_t pid = fork();
	if (pid == 0)
		drip(listener);
	says(1, "down: it does not answer\n");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(listener);
}

Test(readiness, another_user_is_told_nothing)
{
	struct server *s = server_start(GREETING, "hello");
	struct outcome o;

	portico_ends(&o, &(struct spawn){ .uid = 65534 }, "health", "-c", path_of("portico.ini"), NULL);
	cr_assert_eq(o.code, 1);
	cr_assert_str_eq(o.out, "down: it belongs to another user\n");
	server_stop(s);
}

/* Stops a worker, and connects until the master has seen it to be blocked: one that nobody waits for is not. */
static void block(struct server *s, pid_t worker)
{
	double until = seconds_now() + PATIENCE;
	char said[64];

	snprintf(said, sizeof(said), "(pid %d) has been blocked", (int)worker);
	kill(worker, SIGSTOP);
	while (!server_says(s, said)) {
		cr_assert(seconds_now() < until, "nobody sees that %d is blocked", (int)worker);
		close(client_connect(8080));
		let_pass(.01);
	}
}

Test(readiness, one_worker_of_two_is_enough)
{
	struct server *s = server_start(GREETING, "hello");
	pid_t first = status_await_worker(0), second = status_await_worker(1);

	block(s, first);
	says(0, "ready\n");
	block(s, second);
	says(1, "not ready: none of its workers serves\n");
	kill(first, SIGCONT);
	kill(second, SIGCONT);
	server_await(s, "worker 0 turns again");
	server_await(s, "worker 1 turns again");
	says(0, "ready\n");
	server_stop(s);
}

/* ---- the watcher ---- */

static pid_t watch(const char *option, const char *value)
{
	const char *argv[] = { NULL, "health", "-c", path_of("portico.ini"), option, value, "--every", "20ms",
		NULL };

	return spawn_portico(NULL, STDOUT_FILENO, STDERR_FILENO, argv);
}

/* Asks as HAProxy does, until it is the expected word. */
static bool agent_says(void *word)
{
	char said[64] = "";
	int fd = client_try_connect("127.0.0.1", 7200);

	if (fd < 0)
		return false;
	client_read_all(fd, said, sizeof(said) - 1);
	close(fd);
	return strcmp(said, word) == 0;
}

static void agent_will_say(const char *word)
{
	cr_assert(wait_until(agent_says, (void *)word, PATIENCE), "the agent never says %s", word);
}

Test(readiness, tells_haproxy_ready_drain_and_down)
{
	write_file("portico.ini", HOLDING, path_of("go"));
	pid_t watcher = watch("--agent", "127.0.0.1:7200");
	agent_will_say("down\n");
	struct server *s = server_start(HOLDING, path_of("go"));
	agent_will_say("ready up\n");
	int fd = hold_up_the_end(s);
	agent_will_say("drain\n");
	write_file("go", "now");
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	agent_will_say("down\n");
	kill(watcher, SIGTERM);
	close(fd);
}

/* Who did not want to wait so long has gone, and comes again. */
static void bird_says(int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Is BIRD for one command, until the expected one comes. */
static void bird_hears(int bird, const char *expected)
{
	char said[256] = "";
	double until = seconds_now() + PATIENCE;

	while (strcmp(said, expected) != 0) {
		cr_assert(seconds_now() < until, "BIRD hears '%s' and never '%s'", said, expected);
		int fd = accept4(bird, NULL, NULL, SOCK_CLOEXEC);
		bird_says(fd, "0001 BIRD 2.0.12 ready.\n");
		ssize_t n = recv(fd, said, sizeof(said) - 1, 0);
		said[n > 0 ? n : 0] = '\0';
		bird_says(fd, "0009-anycast: more follows\n0000 \n");
		close(fd);
	}
}

Test(readiness, tells_bird_at_each_look_and_withdraws_at_its_end)
{
	char where[256];
	write_file("portico.ini", GREETING, "hello");
	snprintf(where, sizeof(where), "anycast@%s", path_of("bird.ctl"));
	int bird = listen_at("bird.ctl");
	pid_t watcher = watch("--bird", where);

	bird_hears(bird, "disable anycast\n");
	struct server *s = server_start(GREETING, "hello");
	bird_hears(bird, "enable anycast\n");

	/* A new BIRD knows nothing of that. */
	close(bird);
	bird = listen_at("bird.ctl");
	bird_hears(bird, "enable anycast\n");

	server_signal(s, SIGKILL);
	bird_hears(bird, "disable anycast\n");
	cr_assert_eq(server_await_exit(s, PATIENCE), -1);
	server_assert_gone(s);           /* its workers have the port until they are */
	s = server_start(GREETING, "hello");
	bird_hears(bird, "enable anycast\n");
	kill(watcher, SIGTERM);
	bird_hears(bird, "disable anycast\n");
	server_stop(s);
	close(bird);
}

Test(readiness, what_it_cannot_do_is_said_at_once)
{
	struct outcome o;

	write_file("portico.ini", GREETING, "hello");
	static const struct {
		const char *option, *value, *said;
		int         code;
	} cases[] = {
		{ "--bird", "any cast", "the name of a protocol is expected", 64 },
		{ "--bird", "@x", "the name of a protocol is expected", 64 },
		{ "--bird", "a;configure", "the name of a protocol is expected", 64 },
		{ "--agent", "7200", "portico: --agent 7200: ", 64 },
		{ "--agent", "192.0.2.1:7200", "Cannot assign requested address", 69 },
		{ "--every", "0", "--every 0: not a time from 10ms on", 64 },
		{ "--every", "often", "--every often: not a time from 10ms on", 64 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		portico_ends(&o, NULL, "health", "-c", path_of("portico.ini"), cases[i].option, cases[i].value,
			NULL);
		cr_assert_eq(o.code, cases[i].code, "%s: %d", cases[i].value, o.code);
		cr_assert_not_null(strstr(o.err, cases[i].said), "%s: %s", cases[i].value, o.err);
	}
}
