/* SPDX-License-Identifier: MIT */
/*
 * steer_key.h - the instructions that make a packet's key, for steer_compile.c.
 */
#ifndef PORTICO_SYS_STEER_KEY_H
#define PORTICO_SYS_STEER_KEY_H

#include "sys/steer.h"

struct steer_block {             /* runs from its first instruction past its last */
	struct sock_filter code[128];
	size_t             len;
};

/* Leaves the key in A: below cpus for STEER_CPU, else all of 32 bits. */
void steer_key(const struct steer *s, unsigned cpus, struct steer_block *out);

/* A is the key.  Leaves another in A, of all of 32 bits, that says nothing of the first. */
void steer_key_again(const struct steer *s, struct steer_block *out);

#endif
