/* SPDX-License-Identifier: MIT */
/* cache.c - a cache that stays warm over reloads: what is slow to make is kept, and handed on.
 *
 * GET /NAME gives a number that takes a while to make; X-Cache says whether it was kept.  Each
 * worker has a cache of its own.  Its successor may have another size, or be another release of
 * this file: state_version says what the bytes mean. */
#include <portico.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 56 };

struct entry {                   /* also how it is exported, in version 1 */
	char     name[NAME];     /* "": there is none */
	uint64_t number;
};

struct cache {
	int64_t       entries, work;     /* options */
	struct entry *table;             /* a name has one place in it: the last one stays */
};

static uint64_t hash(const char *name, int64_t rounds)
{
	uint64_t h = 0xcbf29ce484222325;

	for (int64_t i = 0; i < rounds; i++)
		for (const char *at = name; *at; at++)
			h = (h ^ (unsigned char)*at) * 0x100000001b3;
	return h;
}

static struct entry *place_of(struct cache *cache, const char *name)
{
	return &cache->table[hash(name, 1) % (uint64_t)cache->entries];
}

static int request(struct portico_request *req)
{
	struct cache *cache = portico_service_state(portico_request_service(req));
	const char *name = portico_request_path(req);
	char text[32];

	if (strlen(name) >= NAME)
		return portico_reply_text(req, 404, "no name is so long\n");
	struct entry *e = place_of(cache, name);
	bool kept = strcmp(e->name, name) == 0;
	if (!kept) {
		memset(e->name, 0, sizeof(e->name));
		memcpy(e->name, name, strlen(name));
		e->number = hash(name, cache->work);
	}
	snprintf(text, sizeof(text), "%016llx\n", (unsigned long long)e->number);
	portico_reply_header(req, "X-Cache", kept ? "hit" : "miss");
	return portico_reply_text(req, 200, text);
}

static int state_export(struct portico_service *service, struct portico_export *out)
{
	const struct cache *cache = portico_service_state(service);

	for (int64_t i = 0; i < cache->entries; i++)
		if (cache->table[i].name[0]
			&& portico_export_write(out, &cache->table[i], sizeof(cache->table[i])) < 0)
			return -1;
	return 0;
}

/* All is looked at before any of it is taken: -1 leaves the cache as start() made it. */
static int state_import(struct portico_service *service, uint32_t version, const void *data,
	size_t len)
{
	struct cache *cache = portico_service_state(service);
	const struct entry *from = data;
	size_t count = len / sizeof(*from);

	if (version != 1 || len % sizeof(*from) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (from[i].name[0] == '\0' || from[i].name[NAME - 1] != '\0')
			return -1;
	for (size_t i = 0; i < count; i++)
		*place_of(cache, from[i].name) = from[i];
	return 0;
}

static int start(struct portico_service *service)
{
	struct cache *cache = portico_service_state(service);

	cache->table = calloc((size_t)cache->entries, sizeof(*cache->table));
	return cache->table ? 0 : -1;
}

static void stop(struct portico_service *service)
{
	struct cache *cache = portico_service_state(service);

	free(cache->table);
}

static const struct portico_option options[] = {
	PORTICO_OPTION_IN(INT, struct cache, entries, "4096", "1..1000000", "places for names"),
	PORTICO_OPTION_IN(INT, struct cache, work, "100000", "1..", "rounds that a number takes"),
	{0},
};

PORTICO_PLUGIN(.name = "cache", .summary = "slow numbers, kept over reloads",
	.service_size = sizeof(struct cache), .options = options, .start = start, .stop = stop,
	.http_request = request, .methods = "GET", .state_version = 1,
	.state_export = state_export, .state_import = state_import)
