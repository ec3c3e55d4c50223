/* SPDX-License-Identifier: MIT */
/*
 * blocked.h - workers that do not turn: to make one, and to see what comes of it.
 */
#ifndef SYSTEM_BLOCKED_H
#define SYSTEM_BLOCKED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "server.h"

/* block.so on 127.0.0.1:8080, so many workers, more lines for [portico]; balance = hash, or
 * what the environment's BALANCE says. */
struct server *blocked_start(unsigned workers, const char *more);
/* The same by an ordinary user. */
struct server *blocked_start_as_nobody(unsigned workers, const char *more);

/* ---- making one ---- */

/* SIGSTOP, and it has come to a stop; SIGCONT. */
void worker_stop(pid_t pid);
void worker_continue(pid_t pid);
/* A connection that the worker of slot has; nothing is under way on it. */
int  connect_to(unsigned slot);
/* Says GET /HOW?MS ("block", "spin", "deaf") on it, and its worker has begun. */
void block_by(struct server *s, int fd, const char *how, unsigned ms);

/* ---- seeing it ---- */

long long slot_number(unsigned slot, const char *key);
bool slot_is(unsigned slot, const char *state);
void slot_await(unsigned slot, const char *state);
void stalls_await(long long count);

/* Sockets of the port that the worker of each of so many slots holds are its own only. */
void sockets_await_own(unsigned slots);
/* So many new clients, one after the other: each is answered soon, by that slot. */
void clients_go_to(unsigned slot, unsigned clients);
/* Both of two slots get their part of 200. */
void clients_go_to_both(void);

#endif
