/* SPDX-License-Identifier: MIT */
/*
 * units.h - numbers as people read them, UTF-8: 70 µs, 3.1 ms, 4 min, 1.2 k, 2.1 MiB.
 *
 * Each writes to out and gives it back.  What is not known, NAN, reads "-".
 */
#ifndef PORTICO_BASE_UNITS_H
#define PORTICO_BASE_UNITS_H

enum { UNITS_TEXT = 24 };

/* For programs: 15 digits, NAN as nan, and a point whatever locale(7) a plugin has set. */
const char *units_exact(double value, char out[UNITS_TEXT]);

const char *units_seconds(double seconds, char out[UNITS_TEXT]);
const char *units_count(double count, char out[UNITS_TEXT]);     /* 950, 1.2 k, 34 M */
const char *units_rate(double rate, char out[UNITS_TEXT]);       /* the same, and 0.5 */
const char *units_bytes(double bytes, char out[UNITS_TEXT]);     /* powers of 1024 */
const char *units_percent(double part, char out[UNITS_TEXT]);    /* 0.26: "26", without a sign */

#endif
