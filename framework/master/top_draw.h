/* SPDX-License-Identifier: MIT */
/*
 * top_draw.h - the screen of top.
 */
#ifndef PORTICO_MASTER_TOP_DRAW_H
#define PORTICO_MASTER_TOP_DRAW_H

struct top_view;

void top_draw_init(void);                /* after newterm(3) */
void top_draw(struct top_view *v);       /* all of it; keeps v->selected in sight */

#endif
