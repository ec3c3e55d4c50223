/* SPDX-License-Identifier: MIT */
/*
 * tls_spare.c - the buffers of TLS records go from hand to hand.
 *
 * The last one freed is the next one taken: of all memory it is the likeliest to be in the cache
 * still, and so this is cheaper than a pair for each connection, too.
 *
 * All that OpenSSL frees comes by here, so one look has to tell what is ours: the blocks are a row
 * that is never freed, and costs no memory where it was not touched.
 */
#include "net/tls_spare.h"

#include <openssl/crypto.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	SPARE_LEAST = 16 * 1024,         /* what holds a whole record is larger */
	SPARE_BLOCK = 17 * 1024,         /* and has room in this */
	SPARES = 8,
};

static alignas(max_align_t) char row[SPARES][SPARE_BLOCK];

/* Of the thread of the loop; others, of plugins, may use OpenSSL too. */
static _Thread_local struct {
	bool     keeps;
	unsigned count;
	void    *blocks[SPARES];
} spares;

static bool is_ours(const void *block)
{
	return (uintptr_t)block - (uintptr_t)row < sizeof(row);
}

void *tls_spare_take(size_t size)
{
	if (size <= SPARE_LEAST || size > SPARE_BLOCK || spares.count == 0)
		return malloc(size);
	return spares.blocks[--spares.count];
}

/* Ours in the hands of another thread: lost, which is better than a lock for each. */
void tls_spare_give_back(void *block)
{
	if (!is_ours(block))
		free(block);
	else if (spares.keeps)
		spares.blocks[spares.count++] = block;
}

void *tls_spare_resize(void *block, size_t size)
{
	if (!is_ours(block))
		return realloc(block, size);
	void *other = size > 0 ? malloc(size) : NULL;
	if (other)
		memcpy(other, block, size < SPARE_BLOCK ? size : SPARE_BLOCK);
	if (other || size == 0)
		tls_spare_give_back(block);
	return other;
}

/* ---- as OpenSSL wants them ---- */

static void *take(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return tls_spare_take(size);
}

static void *resize(void *block, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return tls_spare_resize(block, size);
}

static void give_back(void *block, const char *file, int line)
{
	(void)file;
	(void)line;
	tls_spare_give_back(block);
}

void tls_spare_keep(void)
{
	spares.keeps = true;
	for (spares.count = 0; spares.count < SPARES; spares.count++)
		spares.blocks[spares.count] = row[spares.count];
	(void)CRYPTO_set_mem_functions(take, resize, give_back);
}
