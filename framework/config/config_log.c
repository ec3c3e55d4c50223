/* SPDX-License-Identifier: MIT */
/*
 * config_log.c - where the log of [portico] goes: a file, syslogd, or standard error.
 */
#include "config/config_draft.h"

#include <string.h>

#include "base/text.h"

/* As syslog(3) numbers them; those of others, the kernel's or the mail's, are none of ours. */
static const struct {
	const char *name;
	unsigned    number;
} facilities[] = {
	{ "user", 1 },    { "daemon", 3 },  { "local0", 16 }, { "local1", 17 }, { "local2", 18 },
	{ "local3", 19 }, { "local4", 20 }, { "local5", 21 }, { "local6", 22 }, { "local7", 23 },
};

enum { FACILITIES = sizeof(facilities) / sizeof(*facilities) };

static bool find_facility(const char *name, unsigned *number)
{
	for (size_t i = 0; i < FACILITIES; i++)
		if (strcmp(facilities[i].name, name) == 0) {
			*number = facilities[i].number;
			return true;
		}
	return false;
}

static void no_such_facility(struct draft *d, const struct ini_section *s, unsigned line,
	const char *name)
{
	const char *names[FACILITIES + 1] = { 0 };

	for (size_t i = 0; i < FACILITIES; i++)
		names[i] = facilities[i].name;
	const char *nearest = text_nearest(name, names);
	problems_add(&d->problems, s->file, line,
		"log = syslog:%s: no such facility%s%s; write daemon, user or local0 to local7", name,
		nearest ? ", did you mean " : "", nearest ? nearest : "");
}

void config_read_log(struct draft *d, const struct ini_section *s, const struct ini_entry *entry)
{
	struct config *c = &d->portico.config;
	const char *facility = "daemon";

	if (!entry || strncmp(c->log, "syslog", 6) != 0 || (c->log[6] != '\0' && c->log[6] != ':'))
		return;
	if (c->log[6] == ':')
		facility = c->log + 7;
	c->log = "";
	c->log_is_syslog = true;
	if (!find_facility(facility, &c->log_facility))
		no_such_facility(d, s, entry->line, facility);
}
