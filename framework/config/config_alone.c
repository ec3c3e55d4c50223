/* SPDX-License-Identifier: MIT */
/*
 * config_alone.c - one plugin that is served without an ini file.
 *
 * Makes the sections that a file would have had, and nothing that reads them knows the
 * difference: values are as they were given, so that no quoting can go wrong.
 */
#include "config/config_alone.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "config/config_draft.h"

static const struct config_alone *alone;

void config_serve_alone(const struct config_alone *what)
{
	alone = what;
}

bool config_alone_is(const char *file)
{
	return alone && strcmp(alone->plugin, file) == 0;
}

void config_alone_words(const char *binary, const char *verb, const char *file,
	const char *words[CONFIG_ALONE_WORDS])
{
	size_t n = 0;

	words[n++] = binary;
	words[n++] = verb;
	if (!alone) {
		words[n++] = "-c";
		words[n++] = file;
		words[n] = NULL;
		return;
	}
	words[n++] = strcmp(alone->protocol, "tcp") == 0 ? "--tcp"
		: strcmp(alone->protocol, "udp") == 0 ? "--udp" : "--http";
	words[n++] = "--listen";
	words[n++] = alone->listen;
	if (alone->workers) {
		words[n++] = "--workers";
		words[n++] = alone->workers;
	}
	for (size_t i = 0; i < alone->setting_count; i++) {
		words[n++] = "--set";
		words[n++] = alone->settings[i];
	}
	words[n++] = alone->plugin;
	words[n] = NULL;
}

bool config_is_plugin(const char *file)
{
	char head[4] = "";
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return false;
	bool is = read(fd, head, sizeof(head)) == (ssize_t)sizeof(head)
		&& memcmp(head, "\177ELF", sizeof(head)) == 0;
	close(fd);
	return is;
}

/* ---- the sections ---- */

static struct ini_section *add_section(struct draft *d, const char *name)
{
	struct ini_section *s = arena_zalloc(d->mem, sizeof(*s));

	if (!s || !name)
		return NULL;
	*s = (struct ini_section){ .name = name, .file = d->file, .main = true };
	if (d->ini.last)
		d->ini.last->next = s;
	else
		d->ini.sections = s;
	d->ini.last = s;
	d->ini.section_count++;
	return s;
}

/* In front: nobody asks for their order. */
static int add_entry(struct draft *d, struct ini_section *s, const char *key, const char *value)
{
	struct ini_entry *e = arena_zalloc(d->mem, sizeof(*e));

	if (!e || !key || !value)
		return -1;
	*e = (struct ini_entry){ .key = key, .value = value, .next = s->entries };
	s->entries = e;
	s->entry_count++;
	return 0;
}

/* A port alone is that port of every address. */
static const char *full_listen(struct draft *d)
{
	size_t digits = strspn(alone->listen, "0123456789");

	return digits > 0 && !alone->listen[digits] ? arena_printf(d->mem, "*:%s", alone->listen)
		: alone->listen;
}

static int add_setting(struct draft *d, struct ini_section *s, const char *setting)
{
	const char *equals = strchr(setting, '=');
	const char *key = equals ? arena_copy(d->mem, setting, (size_t)(equals - setting)) : NULL;

	if (equals == setting || !equals) {
		problems_add(&d->problems, d->file, 0, "--set %s: is not of the form KEY=VALUE; write it so",
			setting);
		return 0;
	}
	if (key && ini_find(s, key)) {
		problems_add(&d->problems, d->file, 0, "--set %s: %s is set already; leave one out",
			setting, key);
		return 0;
	}
	return add_entry(d, s, key, equals + 1);
}

/* A service's name: plugin of some/plugin.so. */
static const char *name_of_plugin(struct draft *d)
{
	const char *base = strrchr(alone->plugin, '/') + 1;
	size_t len = strspn(base, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

	return len == 0 || len > 32 ? "main" : arena_copy(d->mem, base, len);
}

int config_alone_sections(struct draft *d)
{
	const char *name = name_of_plugin(d);
	struct ini_section *own = add_section(d, "portico");
	struct ini_section *service = add_section(d, arena_printf(d->mem, "service %s", name));
	struct ini_section *handler = add_section(d, arena_printf(d->mem, "handler %s", name));

	if (!name || !own || !service || !handler)
		return -1;
	if (alone->workers && add_entry(d, own, "workers", alone->workers) < 0)
		return -1;
	/* Paths are seen from the configuration's directory, which is the plugin's own. */
	if (add_entry(d, service, "protocol", alone->protocol) < 0
		|| add_entry(d, service, "listen", full_listen(d)) < 0
		|| add_entry(d, handler, "plugin", arena_printf(d->mem, "./%s",
			strrchr(alone->plugin, '/') + 1)) < 0)
		return -1;
	for (size_t i = 0; i < alone->setting_count; i++)
		if (add_setting(d, handler, alone->settings[i]) < 0)
			return -1;
	return 0;
}
