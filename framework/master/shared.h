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
struct rates;
struct shared;
struct table;

enum shared_kind { SHARED_TABLE, SHARED_BUS, SHARED_RATES, SHARED_KINDS };

/* Before config's workers are born: makes what its services name and there is not yet.  -1
 * with errno and *failed, the name of the service whose memory it is. */
int shared_prepare(struct master *m, const struct config *config, const char **failed);

/* For a worker that is about to be: of each service its table, its bus and its rates, or NULL. */
void shared_find(const struct master *m, const struct config *config, struct table **tables,
	struct bus **buses, struct rates **rates);

/* The table of a service, or NULL. */
const struct table *shared_table(const struct master *m, const struct config_service *service);

/* A generation is gone: ends what no other one names. */
void shared_drop_unused(struct master *m);
void shared_fini(struct master *m);

/* Over an upgrade: calls tell for each; takes one over, whose descriptors become its own.  bell: of a
 * bus; -1: it is none. */
typedef void shared_tell_fn(void *arg, const char *service, enum shared_kind kind, int fd, int bell);
void shared_each(const struct master *m, shared_tell_fn *tell, void *arg);
void shared_adopt(struct master *m, const char *service, enum shared_kind kind, int fd, int bell);

#endif
