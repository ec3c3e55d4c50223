/* SPDX-License-Identifier: MIT */
/*
 * config_service.c - a section [service NAME].
 */
#include "config/config_draft.h"

#include <string.h>

enum { NAME_MOST = 32 };

static bool is_name(const char *s)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_-";
	size_t len = strspn(s, letters);

	return s[len] == '\0' && len >= 1 && len <= NAME_MOST;
}

const struct ini_entry *config_written(const struct draft_service *s, const char *key)
{
	const struct ini_entry *e = ini_find(s->section, key);

	return e != NULL && e->value != NULL && *e->value != '\0' ? e : NULL;
}

/* Tells of a key that the service's protocol does not know. */
static bool is_for_protocol(
	struct draft *d, const struct draft_service *s, const struct ini_entry *e)
{
	unsigned known = config_key_protocols(e->key);
	const char *glue = "";
	char list[32] = "";

	if (!s->protocol_known || (known & 1U << s->service.protocol) != 0)
		return true;
	for (int p = CONFIG_TCP; p <= CONFIG_HTTP; p++) {
		if ((known & 1U << p) == 0)
			continue;
		strcat(strcat(list, glue), config_protocol_name(p));
		glue = " or ";
	}
	problems_add(&d->problems, s->section->file, e->line,
		"%s is not for protocol = %s but for %s; delete it", e->key,
		config_protocol_name(s->service.protocol), list);
	return false;
}

/* The protocol is read before the others: it decides which of them are known. */
static void read_protocol(struct draft *d, struct draft_service *s)
{
	const struct ini_entry *e = ini_find(s->section, "protocol");
	const int unset = -1;

	if (e == NULL)
		return;
	s->service.protocol = unset;
	config_set(d, &config_service_keys, s, s->section, e);
	s->protocol_known = s->service.protocol != unset;
}

static void read_keys(struct draft *d, struct draft_service *s)
{
	read_protocol(d, s);
	for (const struct ini_entry *e = s->section->entries; e != NULL; e = e->next) {
		if (strcmp(e->key, "protocol") != 0 && is_for_protocol(d, s, e))
			config_set(d, &config_service_keys, s, s->section, e);
	}
	config_check_required(d, &config_service_keys, s->section);
}

/* small must not be more than large.  If only one of them is written and the default
 * of the other is in its way, small's default gives way. */
static void check_pair(struct draft *d, struct draft_service *s, const char *small_key,
	size_t *small, const char *large_key, size_t large)
{
	const struct ini_entry *e = ini_find(s->section, small_key);

	if (*small <= large)
		return;
	if (e == NULL)
		*small = large;
	else if (e->value != NULL)
		problems_add(&d->problems, s->section->file, e->line,
			"%s = %s: more than %s, which is %zu; write less, or raise %s", small_key,
			e->value, large_key, large, large_key);
}

static void append_service(struct draft *d, struct draft_service *s)
{
	struct draft_service **at = &d->services;

	while (*at != NULL)
		at = &(*at)->next;
	*at = s;
	d->portico.config.service_count++;
}

struct draft_service *config_add_service(struct draft *d, const struct ini_section *section,
	const char *name)
{
	struct draft_service *s = arena_zalloc(d->mem, sizeof(*s));
	const char *why;

	if (s == NULL || schema_defaults(&config_service_keys, s, d->mem, &why) < 0)
		return NULL;
	s->section = section;
	s->listen_key = "listen";
	s->service.name = name;
	s->service.file = section->file;
	s->service.line = section->line;
	append_service(d, s);
	return s;
}

int config_read_service(struct draft *d, const struct ini_section *section, const char *name)
{
	if (!is_name(name)) {
		problems_add(&d->problems, section->file, section->line,
			"[%s]: %s is no name for a service; write 1 to %d of A-Z a-z 0-9 _ -",
			section->name, name, NAME_MOST);
		d->ini.incomplete = true;
		return 0;
	}
	if (strcmp(name, CONFIG_ADMIN) == 0) {
		problems_add(&d->problems, section->file, section->line,
			"[%s]: the name is the admin service's; choose another, or set admin in [portico]",
			section->name);
		d->ini.incomplete = true;
		return 0;
	}
	struct draft_service *s = config_add_service(d, section, name);
	if (s == NULL)
		return -1;
	read_keys(d, s);
	config_read_balance(d, s);
	config_read_server(d, s);
	config_read_rate(d, s);
	check_pair(d, s, "high_water", &s->service.high_water, "max_queue", s->service.max_queue);
	check_pair(d, s, "max_target", &s->service.max_target, "max_head", s->service.max_head);
	if (config_read_tls(d, s) < 0 || config_read_proxy(d, s) < 0
		|| config_read_access_log(d, s) < 0 || config_read_shared(d, s) < 0)
		return -1;
	return s->listen != NULL ? config_read_listens(d, s) : 0;
}

struct draft_service *config_find_service(struct draft *d, const char *name)
{
	for (struct draft_service *s = d->services; s != NULL; s = s->next) {
		if (strcmp(s->service.name, name) == 0)
			return s;
	}
	return NULL;
}
