/* SPDX-License-Identifier: MIT */
/*
 * ledger.h - what workers that are gone have counted, by slot.
 *
 * A number that an operator saw never goes back: what a slot did is what its
 * living workers' pages say and what the ledger has of those before them.
 */
#ifndef PORTICO_MASTER_LEDGER_H
#define PORTICO_MASTER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/page.h"

struct ledger_service {
	unsigned      slot;
	char          name[PAGE_NAME];   /* "": all that were forgotten */
	struct counts counts;
};

struct ledger_counter {          /* a plugin's */
	unsigned slot;
	char     handler[PAGE_NAME];
	char     name[PAGE_NAME];
	char     help[PAGE_HELP];
	uint64_t count;
};

struct ledger_loop {             /* of the slot with its number */
	uint64_t turns;
	uint64_t busy;
	uint64_t restarts;       /* workers of it that died unasked */
	uint64_t left_behind;    /* pieces of offloaded work that had not returned when theirs ended */
};

struct ledger {                  /* all zero is a valid empty one */
	struct ledger_service *services;
	size_t                 service_count;
	struct ledger_counter *counters;
	size_t                 counter_count;
	struct ledger_loop    *loops;
	size_t                 loop_count;
};

/* The worker of slot is dead: adds what its page says.  Gives how many of its
 * connections were open, which are lost. */
uint64_t ledger_bury(struct ledger *l, unsigned slot, const struct page *page,
	unsigned services, bool unasked);

/* Of services that is_known() denies it keeps what each slot did in all of them, without their
 * names: what was renamed often must not fill the memory. */
void ledger_forget(struct ledger *l, bool (*is_known)(const void *arg, const char *service),
	const void *arg);

struct ledger_loop ledger_loop(const struct ledger *l, unsigned slot);

/* For an upgrade: to a file and back. -1 and errno. */
int  ledger_save(const struct ledger *l, int fd);
int  ledger_load(struct ledger *l, int fd);
void ledger_fini(struct ledger *l);

#endif
