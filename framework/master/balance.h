/* SPDX-License-Identifier: MIT */
/*
 * balance.h - new clients to the slots that are to have them.
 */
#ifndef PORTICO_MASTER_BALANCE_H
#define PORTICO_MASTER_BALANCE_H

struct addr;
struct config_service;
struct master;

/* Makes every group choose as it should now.  Call it after anything that changes who
 * should get what; before slots are bound, since their UDP sockets take
 * datagrams at once. */
void balance_settle(struct master *m);

/* What chooses for a service: in words, and "" or why it is not what was asked for. */
void balance_tell(const struct master *m, const struct config_service *service,
	const char **runs, const char **why);

/* After an upgrade: a group of shortest.h that another binary made; descriptors become ours. */
void balance_adopt(struct master *m, const struct addr *a, int program, int sockets, int table);

void balance_fini(struct master *m);     /* the programs go on until the sockets end */

#endif
