/* SPDX-License-Identifier: MIT */
/*
 * reload.h - parse -> trial child -> new generation; any failure leaves what serves.
 */
#ifndef PORTICO_MASTER_RELOAD_H
#define PORTICO_MASTER_RELOAD_H

struct master;

/* The operation: ends by operation_ended(). */
void reload(struct master *m);

#endif
