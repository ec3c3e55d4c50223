/* SPDX-License-Identifier: MIT */
/*
 * reload.h - parse -> trial child -> new generation; any failure leaves what serves.
 */
#ifndef PORTICO_MASTER_RELOAD_H
#define PORTICO_MASTER_RELOAD_H

struct master;

/* Begins one, or remembers the wish while one is under way. */
void reload(struct master *m);

/* The generation that a reload started serves, or has failed. */
void reload_ended(struct master *m);

#endif
