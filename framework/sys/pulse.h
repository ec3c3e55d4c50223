/* SPDX-License-Identifier: MIT */
/*
 * pulse.h - what a worker is doing, for the master to read when it has died.
 *
 * Shared memory of one worker and the master.  The worker stores, the master
 * loads; no lock, so a worker that dies in the middle hurts nobody.
 */
#ifndef PORTICO_SYS_PULSE_H
#define PORTICO_SYS_PULSE_H

#include <stdatomic.h>
#include <stdint.h>

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
};

struct pulse {
	_Atomic uint32_t phase;  /* enum pulse_phase */
	_Atomic uint32_t doing;  /* handler number << 8 | enum pulse_call */
};

/* Shared over fork(2), and over exec(2) by *fd, which is the caller's own.
 * NULL and errno. */
struct pulse *pulse_create(int *fd);
struct pulse *pulse_open(int fd);     /* what pulse_create() made in another program */
void pulse_destroy(struct pulse *p);  /* unmaps it in this process; NULL is fine */

static inline void pulse_enter(struct pulse *p, uint32_t handler, enum pulse_call call)
{
	atomic_store_explicit(&p->doing, handler << 8 | (uint32_t)call, memory_order_relaxed);
}

static inline void pulse_leave(struct pulse *p)
{
	atomic_store_explicit(&p->doing, PULSE_NO_CALL, memory_order_relaxed);
}

static inline void pulse_phase(struct pulse *p, enum pulse_phase phase)
{
	atomic_store_explicit(&p->phase, phase, memory_order_relaxed);
}

const char *pulse_phase_name(uint32_t phase);    /* "loading plugins", ... */
const char *pulse_call_name(uint32_t call);      /* "tcp_data()", ... */

#endif
