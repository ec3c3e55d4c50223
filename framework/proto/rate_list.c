/* SPDX-License-Identifier: MIT */
/*
 * rate_list.c - what a worker let through lately, and how one machine says it to another.
 */
#include "proto/rate_list.h"

#include <endian.h>
#include <string.h>

#define MARK "prl1"

enum { PLACES = 2 * RATE_LIST };

_Static_assert((PLACES & (PLACES - 1)) == 0, "a power of two");

/* ---- gathering ---- */

/* Half of the places are free, so it ends. */
static uint16_t *find_place(struct rate_list *l, uint64_t name)
{
	unsigned at = name & (PLACES - 1);

	while (l->places[at] > 0 && l->clients[l->places[at] - 1].name != name)
		at = (at + 1) & (PLACES - 1);
	return &l->places[at];
}

bool rate_list_add(struct rate_list *l, uint64_t name, struct rates_network network)
{
	uint16_t *place = find_place(l, name);

	if (*place == 0) {
		if (l->count == RATE_LIST)
			return false;
		l->clients[l->count] = (struct rate_listed){ .name = name, .network = network };
		*place = (uint16_t)++l->count;
	}
	l->clients[*place - 1].count++;
	l->all++;
	return true;
}

void rate_list_clear(struct rate_list *l)
{
	l->all = 0;
	l->count = 0;
	memset(l->places, 0, sizeof(l->places));
}

/* ---- writing ---- */

static char *put4(char *at, uint32_t n)
{
	n = htobe32(n);
	return (char *)memcpy(at, &n, sizeof(n)) + sizeof(n);
}

static char *put8(char *at, uint64_t n)
{
	n = htobe64(n);
	return (char *)memcpy(at, &n, sizeof(n)) + sizeof(n);
}

size_t rate_list_write(const struct rate_list *l, uint64_t machine, char out[RATE_LIST_BYTES])
{
	char *at = out;

	memcpy(at, MARK, strlen(MARK));
	at = put4(at + strlen(MARK), l->all);
	at = put8(at, machine);
	for (unsigned i = 0; i < l->count; i++) {
		at = put8(at, l->clients[i].network.high);
		at = put8(at, l->clients[i].network.low);
		at = put4(at, l->clients[i].count);
	}
	return (size_t)(at - out);
}

/* ---- reading ---- */

static uint32_t get4(const unsigned char *at)
{
	uint32_t n;

	memcpy(&n, at, sizeof(n));
	return be32toh(n);
}

static uint64_t get8(const unsigned char *at)
{
	uint64_t n;

	memcpy(&n, at, sizeof(n));
	return be64toh(n);
}

int rate_letter_read(struct rate_letter *l, const void *data, size_t len)
{
	const unsigned char *at = data;

	if (len < RATE_LIST_HEAD || len > RATE_LIST_BYTES || (len - RATE_LIST_HEAD) % RATE_LIST_CLIENT != 0
		|| memcmp(at, MARK, strlen(MARK)) != 0)
		return -1;
	*l = (struct rate_letter){
		.all = get4(at + 4),
		.machine = get8(at + 8),
		.count = (unsigned)((len - RATE_LIST_HEAD) / RATE_LIST_CLIENT),
		.clients = at + RATE_LIST_HEAD,
	};
	for (unsigned i = 0; i < l->count; i++)
		if (rate_letter_client(l, i).count == 0)
			return -1;
	return l->all > 0 ? 0 : -1;
}

struct rate_listed rate_letter_client(const struct rate_letter *l, unsigned i)
{
	const unsigned char *at = l->clients + i * RATE_LIST_CLIENT;

	return (struct rate_listed){ .network = { get8(at), get8(at + 8) }, .count = get4(at + 16) };
}
