/* SPDX-License-Identifier: MIT */
/*
 * load.h - open-loop clients: so many new connections a second whatever the
 * server does, each with one request, every failure sorted by its kind.
 */
#ifndef SYSTEM_LOAD_H
#define SYSTEM_LOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

enum {
	LOAD_WAITS = 1 << 14,
	LOAD_IN_HAND = 32,       /* what a worker that is killed may take with it: a batch of accept() */
};

struct load_result {             /* shared with the process that makes the load */
	_Atomic unsigned started;
	_Atomic unsigned answered;
	_Atomic unsigned refused;
	_Atomic unsigned reset;      /* before the answer was whole */
	_Atomic unsigned timed_out;
	_Atomic unsigned truncated;  /* an end before the answer was whole */
	_Atomic unsigned wrong;      /* an answer, but no 200 */
	_Atomic unsigned others;
	_Atomic unsigned slowest;    /* milliseconds */
	_Atomic int      stop;
	_Atomic unsigned waits[LOAD_WAITS];  /* milliseconds, of each in the order they started */
};

struct load {
	struct load_result *result;
	pid_t               pid;
};

/* HTTP: GET / with Connection: close on port, of 127.0.0.1 or of ::1. */
void load_start(struct load *l, int port, unsigned per_second);
void load_start6(struct load *l, int port, unsigned per_second);
/* UDP: one datagram a socket, which has to come back. */
void load_start_udp(struct load *l, int port, unsigned per_second);
/* No new ones; waits for those that are under way, and shows the figures. */
void load_stop(struct load *l);
/* Waits until so many more have been answered. */
void load_await(struct load *l, unsigned more);

/* All packets of this process's clients on one CPU, as a network card's queue has them; what
 * load_start() makes is so already.  On loopback a packet of a handshake that a timer sends
 * and the request behind it may be worked on by two, and then the kernel may find neither
 * handshake nor connection and reset: docs/surprises.md.  False and errno. */
bool load_on_one_cpu(void);

#endif
