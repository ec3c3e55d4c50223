/* SPDX-License-Identifier: MIT */
/*
 * page.h - what a worker tells of itself, in memory that its master reads.
 *
 * Shared by one worker and the master.  The worker stores, the master loads;
 * no lock, so a worker that dies in the middle hurts nobody, and what it had
 * counted is still there.
 */
#ifndef PORTICO_SYS_PAGE_H
#define PORTICO_SYS_PAGE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/counts.h"

enum pulse_phase {
	PULSE_BORN,
	PULSE_BINDING,
	PULSE_LOADING,
	PULSE_STARTING,
	PULSE_READY,
	PULSE_SERVING,
	PULSE_DRAINING,
	PULSE_STOPPING,
};

enum pulse_call {                /* the callback that a worker is in */
	PULSE_NO_CALL,
	PULSE_START, PULSE_SETTING, PULSE_DRAIN, PULSE_STOP, PULSE_TIMER,
	PULSE_TCP_OPEN, PULSE_TCP_DATA, PULSE_TCP_EOF, PULSE_TCP_DRAINED, PULSE_TCP_CLOSE,
	PULSE_UDP_PACKET,
	PULSE_HTTP_BEGIN, PULSE_HTTP_BODY, PULSE_HTTP_REQUEST, PULSE_HTTP_DRAINED, PULSE_HTTP_DONE,
	PULSE_WS_OPEN, PULSE_WS_MESSAGE, PULSE_WS_DRAINED, PULSE_WS_CLOSE,
	PULSE_STATE_EXPORT, PULSE_STATE_IMPORT,
	PULSE_OFFLOAD,
	PULSE_MESSAGE,
	PULSE_TABLE,
	PULSE_OUTGOING,
	PULSE_TCP_EXPORT, PULSE_TCP_IMPORT, PULSE_WS_EXPORT, PULSE_WS_IMPORT,
};

enum {
	PAGE_NAME = 64,
	PAGE_HELP = 104,
	PAGE_METRICS = 128,      /* of all handlers of a worker */
};

enum page_kind { PAGE_COUNTER, PAGE_GAUGE };

struct page_metric {             /* a number of a plugin's own */
	char     name[PAGE_NAME];
	char     help[PAGE_HELP];
	char     handler[PAGE_NAME]; /* "web /api", of a long one the beginning and a sum of it */
	uint64_t kind;
	union {
		uint64_t count;
		double   level;
	} value;
};

struct page_offload {            /* work that handlers gave to threads, one of which stores */
	_Atomic uint16_t busy;           /* in work */
	_Atomic uint16_t threads;        /* that were started; 0 from a binary before, whose busy had its bits */
	_Atomic uint32_t queued;         /* waiting for a thread */
	_Atomic uint64_t since;          /* when the oldest in work began, by clock_ns(); 0: none is */
};

struct page_service {
	char          name[PAGE_NAME];
	struct counts counts;
};

struct page {
	_Atomic uint32_t   phase;        /* enum pulse_phase */
	_Atomic uint32_t   doing;        /* handler number << 8 | enum pulse_call */
	_Atomic uint64_t   turn;         /* when the loop's turn began, by clock_ns(); 0: it waits */
	uint64_t           turns;        /* of the loop, that ended */
	uint64_t           busy;         /* nanoseconds in them */
	uint64_t           steps;        /* events taken on: it goes on, however long a turn */
	struct page_offload offload;
	_Atomic uint32_t   metric_count;
	_Atomic uint32_t   resting;      /* listeners that cannot accept: no descriptor is left */
	struct page_metric metrics[PAGE_METRICS];
	struct page_service services[];  /* as the worker's configuration has them */
};

_Static_assert(offsetof(struct page, metrics) - offsetof(struct page, metric_count) == sizeof(uint64_t),
	"resting is where binaries before had nothing");

/* Shared over fork(2), and over exec(2) by *fd, which is the caller's own.
 * NULL and errno. */
struct page *page_create(unsigned services, int *fd);

/* What page_create() made in another program, and how many services it has room for. */
struct page *page_open(int fd, unsigned *services);
void page_destroy(struct page *p, unsigned services);  /* unmaps it in this process; NULL is fine */

/* A worker may write what it likes, and what it got wrong must not be its master's end: of
 * how much there is only these are asked, and texts are copied with page_text(). */
static inline uint32_t page_metrics(const struct page *p)
{
	uint32_t count = atomic_load_explicit(&p->metric_count, memory_order_acquire);
	return count < PAGE_METRICS ? count : PAGE_METRICS;
}

/* A field of size bytes to another one, which ends with NUL. */
void page_text(char *out, const char *text, size_t size);

/* The metric of the handler with that label and name, new or not.  NULL and errno: EINVAL (the name
 * is none: a letter or _, then letters, digits and _), EEXIST (it is of the other
 * kind), ENOSPC. */
struct page_metric *page_metric(struct page *p, const char *label, const char *name,
	const char *help, enum page_kind kind);

static inline void pulse_enter(struct page *p, uint32_t handler, enum pulse_call call)
{
	atomic_store_explicit(&p->doing, handler << 8 | (uint32_t)call, memory_order_relaxed);
}

static inline void pulse_leave(struct page *p)
{
	atomic_store_explicit(&p->doing, PULSE_NO_CALL, memory_order_relaxed);
}

static inline void pulse_phase(struct page *p, enum pulse_phase phase)
{
	atomic_store_explicit(&p->phase, phase, memory_order_relaxed);
}

const char *pulse_phase_name(uint32_t phase);    /* "loading plugins", ... */
const char *pulse_call_name(uint32_t call);      /* "tcp_data()", ... */

#endif
