/* SPDX-License-Identifier: MIT */
/*
 * config_portico.c - the section [portico].
 *
 * The main file's sets everything.  An included file may have one, too, but
 * with include alone: who reads the main file sees every setting of the
 * server as a whole.
 */
#include "config/config_draft.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sys/cpu.h"

static unsigned auto_workers(void)
{
	unsigned cpus = cpu_count();

	return cpus < CONFIG_MAX_WORKERS ? cpus : CONFIG_MAX_WORKERS;
}

/* entry is NULL if the default holds. */
static void read_workers(
	struct draft *d, const struct ini_section *s, const struct ini_entry *entry)
{
	const char *text = d->portico.workers;
	int64_t n = 0;

	if (strcmp(text, "auto") == 0) {
		d->portico.config.workers = auto_workers();
		return;
	}
	int rc = text_int(text, &n);
	if (rc == 0 && n >= 1 && n <= CONFIG_MAX_WORKERS)
		d->portico.config.workers = (unsigned)n;
	else
		problems_add(&d->problems, s->file, entry->line,
			"workers = %s: %s; write auto or 1 to %d", text,
			rc < 0 && errno == EINVAL ? "not a number" : "out of range",
			CONFIG_MAX_WORKERS);
}

static int read_main(struct draft *d, const struct ini_section *s)
{
	for (const struct ini_entry *e = s->entries; e != NULL; e = e->next) {
		if (strcmp(e->key, "include") != 0) /* was followed by ini.c */
			config_set(d, &config_portico_keys, &d->portico, s, e);
	}
	read_workers(d, s, ini_find(s, "workers"));
	config_read_canary(d, s, ini_find(s, "canary"));
	config_read_log(d, s, ini_find(s, "log"));
	if (config_read_redis(d, s) < 0)
		return -1;
	return config_read_confine(d, s);
}

static void check_included(struct draft *d, const struct ini_section *s)
{
	for (const struct ini_entry *e = s->entries; e != NULL; e = e->next) {
		if (strcmp(e->key, "include") != 0)
			problems_add(&d->problems, s->file, e->line,
				"%s: [portico] in an included file may hold include alone; "
				"move the line to %s",
				e->key, d->file);
	}
}

/* Paths are seen from the file that names them; "" is no path. */
static int resolve_path(struct draft *d, const char **path)
{
	if ((*path)[0] == '\0') {
		*path = NULL;
		return 0;
	}
	*path = ini_relative(d->mem, d->file, *path);
	return *path != NULL ? 0 : -1;
}

int config_read_portico(struct draft *d)
{
	struct config *c = &d->portico.config;
	const char *why;

	if (schema_defaults(&config_portico_keys, &d->portico, d->mem, &why) < 0) {
		problems_add(&d->problems, d->file, 0, "%s", why);
		return -1;
	}
	c->file = d->file;
	c->workers = auto_workers();
	c->umask = (mode_t)strtoul(d->portico.umask, NULL, 8);
	for (const struct ini_section *s = d->ini.sections; s != NULL; s = s->next) {
		if (strcmp(s->name, "portico") != 0)
			continue;
		if (!s->main)
			check_included(d, s);
		else if (read_main(d, s) < 0)
			return -1;
	}
	c->redis.timeout = d->portico.redis_timeout;
	c->redis.queue = d->portico.redis_queue;
	if (c->user[0] == '\0')
		c->user = NULL;
	if (c->group[0] == '\0')
		c->group = NULL;
	if (resolve_path(d, &c->log) < 0 || resolve_path(d, &c->plugins) < 0
		|| resolve_path(d, &c->control) < 0 || resolve_path(d, &c->chroot) < 0)
		return -1;
	return 0;
}
