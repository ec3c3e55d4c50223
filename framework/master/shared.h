/* SPDX-License-Identifier: MIT */
/*
 * shared.h - memory that the workers of a service share, of all generations.
 *
 * The master makes it before the first of them is born and keeps it over reloads and upgrades; of
 * what is in it, it looks only at how full a table is.
 */
#ifndef PORTICO_MASTER_SHARED_H
#define PORTICO_MASTER_SHARED_H

struct bus;
struct config;
struct config_service;
struct master;
struct shared;
struct table;

/* Before config's workers are born: makes what its services name and there is not yet.  -1
 * with errno and *failed, the name of the service whose memory it is. */
int shared_prepare(struct master *m, const struct config *config, const char **failed);

/* For a worker that is about to be: of each service its table and its bus, or NULL. */
void shared_find(const struct master *m, const struct config *config, struct table **tables,
	struct bus **buses);

/* The table of a service, or NULL. */
const struct table *shared_table(const struct master *m, const struct config_service *service);

/* A generation is gone: ends what no other one names. */
void shared_drop_unused(struct master *m);
void shared_fini(struct master *m);

/* Over an upgrade: calls tell for each; takes one over, whose descriptors become its own.  bell: of a
 * bus; -1: it is a table. */
void shared_each(const struct master *m,
	void (*tell)(void *arg, const char *service, int fd, int bell), void *arg);
void shared_adopt(struct master *m, const char *service, int fd, int bell);

#endif
