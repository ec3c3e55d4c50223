/* SPDX-License-Identifier: MIT */
/*
 * numbers.h - what slots and services have done, and lately do.
 */
#ifndef PORTICO_MASTER_NUMBERS_H
#define PORTICO_MASTER_NUMBERS_H

#include <stdint.h>

#include "sys/counts.h"

struct generation;
struct master;
struct slot;

/* Enough to look at many times a second. */
struct numbers_brief {
	uint64_t accepted;
	uint64_t active;
	uint64_t clients;        /* accepted, or datagrams: what a balance shares out */
	uint64_t answered;       /* requests, pieces of TCP input, datagrams */
};

/* service NULL: of all. */
struct numbers_brief numbers_brief(const struct master *m, unsigned slot, const char *service);

/* Since the server started, over workers, generations and upgrades; added to out. */
void numbers_service(const struct master *m, const char *service, struct counts *out);
void numbers_service_in(const struct master *m, unsigned slot, const char *service,
	struct counts *out);
void numbers_slot(const struct master *m, unsigned slot, struct counts *out);

/* Of a generation's living workers; added to out. */
void numbers_generation(const struct generation *g, struct counts *out);

/* A generation has ended: of services that none has any more only sums are kept. */
void numbers_forget(struct master *m);

/* Handlers' work in threads, of the slot's living workers. */
struct numbers_offload {
	uint64_t threads;
	uint64_t busy;
	uint64_t queued;
};

struct numbers_offload numbers_offload(const struct master *m, unsigned slot);

/* Nanoseconds that the slot's workers were busy. */
uint64_t numbers_busy(const struct master *m, unsigned slot);

#endif
