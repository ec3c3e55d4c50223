/* SPDX-License-Identifier: MIT */
/*
 * load.h - what the workers of a service with balance = load have to do.
 *
 * With CAP_BPF a table that the kernel's program reads at each new connection and the
 * workers keep up; the master corrects it where nobody else can.  Without it
 * the parts of the workers, renewed ten times a second from their numbers.
 */
#ifndef PORTICO_MASTER_LOAD_H
#define PORTICO_MASTER_LOAD_H

#include <stdbool.h>

struct config;
struct load;
struct master;
struct shortest_table;

/* Before config's workers are born: makes what its services need. */
void load_prepare(struct master *m, const struct config *config);

/* NULL if the service's balance is not load. */
struct load *load_find(const struct master *m, const char *service);

/* What is shared with workers: NULL if it is not to be had, and load_why() says why. */
struct shortest_table *load_table(const struct load *l);
int load_fd(const struct load *l);
const char *load_why(const struct load *l);

/* Why names what the kernel refused: from now on it goes without the table. */
void load_give_up(struct load *l, const char *why);

/* The part of new clients that slot gets while there is no table, 0..1. */
double load_share(const struct load *l, unsigned slot);

/* Tells the table who may be chosen.  closed has count elements. */
void load_let(struct load *l, const bool *closed, unsigned count);

/* Ten times a second, while there is any: counts anew. */
void load_renew(struct master *m);
bool load_any(const struct master *m);

/* A worker of slot is dead and buried: its clients come again at once, and there is room for
 * them where they were. */
void load_lost(struct master *m, unsigned slot);
void load_fini(struct master *m);

/* Ends one of a service whose balance is load neither in the serving configuration nor in
 * the one that comes, and gives the number that its descriptor had; -1: there is none. */
int load_drop_unused(struct master *m);

/* Over an upgrade: calls tell for each with a table; takes one over, whose fd becomes its own. */
void load_each(const struct master *m, void (*tell)(void *arg, const char *service, int fd), void *arg);
void load_adopt(struct master *m, const char *service, int fd);

#endif
