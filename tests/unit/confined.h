/* SPDX-License-Identifier: MIT */
/* confined.h - to try in a child what a process cannot undo. */
#ifndef PORTICO_UNIT_CONFINED_H
#define PORTICO_UNIT_CONFINED_H

/* Runs what() in a child, which may only return or _exit(): its result, 0 to 127, is given; or
 * 128 and the number of the signal that ended it. */
int confined(int (*what)(void));

#endif
