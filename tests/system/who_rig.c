/* SPDX-License-Identifier: MIT */
/*
 * who_rig.c - programs and sockets to ask about, and what portico who says.
 */
#include "who_rig.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server.h"

enum { PROGRAMS = 64, ARGUMENTS = 16 };

static pid_t programs[PROGRAMS];
static size_t program_count;

/* ---- who is there ---- */

static socklen_t write_address(struct sockaddr_storage *out, const char *ip, int port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, ip, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((uint16_t)port);
	return inet_pton(AF_INET6, ip, &in6->sin6_addr) == 1 ? sizeof(*in6) : 0;
}

static void switch_to(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof(value));
}

static int try_bind(const char *ip, int port, int flags, uid_t uid)
{
	struct sockaddr_storage a;
	socklen_t len = write_address(&a, ip, port);

	setfsuid(uid);
	int fd = socket(a.ss_family, (flags & HOLD_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	setfsuid(geteuid());
	if (a.ss_family == AF_INET6)
		switch_to(fd, IPPROTO_IPV6, IPV6_V6ONLY, !!(flags & HOLD_V6ONLY));
	switch_to(fd, SOL_SOCKET, SO_REUSEPORT, !!(flags & HOLD_REUSEPORT));
	switch_to(fd, SOL_SOCKET, SO_REUSEADDR, !!(flags & HOLD_REUSEADDR));
	if (flags & HOLD_ON_LO)
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof("lo"));
	if (bind(fd, (struct sockaddr *)&a, len) == 0
		&& (flags & (HOLD_UDP | HOLD_BOUND_ONLY) || listen(fd, 5) == 0))
		return fd;
	close(fd);
	return -1;
}

int who_bind(const char *ip, int port, int flags, uid_t uid)
{
	int fd = try_bind(ip, port, flags, uid);

	cr_assert_geq(fd, 0, "%s:%d: %s", ip, port, strerror(errno));
	return fd;
}

static void note(pid_t pid)
{
	cr_assert_gt(pid, 0);
	cr_assert_lt(program_count, (size_t)PROGRAMS);
	setpgid(pid, pid);
	programs[program_count++] = pid;
}

/* In the child. */
static void hold(const char *ip, int port, int flags, uid_t uid, int ready)
{
	setpgid(0, 0);
	prctl(PR_SET_NAME, "holder");
	if (try_bind(ip, port, flags, uid) < 0 || (uid && setuid(uid) < 0))
		_exit(1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (write(ready, "x", 1) != 1)
		_exit(2);
	for (;;)
		pause();
}

pid_t who_hold(const char *ip, int port, int flags, uid_t uid)
{
	int ends[2];
	char byte;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0)
		hold(ip, port, flags, uid, ends[1]);
	note(pid);
	close(ends[1]);
	cr_assert_eq(read(ends[0], &byte, 1), 1, "%s:%d cannot be held", ip, port);
	close(ends[0]);
	return pid;
}

/* In the child.  It may be nobody's, and its logs go to the test's directory. */
static void become(uid_t uid, char *const *argv)
{
	int null = open("/dev/null", O_RDWR);

	setpgid(0, 0);
	for (int fd = 0; fd <= 2; fd++)
		dup2(null, fd);
	if (uid && (setgid(uid) < 0 || setuid(uid) < 0))
		_exit(1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_range(3, ~0U, 0);
	if (chdir("/") == 0)
		execv(argv[0], argv);
	_exit(2);
}

pid_t who_run(uid_t uid, const char *program, ...)
{
	const char *argv[ARGUMENTS] = { program };
	va_list args;

	va_start(args, program);
	for (size_t i = 1; i < ARGUMENTS - 1 && (argv[i] = va_arg(args, char *)); i++)
		;
	va_end(args);
	pid_t pid = fork();
	if (pid == 0)
		become(uid, (char *const *)argv);
	note(pid);
	return pid;
}

void who_end(pid_t pid)
{
	for (size_t i = 0; i < program_count; i++)
		if (programs[i] == pid)
			programs[i] = 0;
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

bool who_has(const char *program)
{
	return access(program, X_OK) == 0;
}

void who_tear_down(void)
{
	for (size_t i = 0; i < program_count; i++)
		if (programs[i] > 0)
			who_end(programs[i]);
	harness_tear_down();
}

/* ---- what is said ---- */

static void ask(uid_t uid, const char *port, const char *option)
{
	static struct outcome o;
	struct spawn how = { .uid = uid };

	portico_ends(&o, &how, "who", port, option, NULL);
	cr_assert_eq(o.code, 0, "who %s gave %d: %s", port, o.code, o.err);
	cr_assert_str_eq(o.err, "");
}

json_t *who_asked(uid_t uid, const char *port)
{
	json_error_t error;

	ask(uid, port, "--json");
	json_t *all = json_load_file(path_of("out"), 0, &error);
	cr_assert_not_null(all, "%s: %s", error.text, read_file(path_of("out")));
	json_t *first = json_incref(json_array_get(all, 0));
	cr_assert_not_null(first);
	json_decref(all);
	return first;
}

const char *who_said(uid_t uid, const char *port)
{
	static char text[WHO_TEXT];
	size_t len = 0;

	ask(uid, port, NULL);
	for (const char *c = read_file(path_of("out")); *c && len < sizeof(text) - 1; c++)
		if (!isspace((unsigned char)*c))
			text[len++] = *c;
		else if (len > 0 && text[len - 1] != ' ')
			text[len++] = ' ';
	text[len] = '\0';
	return text;
}

size_t who_count(const json_t *told)
{
	return json_array_size(json_object_get(told, "sockets"));
}

json_t *who_socket(const json_t *told, size_t i)
{
	json_t *socket = json_array_get(json_object_get(told, "sockets"), i);

	cr_assert_not_null(socket, "there are only %zu sockets", who_count(told));
	return socket;
}

json_t *who_place(const json_t *told, const char *address)
{
	size_t i;
	json_t *place;

	json_array_foreach(json_object_get(told, "binds"), i, place)
		if (strcmp(who_word(place, "address"), address) == 0)
			return place;
	cr_assert_fail("nothing is said of %s", address);
	return NULL;
}

const char *who_word(const json_t *object, const char *key)
{
	const char *word = json_string_value(json_object_get(object, key));

	cr_assert_not_null(word, "there is no text %s", key);
	return word;
}

long long who_number(const json_t *object, const char *key)
{
	cr_assert(json_is_integer(json_object_get(object, key)), "there is no number %s", key);
	return json_integer_value(json_object_get(object, key));
}

bool who_is_held_by(const json_t *socket, pid_t pid)
{
	size_t i;
	json_t *h;

	json_array_foreach(json_object_get(socket, "holders"), i, h)
		if (who_number(h, "pid") == pid)
			return true;
	return false;
}

const char *who_with(const json_t *place, const char *how)
{
	return who_word(json_object_get(place, how), "answer");
}

bool who_was_tried(const json_t *place, const char *how)
{
	return json_is_true(json_object_get(json_object_get(place, how), "tried"));
}
