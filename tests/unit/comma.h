/* SPDX-License-Identifier: MIT */
/*
 * comma.h - a locale in which the decimal point is a comma, as a plugin may set one.
 */
#ifndef PORTICO_UNIT_COMMA_H
#define PORTICO_UNIT_COMMA_H

/* For this process, from now on.  Made anew: a machine need not have one. */
void comma_set(void);

#endif
