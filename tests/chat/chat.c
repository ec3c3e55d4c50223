/* SPDX-License-Identifier: MIT */
/*
 * chat.c - guests of a running chat server that listen while it is reloaded and its workers are killed.
 *
 *	chat-run PORT MASTER-PID GUESTS RELOADS KILLS
 *
 * PORT of 127.0.0.1 serves examples/chat.so with publish and table.  Everybody says numbered
 * lines.  What is looked at, and counted:
 *
 *   missed, doubled, disordered   all guests hear one sequence of messages, and each from its first to
 *                                 its last one every message of it, once, in order
 *   unheard                       a line of a guest that was there all the time is in that sequence
 *   others that ended             a connection ends by the death of the worker that had it, by nothing else
 *   while away                    messages between the end of a connection so lost and the first
 *                                 one on the next: those a guest cannot hear
 *
 * A line that was said to a worker just before it was killed may be lost or not.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "guests.h"
#include "workers.h"

#define PATIENCE 60.
#define PAUSE 0.5                        /* of talk between two events */
#define TURN 0.02

enum { WORKERS = 64, LINES_A_SECOND = 100 };

static struct guests guests;
static pid_t master;
static size_t worker_count;

static void give_up(const char *what)
{
	fprintf(stderr, "chat-run: within %g s %s\n", PATIENCE, what);
	exit(1);
}

static void talk_until(bool (*so)(const void *arg), const void *arg, double lines, const char *what)
{
	double end = now() + PATIENCE;

	while (!so(arg)) {
		if (now() > end)
			give_up(what);
		guests_turn(&guests, TURN, lines);
	}
}

static bool all_are_even(const void *arg)
{
	(void)arg;
	return guests_are_even(&guests);
}

static bool all_are_back(const void *arg)
{
	(void)arg;
	return guests_are_back(&guests);
}

/* As many workers as there were, and none of those. */
static bool all_are_new(const void *arg)
{
	const pid_t *old = arg;
	pid_t pids[WORKERS];
	size_t count = workers_of(master, pids, WORKERS);

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < WORKERS && old[k]; k++)
			if (pids[i] == old[k])
				return false;
	return count == worker_count;
}

static void reload(void)
{
	pid_t old[WORKERS] = {0};

	workers_of(master, old, WORKERS);
	kill(master, SIGHUP);
	talk_until(all_are_new, old, LINES_A_SECOND, "the workers of before have not left");
}

/* The one with the most guests.  It is stopped while it is looked at who is with it: who comes meanwhile waits in its queue. */
static void kill_one(void)
{
	pid_t pids[WORKERS], victim[WORKERS] = {0};
	uint16_t *ports = need(calloc(guests.count, sizeof(*ports)));
	size_t count = workers_of(master, pids, WORKERS);

	victim[0] = workers_busiest(pids, count);
	if (victim[0] <= 0) {
		fprintf(stderr, "chat-run: who is with which worker is root's to look at\n");
		exit(77);
	}
	kill(victim[0], SIGSTOP);
	guests_expect_end(&guests, ports,
		workers_clients(victim[0], guests.port, ports, guests.count));
	kill(victim[0], SIGKILL);
	free(ports);
	talk_until(all_are_new, victim, LINES_A_SECOND, "the dead worker was not replaced");
	talk_until(all_are_back, NULL, LINES_A_SECOND, "its guests have not come back");
}

static void make_room(size_t count)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < count + 64) {
		files.rlim_cur = count + 64 < files.rlim_max ? count + 64 : files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

static int tell(size_t reloads, size_t kills)
{
	const struct book_findings *f = &guests.found;
	size_t others = guests.ended - guests.expected;
	bool whole = f->missed + f->doubled + f->disordered + guests.unheard + others == 0;

	printf("guests=%zu workers=%zu reloads=%zu kills=%zu lines=%zu messages=%zu heard=%zu missed=%zu "
		"doubled=%zu disordered=%zu unheard=%zu others_that_ended=%zu ended_by_kill=%zu while_away=%zu: %s\n",
		guests.count, worker_count, reloads, kills, guests.said, guests.book.count, f->heard,
		f->missed, f->doubled, f->disordered, guests.unheard, others, guests.expected, guests.away,
		whole ? "whole" : "NOT whole");
	if (guests.why[0])
		printf("the first that ended: %s\n", guests.why);
	return whole ? 0 : 1;
}

int main(int argc, char **argv)
{
	pid_t pids[WORKERS];

	if (argc != 6) {
		fprintf(stderr, "usage: chat-run PORT MASTER-PID GUESTS RELOADS KILLS\n");
		return 64;
	}
	master = (pid_t)atoi(argv[2]);
	size_t count = (size_t)atol(argv[3]), reloads = (size_t)atol(argv[4]), kills = (size_t)atol(argv[5]);
	make_room(count);
	worker_count = workers_of(master, pids, WORKERS);
	guests_come(&guests, count, atoi(argv[1]));
	talk_until(all_are_even, NULL, 0., "not all guests have come");
	for (size_t done = 0, killed = 0; done < reloads + kills; done++) {
		guests_turn(&guests, PAUSE, LINES_A_SECOND);
		bool is_kill = (done + 1) * kills / (reloads + kills) > killed;
		if (is_kill)
			kill_one();
		else
			reload();
		killed += is_kill;
	}
	guests_turn(&guests, PAUSE, LINES_A_SECOND);
	guests_turn(&guests, PAUSE, 0.);
	talk_until(all_are_even, NULL, 0., "not everybody has heard all");
	guests_count_unheard(&guests);
	int result = tell(reloads, kills);
	guests_leave(&guests);
	return result;
}
