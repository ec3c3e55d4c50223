/* SPDX-License-Identifier: MIT */
/* redis_rig.h - a Redis, machines around it, and what their handlers count.  For suites of WHO_SUITE(). */
#ifndef SYSTEM_REDIS_RIG_H
#define SYSTEM_REDIS_RIG_H

#include <sys/types.h>

/* On port 6379 of this namespace, with an option more; it is there, or the test is skipped.  who_end() ends it. */
pid_t redis_run(const char *option, const char *value);
pid_t redis_start(void);
void  redis_cli(const char *words);

void      metric_await(const char *name, long long value);

/* Another namespace, with a wire to this one: 10.9.0.1 here, 10.9.0.2 there.  Both are
 * descriptors for machine_enter(). */
int  machine_make(void);
int  machine_here(void);
void machine_enter(int space);

#endif
