/* SPDX-License-Identifier: MIT */
/*
 * worker.h - the life of a worker process:
 * bind -> hand over -> read keys -> confine -> load -> ready -> serve -> drain.
 */
#ifndef PORTICO_WORKER_WORKER_H
#define PORTICO_WORKER_WORKER_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "sys/page.h"

struct bus;
struct rates;
struct shortest_table;
struct table;
struct ticket_keys;

/* All that a worker is born with; the rest of what the master had it closes.
 * Sockets are numbered over all services, in the order of the configuration. */
struct worker_birth {
	const struct config *config;
	unsigned             slot;
	unsigned             generation;
	int                  channel;    /* to the master */
	int                 *sockets;    /* of the slot; -1: to be bound */
	size_t               socket_count;
	int                  log;        /* descriptor of the log, or -1 */
	int                  admin;      /* the admin service's unix socket, or -1 */
	int                 *access;     /* of each service's access log; -1: it has none */
	struct page         *page;
	struct shortest_table **tables;  /* of each service; NULL where load is not counted */
	struct table       **shared;     /* of each service; NULL where it has none */
	struct bus         **buses;      /* likewise */
	struct rates       **rates;      /* likewise */
	struct ticket_keys  *tickets;    /* of TLS sessions; NULL: none are given */
	bool                *ours;       /* the address overlaps one that the slots hold already */
};

/* Runs in a fresh child of the master until the worker's life is over; gives
 * its exit code. */
int worker_run(const struct worker_birth *birth);

/* MESSAGE_LOG: fd, which becomes its own, takes the place of the log, in style of log_style_of(). */
void worker_change_log(const struct worker_birth *birth, uint32_t style, int fd);

/* Runs in a fresh child: loads every plugin of config and sets its options,
 * starts nothing.  Each problem is sent over the channel as MESSAGE_FAILED,
 * MESSAGE_READY if there is none.  Gives the exit code. */
int worker_check(const struct config *config, int channel, int log, struct page *page);

#endif
