/* SPDX-License-Identifier: MIT */
/*
 * inform.h - a worker that is asked for metrics asks its master, who alone sees all workers.
 */
#ifndef PORTICO_MASTER_INFORM_H
#define PORTICO_MASTER_INFORM_H

struct master;
struct member;

/* It said MESSAGE_STATUS: gives it a file in memory, admin/status.h.  Several within a moment
 * get the same one. */
void inform(struct member *asking);

void inform_forget(struct master *m);    /* the file */

#endif
