/* SPDX-License-Identifier: MIT */
/*
 * operate.c - verbs, status, sockets.
 */
#include "operate.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "proc.h"

/* ---- verbs ---- */

static int unnamed_file(void)
{
	int fd = open(harness_dir(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	cr_assert_geq(fd, 0, "%s", strerror(errno));
	return fd;
}

void verb_begin(struct asked *a, const char *name, const char *argument)
{
	const char *argv[] = { NULL, name, "-c", path_of("portico.ini"), argument, NULL };

	*a = (struct asked){ .out = unnamed_file(), .err = unnamed_file() };
	a->pid = spawn_portico(NULL, a->out, a->err, argv);
}

bool verb_has_ended(struct asked *a)
{
	if (!a->ended)
		a->ended = waitpid(a->pid, &a->status, WNOHANG) == a->pid;
	return a->ended;
}

static bool has_ended(void *asked)
{
	return verb_has_ended(asked);
}

bool verb_ends(struct asked *a, double seconds)
{
	return wait_until(has_ended, a, seconds);
}

static void take(int fd, char *text, size_t room)
{
	ssize_t n = pread(fd, text, room - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	close(fd);
}

int verb_await(struct asked *a, struct outcome *o)
{
	bool in_time = verb_ends(a, 2 * PATIENCE);

	if (!in_time)
		kill(-a->pid, SIGKILL);
	take(a->out, o->out, sizeof(o->out));
	take(a->err, o->err, sizeof(o->err));
	cr_assert(in_time, "a verb did not end: %s%s", o->out, o->err);
	o->code = WIFEXITED(a->status) ? WEXITSTATUS(a->status) : -1;
	return o->code;
}

int verb(struct outcome *o, const char *name, const char *argument)
{
	struct asked a;
	double begin = seconds_now();

	verb_begin(&a, name, argument);
	verb_await(&a, o);
	o->seconds = seconds_now() - begin;
	return o->code;
}

void verb_succeeds(struct outcome *o, const char *name, const char *argument)
{
	cr_assert_eq(verb(o, name, argument), 0, "portico %s gave %d: %s", name, o->code, o->err);
	cr_assert_str_eq(o->err, "");
}

/* ---- status ---- */

json_t *status_read(void)
{
	struct asked a;
	struct outcome o;
	json_error_t error;
	static char text[1 << 18];

	verb_begin(&a, "status", "--json");
	int out = dup(a.out);
	cr_assert_eq(verb_await(&a, &o), 0, "status: %s", o.err);
	take(out, text, sizeof(text));
	json_t *status = json_loads(text, 0, &error);
	cr_assert_not_null(status, "%s: %s", error.text, text);
	return status;
}

long long status_number(const char *key)
{
	json_t *status = status_read();
	json_t *value = json_object_get(status, key);

	cr_assert(json_is_integer(value), "status has no number %s", key);
	long long number = json_integer_value(value);
	json_decref(status);
	return number;
}

long long metric_sum(const char *name)
{
	json_t *status = status_read(), *service, *m;
	long long sum = 0;
	size_t i, k;

	json_array_foreach(json_object_get(status, "services"), i, service)
		json_array_foreach(json_object_get(service, "metrics"), k, m)
			if (strcmp(json_string_value(json_object_get(m, "name")), name) == 0)
				sum += (long long)json_number_value(json_object_get(m, "value"));
	json_decref(status);
	return sum;
}

static pid_t find_worker(const json_t *generation, unsigned slot)
{
	size_t i;
	json_t *w;

	json_array_foreach(json_object_get(generation, "workers"), i, w)
		if (json_integer_value(json_object_get(w, "slot")) == slot
			&& strcmp(json_string_value(json_object_get(w, "state")), "serving") == 0)
			return (pid_t)json_integer_value(json_object_get(w, "pid"));
	return 0;
}

long long status_errors(const char *kind)
{
	json_t *status = status_read();
	const json_t *service = json_array_get(json_object_get(status, "services"), 0);
	const json_t *count = json_object_get(json_object_get(service, "errors"), kind);

	cr_assert(json_is_integer(count), "errors has no %s", kind);
	long long n = json_integer_value(count);
	json_decref(status);
	return n;
}

pid_t status_worker(unsigned slot)
{
	json_t *status = status_read(), *g;
	pid_t pid = 0;
	size_t i;

	json_array_foreach(json_object_get(status, "generations"), i, g)
		if (strcmp(json_string_value(json_object_get(g, "state")), "serving") == 0)
			pid = find_worker(g, slot);
	json_decref(status);
	return pid;
}

struct wanted_worker {
	unsigned slot;
	pid_t    pid;
};

static bool has_worker(void *arg)
{
	struct wanted_worker *w = arg;
	return (w->pid = status_worker(w->slot)) > 0;
}

pid_t status_await_worker(unsigned slot)
{
	struct wanted_worker w = { .slot = slot };

	cr_assert(wait_until(has_worker, &w, PATIENCE), "nobody ever serves slot %u", slot);
	return w.pid;
}

size_t status_lent(void)
{
	json_t *status = status_read(), *s;
	size_t i, count = 0;

	json_array_foreach(json_object_get(status, "sockets"), i, s)
		count += json_is_true(json_object_get(s, "lent"));
	json_decref(status);
	return count;
}

static bool so_many_are_lent(void *count)
{
	return status_lent() == *(size_t *)count;
}

void status_await_lent(size_t count)
{
	cr_assert(wait_until(so_many_are_lent, &count, PATIENCE),
		"there are never %zu sockets lent, but %zu", count, status_lent());
}

/* ---- sockets ---- */

size_t sockets_on(const char *table, int port)
{
	return proc_sockets(table, port, (unsigned long[64]){ 0 }, 64);
}

struct wanted_sockets {
	const char *table;
	int         port;
	size_t      count;
};

static bool are_there(void *arg)
{
	const struct wanted_sockets *w = arg;
	return sockets_on(w->table, w->port) == w->count;
}

void sockets_await(const char *table, int port, size_t count)
{
	struct wanted_sockets w = { .table = table, .port = port, .count = count };

	cr_assert(wait_until(are_there, &w, PATIENCE), "%s port %d has %zu sockets, not %zu",
		table, port, sockets_on(table, port), count);
}

struct wanted_holder {
	struct wanted_sockets sockets;
	pid_t                 pid;
};

static bool are_held(void *arg)
{
	const struct wanted_holder *w = arg;
	unsigned long inodes[64];
	size_t count = proc_sockets(w->sockets.table, w->sockets.port, inodes, 64);

	return proc_holds(w->pid, inodes, count) == w->sockets.count;
}

void sockets_await_held(const char *table, int port, pid_t pid, size_t count)
{
	struct wanted_holder w = { { .table = table, .port = port, .count = count }, .pid = pid };

	cr_assert(wait_until(are_held, &w, PATIENCE), "%d never has %zu sockets of %s port %d", (int)pid, count,
		table, port);
}

size_t sockets_half_open(const char *table, int port)
{
	enum { SYN_RECV_STATE = 3 };
	unsigned local, state;
	size_t count = 0;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/net/%s", table);
	for (const char *line = read_file(path); line; line = strchr(line + 1, '\n'))
		if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x", &local, &state) == 2)
			count += local == (unsigned)port && state == SYN_RECV_STATE;
	return count;
}

static bool are_half_open(void *arg)
{
	const struct wanted_sockets *w = arg;
	return sockets_half_open(w->table, w->port) == w->count;
}

void sockets_await_half_open(const char *table, int port, size_t count)
{
	struct wanted_sockets w = { .table = table, .port = port, .count = count };

	cr_assert(wait_until(are_half_open, &w, PATIENCE), "port %d has %zu half-open ones, not %zu",
		port, sockets_half_open(table, port), count);
}

/* ---- who answers ---- */

unsigned slot_of(int port)
{
	return (unsigned)strtoul(http_get(port, "/"), NULL, 10);
}

void slots_count(int port, size_t connections, unsigned *hits, size_t slots)
{
	memset(hits, 0, slots * sizeof(*hits));
	for (size_t i = 0; i < connections; i++) {
		unsigned slot = slot_of(port);
		cr_assert_lt(slot, slots, "slot %u answers", slot);
		hits[slot]++;
	}
}

void slots_await_all(int port, size_t slots)
{
	double end = seconds_now() + PATIENCE;
	bool seen[64] = { false };
	size_t count = 0;

	while (count < slots) {
		unsigned slot = slot_of(port);
		cr_assert_lt(slot, 64u);
		count += !seen[slot];
		seen[slot] = true;
		cr_assert_lt(seconds_now(), end, "only %zu of %zu slots answer", count, slots);
	}
}

/* ---- load ---- */

void load_lost_nothing(const struct load_result *r)
{
	cr_assert_eq(r->answered, r->started, "%u started, %u answered: refused %u, reset %u, "
		"timed out %u, truncated %u, wrong %u, others %u", r->started, r->answered,
		r->refused, r->reset, r->timed_out, r->truncated, r->wrong, r->others);
}
