/* SPDX-License-Identifier: MIT */
/*
 * problem.h - tell what is wrong with a configuration, and keep count.
 */
#ifndef PORTICO_CONFIG_PROBLEM_H
#define PORTICO_CONFIG_PROBLEM_H

#include <stddef.h>

struct problems {
	void  (*tell)(void *arg, const char *sentence);
	void   *arg;
	size_t  most;            /* told; the rest is only counted */
	size_t  count;
};

/* "FILE:LINE: what is wrong; what to do", one call of tell.  line 0 stands for the file
 * as a whole: "FILE: ...".  Control characters are replaced by '?'. */
void problems_add(struct problems *p, const char *file, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Says how many were not told, if any.  Once, after the last. */
void problems_end(struct problems *p);

#endif
