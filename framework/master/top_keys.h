/* SPDX-License-Identifier: MIT */
/*
 * top_keys.h - what the keys of top do.
 */
#ifndef PORTICO_MASTER_TOP_KEYS_H
#define PORTICO_MASTER_TOP_KEYS_H

struct top_view;

/* key: of getch(3). */
void top_keys_press(struct top_view *v, int key);

#endif
