/* SPDX-License-Identifier: MIT */
/*
 * tls_spare.c - the buffers of TLS records go from hand to hand.
 *
 * The last one freed is the next one taken: of all memory it is the likeliest to be in the cache
 * still, and so this is cheaper than a pair for each connection, too.
 */
#include "net/tls_spare.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
	SPARE_LEAST = 16 * 1024,         /* what holds a whole record is larger */
	SPARE_BLOCK = 17 * 1024,         /* and has room in this */
	SPARE_MOST = 18 * 1024,
	SPARES = 8,
};

/* Of the thread of the loop; others, of plugins, may use OpenSSL too and end at any time. */
static _Thread_local struct {
	bool     keeps;
	unsigned count;
	void    *blocks[SPARES];
} spares;

void *tls_spare_take(size_t size)
{
	if (size <= SPARE_LEAST || size > SPARE_BLOCK)
		return malloc(size);
	return spares.count > 0 ? spares.blocks[--spares.count] : malloc(SPARE_BLOCK);
}

static bool is_for_records(void *block)
{
	size_t size = malloc_usable_size(block);

	return size >= SPARE_BLOCK && size < SPARE_MOST;
}

void tls_spare_give_back(void *block)
{
	if (spares.keeps && spares.count < SPARES && is_for_records(block))
		spares.blocks[spares.count++] = block;
	else
		free(block);
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
	return realloc(block, size);
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
	(void)CRYPTO_set_mem_functions(take, resize, give_back);
}
