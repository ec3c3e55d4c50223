/* SPDX-License-Identifier: MIT */
/*
 * top.h - a screen that shows what status tells, once a second, with keys to act on it.
 */
#ifndef PORTICO_MASTER_TOP_H
#define PORTICO_MASTER_TOP_H

/* Until q: EX_OK.  EX_USAGE with a sentence if this is no terminal that can be drawn on.  Ends
 * by the signal that ended it, with the terminal as it was. */
int top(const char *file);

#endif
