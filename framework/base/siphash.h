/* SPDX-License-Identifier: MIT */
/*
 * siphash.h - a hash that nobody can foretell who does not know its key.
 *
 * SipHash-1-3 (Aumasson and Bernstein, 2012; with one round a word and three at the end), for
 * tables whose keys a stranger chooses.
 */
#ifndef PORTICO_BASE_SIPHASH_H
#define PORTICO_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t siphash(const uint64_t key[2], const void *data, size_t len);

/* The same of 16 bytes, which are two words in the machine's order. */
uint64_t siphash_pair(const uint64_t key[2], uint64_t first, uint64_t second);

#endif
