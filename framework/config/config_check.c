/* SPDX-License-Identifier: MIT */
/*
 * config_check.c - what a configuration lacks.
 *
 * Something is missing only if nothing that was refused can have been it: one cause,
 * one problem.
 */
#include "config/config_draft.h"

#include <string.h>

void config_set(struct draft *d, const struct schema *keys, void *base,
	const struct ini_section *section, const struct ini_entry *entry)
{
	const char *why;

	if (entry->value == NULL)
		return; /* was told */
	if (entry->value[0] == '\0' && schema_has(keys, entry->key))
		problems_add(&d->problems, section->file, entry->line,
			"%s has no value; write one or delete the line", entry->key);
	else if (schema_set(keys, base, d->mem, entry->key, entry->value, section->name, &why) < 0)
		problems_add(&d->problems, section->file, entry->line, "%s", why);
}

/* True if a key that is none of ours looks like name. */
static bool is_misspelt(
	const struct schema *keys, const struct ini_section *section, const char *name)
{
	for (const struct ini_entry *e = section->entries; e != NULL; e = e->next) {
		const char *near = schema_has(keys, e->key) ? NULL : schema_nearest(keys, e->key);
		if (near != NULL && strcmp(near, name) == 0)
			return true;
	}
	return false;
}

void config_check_required(
	struct draft *d, const struct schema *keys, const struct ini_section *section)
{
	struct portico_option option;

	for (size_t i = 0; schema_option(keys, i, &option); i++) {
		if (option.fallback != NULL || ini_find(section, option.name) != NULL ||
			is_misspelt(keys, section, option.name))
			continue;
		problems_add(&d->problems, section->file, section->line,
			"[%s] has no %s; add it: %s", section->name, option.name, option.help);
	}
}

void config_check(struct draft *d)
{
	if (d->ini.incomplete)
		return;
	if (d->services == NULL)
		problems_add(&d->problems, d->file, 0, "has no service; add [service NAME]");
	for (const struct draft_service *s = d->services; s != NULL; s = s->next) {
		const char *name = s->service.name;
		if (s->handlers == NULL && !s->handler_meant)
			problems_add(&d->problems, s->section->file, s->section->line,
				"[service %s] has no handler; add [handler %s] with plugin = ...",
				name, name);
	}
}
