/* SPDX-License-Identifier: MIT */
/*
 * notify.h - tell the service manager how it goes: the protocol of sd_notify(3).
 *
 * Datagrams of VARIABLE=value lines to the socket that $NOTIFY_SOCKET names, a path or an abstract
 * name with @ in front.  Without it nothing is said, and nothing fails.
 */
#ifndef PORTICO_SYS_NOTIFY_H
#define PORTICO_SYS_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Lines with \n between them.  Waits for the manager a moment at most. */
void notify(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Whether there is one that wants to hear. */
bool notify_wanted(void);

/* Microseconds in which it wants to hear WATCHDOG=1 of this process; 0: it does not. */
uint64_t notify_watchdog(void);

/* In a child, for which it was not meant: from now on nothing is said, by what it execs neither. */
void notify_forget(void);

#endif
