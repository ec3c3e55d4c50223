/* SPDX-License-Identifier: MIT */
/*
 * operate.h - what an operator does and looks at: the command line's verbs,
 * the server's status, its sockets, and load that must not notice anything.
 */
#ifndef SYSTEM_OPERATE_H
#define SYSTEM_OPERATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "load.h"
#include "server.h"

/* ---- verbs, with -c portico.ini ---- */

/* portico VERB [ARGUMENT], to its end; its exit code. */
int verb(struct outcome *o, const char *name, const char *argument);
/* The same, which must give 0. */
void verb_succeeds(struct outcome *o, const char *name, const char *argument);

/* One that goes on while the test does something else. */
struct asked {
	pid_t pid;
	int   out, err;
	bool  ended;
	int   status;
};

void verb_begin(struct asked *a, const char *name, const char *argument);
bool verb_has_ended(struct asked *a);
bool verb_ends(struct asked *a, double seconds);         /* false when the time is up */
int  verb_await(struct asked *a, struct outcome *o);

/* ---- status --json ---- */

json_t *status_read(void);               /* a new reference */
long long status_number(const char *key);
long long metric_sum(const char *name); /* of all handlers and workers, also those that have ended */
/* The pid of the worker that serves slot in the newest generation; 0: nobody does. */
pid_t status_worker(unsigned slot);
pid_t status_await_worker(unsigned slot);
/* How many errors of a kind the first service counts. */
long long status_errors(const char *kind);
/* How many sockets are lent to a sibling. */
size_t status_lent(void);
void status_await_lent(size_t count);

/* ---- sockets ---- */

size_t sockets_on(const char *table, int port);
void   sockets_await(const char *table, int port, size_t count);
/* Waits until pid has so many of them, its own and lent ones.  For what is so for a moment: nothing has to be started
 * to see it. */
void   sockets_await_held(const char *table, int port, pid_t pid, size_t count);
/* Handshakes that the port has begun and that are not over for it. */
size_t sockets_half_open(const char *table, int port);
void   sockets_await_half_open(const char *table, int port, size_t count);

/* ---- the plugins that say "SLOT PID\n" ---- */

unsigned slot_of(int port);              /* of one more connection */
/* So many connections; hits[SLOT] counts who answered. */
void slots_count(int port, size_t connections, unsigned *hits, size_t slots);
/* Waits until each of so many slots answers. */
void slots_await_all(int port, size_t slots);

/* ---- load ---- */

void load_lost_nothing(const struct load_result *r);

#endif
