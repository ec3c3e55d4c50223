/* SPDX-License-Identifier: MIT */
/*
 * table.c - a plugin's calls to the table that all workers of its service share.
 */
#include <errno.h>

#include "proto/handler.h"
#include "sys/table.h"

static int no_table(void)
{
	errno = EOPNOTSUPP;
	return -1;
}

ssize_t portico_table_get(struct portico_service *h, const void *key, size_t key_len,
	void *value, size_t room)
{
	return h->table ? table_get(h->table, (struct table_key){ key, key_len }, value, room) : no_table();
}

int portico_table_put(struct portico_service *h, const void *key, size_t key_len,
	const void *value, size_t len, double ttl)
{
	return h->table ? table_put(h->table, (struct table_key){ key, key_len },
		(struct table_value){ value, len, ttl }) : no_table();
}

int portico_table_swap(struct portico_service *h, const void *key, size_t key_len,
	const void *old, size_t old_len, const void *value, size_t len, double ttl)
{
	struct table_value expected = { old, old_len, 0. };

	return h->table ? table_swap(h->table, (struct table_key){ key, key_len }, old ? &expected : NULL,
		(struct table_value){ value, len, ttl }) : no_table();
}

int portico_table_add(struct portico_service *h, const void *key, size_t key_len,
	int64_t by, double ttl, int64_t *now)
{
	return h->table ? table_add(h->table, (struct table_key){ key, key_len }, by, ttl, now) : no_table();
}

int portico_table_delete(struct portico_service *h, const void *key, size_t key_len)
{
	return h->table ? table_delete(h->table, (struct table_key){ key, key_len }) : no_table();
}
