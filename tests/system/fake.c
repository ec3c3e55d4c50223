/* SPDX-License-Identifier: MIT */
/*
 * fake.c - a master that says what a test wants.
 */
#include "fake.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

static int listen_there(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof(name.sun_path), "%.100s", path_of("control"));
	unlink(name.sun_path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0, "%s", strerror(errno));
	cr_assert_eq(listen(fd, 16), 0);
	return fd;
}

/* ---- the child ---- */

static void note(const char *line)
{
	int fd = open(path_of("requests"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	(void)!write(fd, line, strlen(line));
	close(fd);
}

static void wait_for_leave(void)
{
	while (access(path_of("wait"), F_OK) == 0)
		poll(NULL, 0, 2);
}

static void answer(int fd)
{
	char line[4096];
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(line) - 1 && !memchr(line, '\n', len)
		&& (n = read(fd, line + len, sizeof(line) - 1 - len)) > 0)
		len += (size_t)n;
	line[len] = '\0';
	bool is_status = strstr(line, "\"status\"") != NULL;
	if (!is_status) {
		note(line);
		wait_for_leave();
	}
	const char *text = read_file(path_of(is_status ? "status.json" : "said.json"));
	(void)!write(fd, text, strlen(text));
	_exit(0);
}

static void __attribute__((noreturn)) serve(int listener)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0 && fork() == 0)
			answer(fd);
		close(fd);
	}
}

/* ---- the test's side ---- */

pid_t fake_start(void)
{
	write_file("portico.ini", "[portico]\ncontrol = %s\n", path_of("control"));
	int listener = listen_there();
	pid_t pid = fork();

	if (pid == 0)
		serve(listener);
	cr_assert_gt(pid, 0);
	close(listener);
	return pid;
}

void fake_stop(pid_t pid)
{
	cr_assert_eq(kill(pid, SIGKILL), 0);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
}

const char *fake_requests(void)
{
	return read_file(path_of("requests"));
}

static bool is_noted(void *line)
{
	return strstr(fake_requests(), line) != NULL;
}

void fake_await_request(const char *line)
{
	char copy[256];

	snprintf(copy, sizeof(copy), "%s", line);
	cr_assert(wait_until(is_noted, copy, PATIENCE), "%s was not asked, but: %s", line, fake_requests());
}

/* ---- what it says ---- */

#define VERDICT "4 workers, generation 7, balanced 1.04×, p99 3.1 ms, last reload 12 s ago, 0 lost"

static const char head[] =
	"{\"good\":true,\"version\":\"0.1\",\"pid\":4242,\"file\":\"x.ini\",\"uptime\":300.5,\"workers\":4,"
	"\"generation\":7,\"crashes\":1,\"upgrades\":0,\"retiring\":false,\"verdict\":\"" VERDICT "\","
	"\"lost\":0,\"stalls\":3,\"imbalance\":1.04,\"p50\":0.0001,\"p99\":0.0031,\"last_reload\":12.0,"
	"\"operation\":null,";

static const char more[] =
	"\"lacks\":[\"pidfd_open: a worker's death is seen by the end of its channel\",\"CAP_BPF: weights\"],"
	"\"strangers\":[{\"address\":\"0.0.0.0:8080\",\"type\":\"tcp\",\"pid\":4711,"
	"\"program\":\"evil\\u001b[2J\\u009b2J\",\"uid\":1000,\"since\":\"2026-11-22 14:03:11\"}],"
	"\"canary\":{\"generation\":8,\"share\":0.1,\"since\":3.2,\"until\":30.0,\"workers\":1},"
	"\"services\":[{\"name\":\"web\",\"protocol\":\"http\",\"listen\":[\"0.0.0.0:8080\",\"[::]:8080\"],"
	"\"balance\":{\"asked\":\"load\",\"runs\":\"load by weights\",\"why\":\"CAP_BPF is missing\"},"
	"\"accepted\":1234567,\"active\":12,\"closed\":1234555,\"bytes_in\":2202009,\"bytes_out\":5000000000,"
	"\"requests\":{\"1xx\":0,\"2xx\":1200,\"3xx\":0,\"4xx\":7,\"5xx\":0},\"datagrams_in\":0,"
	"\"datagrams_out\":0,\"errors\":{\"accept\":0,\"memory\":0,\"timeout\":3},\"p50\":null,\"p99\":0.0031,"
	"\"metrics\":[{\"handler\":\"web /\",\"name\":\"hits\",\"kind\":\"counter\",\"value\":12}]}],"
	"\"generations\":[{\"number\":7,\"state\":\"serving\",\"wanted\":4,\"age\":12.0,\"workers\":["
	"{\"slot\":0,\"pid\":5000,\"state\":\"serving\",\"age\":12.0,\"doing\":\"serving\"}]},"
	"{\"number\":6,\"state\":\"retiring\",\"wanted\":4,\"age\":90.0,\"workers\":["
	"{\"slot\":0,\"pid\":4999,\"state\":\"draining\",\"age\":90.0,\"doing\":\"draining\"}]}],"
	"\"sockets\":[{\"slot\":0,\"type\":\"tcp\",\"address\":\"0.0.0.0:8080\",\"queue\":2,\"limit\":4096,"
	"\"state\":\"held\",\"lent\":true}],";

static size_t add_slot(char *out, size_t room, unsigned slot, const char *state, const char *doing)
{
	return (size_t)snprintf(out, room, "%s{\"slot\":%u,\"pid\":%u,\"generation\":7,\"state\":\"%s\","
		"\"doing\":\"%s\",\"accepted\":%u,\"answered\":2000,\"share\":0.26,\"expected\":0.25,"
		"\"active\":3,\"queue\":2,\"limit\":4096,\"rate\":123.4,\"busy\":0.13,\"p50\":0.0001,"
		"\"p99\":0.0031,\"rss\":2202009,\"restarts\":%u}", slot ? "," : "", slot, 5000 + slot, state,
		doing, 1000 + slot, slot);
}

void fake_tells_slots(unsigned slots)
{
	static char text[1 << 17];
	size_t len = 0;

	for (unsigned i = 0; i < slots; i++)
		len += add_slot(text + len, sizeof(text) - len, i, "serving", "");
	text[len] = '\0';
	write_file("status.json", "%s\"slots\":[%s]}", head, text);
}

void fake_tells_all(void)
{
	static const char *const states[] = { "serving", "stalled", "drained", "canary" };
	char text[4096];
	size_t len = 0;

	for (unsigned i = 0; i < 4; i++)
		len += add_slot(text + len, sizeof(text) - len, i, states[i], i == 1 ? "in handler web /" : "");
	write_file("status.json", "%s%s\"slots\":[%s]}", head, more, text);
}
