/* SPDX-License-Identifier: MIT */
/*
 * chronicle.h - what has happened: the last events in words, and the lives of workers.
 *
 * It is shown to whoever may read the status: what comes from a configuration or a plugin is not
 * in it, but for names, paths and addresses.
 */
#ifndef PORTICO_MASTER_CHRONICLE_H
#define PORTICO_MASTER_CHRONICLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/log.h"

struct master;
struct member;

enum {
	CHRONICLE_EVENTS = 200,  /* as many are kept */
	CHRONICLE_LIVES = 128,   /* of workers that are gone */
	CHRONICLE_TEXT = 240,
	NO_SLOT = -1,
};

enum chronicle_kind {
	CHRONICLE_GOOD,          /* an operation came to what was wanted */
	CHRONICLE_BEGIN,         /* one has begun */
	CHRONICLE_FAILED,
	CHRONICLE_CRASH,
	CHRONICLE_STALL,
	CHRONICLE_TURNS,         /* again */
	CHRONICLE_REST,          /* a worker accepts nobody, or does so again */
	CHRONICLE_CANARY,
	CHRONICLE_STRANGER,
	CHRONICLE_DRAIN,         /* a slot, by the operator */
	CHRONICLE_STOP,
};

struct chronicle_event {
	uint64_t            id;  /* when, in milliseconds since 1970; each higher than that before */
	enum chronicle_kind kind;
	int                 slot;        /* or NO_SLOT */
	char                text[CHRONICLE_TEXT];
};

struct chronicle_life {          /* times by child_clock(); 0: it did not come to that */
	unsigned slot, generation;
	pid_t    pid;
	double   born, ready, serving, draining, gone;
	bool     crashed;
};

struct chronicle {               /* in the master; all zero is a valid empty one */
	struct chronicle_event events[CHRONICLE_EVENTS];
	struct chronicle_life  lives[CHRONICLE_LIVES];
	unsigned               event_count;      /* so far; the newest is the last written */
	unsigned               life_count;
};

/* A sentence for the log, and kept. */
void chronicle_say(struct master *m, enum log_level level, enum chronicle_kind kind, int slot,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The same, kept alone: for what the log has in other words. */
void chronicle_note(struct master *m, enum chronicle_kind kind, int slot, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A worker is gone. */
void chronicle_bury(struct master *m, const struct member *w, bool crashed);

/* Seconds since 1970 for a time by child_clock(), reckoned from when the server began: no clock
 * that is set makes it jump. */
double chronicle_time(const struct master *m, double at);

/* New references.  Lives: those who live first. */
json_t *chronicle_events_json(const struct master *m);
json_t *chronicle_lives_json(const struct master *m);

/* For the next binary, and from the one before; what is not right is left out. */
json_t *chronicle_save(const struct master *m);
void    chronicle_load(struct master *m, const json_t *saved);

#endif
