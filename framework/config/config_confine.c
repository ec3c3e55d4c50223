/* SPDX-License-Identifier: MIT */
/*
 * config_confine.c - keys of [portico] that say what a worker may do and need more than a type.
 *
 * Whether there are such files, users and kernels is seen by who needs them
 * (worker/confine.c): this file reads what was written.
 */
#include "config/config_draft.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

const char *config_seccomp_name(int seccomp)
{
	static const char *const names[] = {
		[CONFIG_SECCOMP_OFF] = "off",
		[CONFIG_SECCOMP_LOG] = "log",
		[CONFIG_SECCOMP_DENY] = "deny",
		[CONFIG_SECCOMP_KILL] = "kill",
	};

	return names[seccomp];
}

int config_read_paths(struct draft *d, const struct ini_section *section, const struct ini_entry *e,
	const char **paths, size_t *count)
{
	char *rest = arena_copy(d->mem, e->value, strlen(e->value));

	if (!rest)
		return -1;
	for (char *word; (word = strsep(&rest, ",")) != NULL;) {
		word = text_trim(word);
		if (*word == '\0') {
			problems_add(&d->problems, section->file, e->line,
				"%s: no file between two commas or at the end; delete the comma", e->key);
			continue;
		}
		if (*count == CONFIG_PATHS) {
			problems_add(&d->problems, section->file, e->line,
				"%s: more than %d files; take some out", e->key, CONFIG_PATHS);
			return 0;
		}
		paths[*count] = ini_relative(d->mem, section->file, word);
		if (!paths[(*count)++])
			return -1;
	}
	return 0;
}

static bool is_written(const struct ini_entry *e)
{
	return e && e->value && *e->value;
}

static int read_list(struct draft *d, const struct ini_section *s, const struct ini_entry *e,
	const char ***out, size_t *count)
{
	if (!is_written(e))
		return 0;
	d->portico.config.files = true;
	*out = arena_zalloc(d->mem, CONFIG_PATHS * sizeof(**out));
	if (!*out)
		return -1;
	return strcmp(e->value, "none") == 0 ? 0 : config_read_paths(d, s, e, *out, count);
}

/* One that was written and is of no effect would be taken for protection. */
static void refuse_without_landlock(struct draft *d, const struct ini_section *s,
	const struct ini_entry *e)
{
	if (is_written(e) && d->portico.config.landlock == CONFIG_LANDLOCK_OFF)
		problems_add(&d->problems, s->file, e->line,
			"%s has no effect with landlock = off; delete one of the two", e->key);
}

static void read_umask(struct draft *d, const struct ini_section *s, const struct ini_entry *e)
{
	const char *text = d->portico.umask;
	size_t len = strlen(text);

	if (len >= 1 && len <= 4 && strspn(text, "01234567") == len && strtoul(text, NULL, 8) <= 0777)
		d->portico.config.umask = (mode_t)strtoul(text, NULL, 8);
	else
		problems_add(&d->problems, s->file, e->line,
			"umask = %s: not a mask; write 077, 027 or 022", text);
}

static void read_core(struct draft *d, const struct ini_section *s, const struct ini_entry *e)
{
	struct config *c = &d->portico.config;
	const char *text = d->portico.core;
	size_t size;
	bool any;

	if (text_size(text, &size) == 0 && size < INT64_MAX)
		c->core = (int64_t)size;
	else if (text_bool(text, &any) == 0)
		c->core = any ? CONFIG_CORE_ANY : 0;
	else
		problems_add(&d->problems, s->file, e->line,
			"core = %s: neither a size nor yes or no; write no, yes or 100m", text);
}

int config_read_confine(struct draft *d, const struct ini_section *s)
{
	const struct ini_entry *reads = ini_find(s, "read_paths"), *writes = ini_find(s, "write_paths");
	struct config *c = &d->portico.config;

	read_umask(d, s, ini_find(s, "umask"));
	read_core(d, s, ini_find(s, "core"));
	refuse_without_landlock(d, s, reads);
	refuse_without_landlock(d, s, writes);
	if (read_list(d, s, reads, &c->reads, &c->read_count) < 0
		|| read_list(d, s, writes, &c->writes, &c->write_count) < 0)
		return -1;
	return 0;
}
