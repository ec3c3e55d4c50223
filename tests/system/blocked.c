/* SPDX-License-Identifier: MIT */
/* blocked.c - workers that do not turn: to make one, and to see what comes of it. */
#include "blocked.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "proc.h"

enum { NOBODY = 65534, PORT = 8080 };

#define INI                                                                  \
	"[portico]\nworkers = %u\n%s\n"                                      \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"balance = ${BALANCE:hash}\n"                                        \
	"[handler web /]\nplugin = ./block.so\n"

static struct server *start(const struct spawn *how, unsigned workers, const char *more)
{
	copy_file(test_plugin("block.so"), "block.so");
	write_file("portico.ini", INI, workers, more);
	struct server *s = server_spawn(how);
	server_await_generation(s, 1);
	return s;
}

struct server *blocked_start(unsigned workers, const char *more)
{
	return start(NULL, workers, more);
}

struct server *blocked_start_as_nobody(unsigned workers, const char *more)
{
	return start(&(struct spawn){ .uid = NOBODY }, workers, more);
}

/* ---- making one ---- */

static bool has_stopped(void *pid)
{
	return proc_status(*(pid_t *)pid, "State")[0] == 'T';
}

void worker_stop(pid_t pid)
{
	cr_assert_eq(kill(pid, SIGSTOP), 0);
	cr_assert(wait_until(has_stopped, &pid, PATIENCE));
}

void worker_continue(pid_t pid)
{
	cr_assert_eq(kill(pid, SIGCONT), 0);
}

int connect_to(unsigned slot)
{
	double end = seconds_now() + PATIENCE;
	struct response r;

	for (;;) {
		int fd = client_connect(PORT);
		client_get(fd, "/", &r);
		if (strtoul(r.body, NULL, 10) == slot)
			return fd;
		close(fd);
		cr_assert_lt(seconds_now(), end, "slot %u never answers", slot);
	}
}

void block_by(struct server *s, int fd, const char *how, unsigned ms)
{
	char text[128];

	snprintf(text, sizeof(text), "/%s begins", how);
	size_t before = server_count(s, text);
	snprintf(text, sizeof(text), "GET /%s?%u HTTP/1.1\r\nHost: test\r\n\r\n", how, ms);
	client_says(fd, text);
	snprintf(text, sizeof(text), "/%s begins", how);
	server_await_count(s, text, before + 1);
}

/* ---- seeing it ---- */

/* A new reference to the slot's row in status. */
static json_t *row_of(unsigned slot)
{
	json_t *status = status_read();
	json_t *row = json_incref(json_array_get(json_object_get(status, "slots"), slot));

	json_decref(status);
	return row;
}

long long slot_number(unsigned slot, const char *key)
{
	json_t *row = row_of(slot), *value = json_object_get(row, key);

	cr_assert(json_is_integer(value), "slot %u has no number %s", slot, key);
	long long number = json_integer_value(value);
	json_decref(row);
	return number;
}

bool slot_is(unsigned slot, const char *state)
{
	json_t *row = row_of(slot);
	const char *is = json_string_value(json_object_get(row, "state"));
	bool so = is && strcmp(is, state) == 0;

	json_decref(row);
	return so;
}

struct wanted_state {
	unsigned    slot;
	const char *state;
};

static bool is_in_state(void *arg)
{
	const struct wanted_state *w = arg;
	return slot_is(w->slot, w->state);
}

void slot_await(unsigned slot, const char *state)
{
	struct wanted_state w = { .slot = slot, .state = state };

	cr_assert(wait_until(is_in_state, &w, PATIENCE), "slot %u is never %s", slot, state);
}

static bool are_so_many_stalls(void *count)
{
	return status_number("stalls") == *(long long *)count;
}

void stalls_await(long long count)
{
	cr_assert(wait_until(are_so_many_stalls, &count, PATIENCE), "there are %lld stalls, not %lld",
		status_number("stalls"), count);
}

static bool holds_one(void *pid)
{
	unsigned long inodes[16];
	size_t count = proc_sockets("tcp", PORT, inodes, 16);

	return proc_holds(*(pid_t *)pid, inodes, count) == 1;
}

void sockets_await_own(unsigned slots)
{
	status_await_lent(0);
	for (unsigned i = 0; i < slots; i++) {
		pid_t pid = status_await_worker(i);
		cr_assert(wait_until(holds_one, &pid, PATIENCE), "worker %u holds more than its own", i);
	}
}

void clients_go_to(unsigned slot, unsigned clients)
{
	for (unsigned i = 0; i < clients; i++) {
		double begin = seconds_now();
		unsigned who = slot_of(PORT);
		cr_assert_eq(who, slot, "slot %u answers", who);
		cr_assert_lt(seconds_now() - begin, 2.);
	}
}

void clients_go_to_both(void)
{
	unsigned hits[2];

	slots_count(PORT, 200, hits, 2);
	cr_assert(hits[0] > 40 && hits[1] > 40, "%u and %u", hits[0], hits[1]);
}
