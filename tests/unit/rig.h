/* SPDX-License-Identifier: MIT */
/*
 * rig.h - what the tests of protocols share: a loop, a hub, a handler whose
 * plugin is the test itself, and clients that are bare sockets.
 *
 * Time passes a turn of the loop at a time.
 */
#ifndef PORTICO_UNIT_RIG_H
#define PORTICO_UNIT_RIG_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "net/hub.h"
#include "proto/handler.h"
#include "sys/addr.h"

struct rig {
	struct ev_loop        *loop;
	struct hub             hub;
	struct portico_service handler;
	struct addr            peer;     /* for http_accept() and conn_accept() */
	unsigned               depth;    /* of callbacks: never over 1 */
	char                   story[4096];      /* what the callbacks told, in order */
};

extern struct rig rig;

void rig_up(void);
void rig_down(void);                     /* no stream is left */

/* Around a callback: they do not nest. */
void rig_enter(void);
void rig_leave(void);
void rig_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
void rig_told(const char *story);        /* asserts it and forgets it */

/* The clock stands still between rig_up() and rig_down(): only these move it, and where the loop
 * would wait for a timer its time is over at once.  So no test is late on a busy machine. */
void rig_turn(void);                     /* does not wait */
void rig_turns(int n);
void rig_wait(void);                     /* a turn that waits for what comes first, if only a timer */
void rig_pass(double seconds);           /* runs the loop for that long */
void rig_block(double seconds);          /* the loop stands still for that long */

void rig_until(const bool *so);          /* really waits: for threads */
/* Asserts that the loop has nothing to do but wait. */
void rig_sleeps(void);

struct client {
	int    fd;
	char  *got;                      /* what it heard and did not check yet, with a NUL */
	size_t got_len;
	bool   ended;
	bool   reset;
};

/* type: SOCK_STREAM or, where each read is one write of the other side,
 * SOCK_SEQPACKET.  Gives the server's end. */
int  client_pair(struct client *c, int type);
int  client_tcp(struct client *c);       /* over loopback, where a reset can be seen */
void client_fini(struct client *c);

void client_sends(struct client *c, const void *data, size_t len);   /* turns as needed */
void client_says(struct client *c, const char *text);                /* in one write, no turn */
void client_ends(struct client *c);      /* says no more */
void client_dies(struct client *c);      /* with a reset over TCP */
void client_reads(struct client *c);     /* all that is there */
void client_forgets(struct client *c);

/* Asserts exactly what it heard since the last time; Date is left out. */
void client_hears(struct client *c, const char *text);
void client_hears_nothing(struct client *c);
void client_sees_the_end(struct client *c);     /* after what it checked; no reset */
void client_is_cut(struct client *c);           /* ended or reset */

#endif
