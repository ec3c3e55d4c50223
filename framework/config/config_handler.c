/* SPDX-License-Identifier: MIT */
/*
 * config_handler.c - a section [handler SERVICE] or [handler SERVICE /prefix].
 *
 * Knows the key plugin, and for http host.  All others are the plugin's: the
 * worker that loads it checks them against its table.
 */
#include "config/config_draft.h"

#include <string.h>

#include "base/text.h"

enum { NAMES_MOST = 64 }; /* services that are compared with a wrong name */

/* Tells that there is no such service; the one that may be meant is not
 * told to lack a handler. */
static int refuse_unknown(struct draft *d, const struct ini_section *section, const char *name)
{
	const char *names[NAMES_MOST + 1] = {NULL};
	size_t count = 0;

	if (d->ini.incomplete)
		return 0; /* its service may be what was refused */
	for (struct draft_service *s = d->services; s != NULL; s = s->next) {
		if (count < NAMES_MOST)
			names[count++] = s->service.name;
	}
	const char *near = text_nearest(name, names);
	if (near == NULL) {
		problems_add(&d->problems, section->file, section->line,
			"[%s]: there is no service %s; add [service %s]", section->name, name,
			name);
		return 0;
	}
	config_find_service(d, near)->handler_meant = true;
	problems_add(&d->problems, section->file, section->line,
		"[%s]: there is no service %s; did you mean %s?", section->name, name, near);
	return 0;
}

/* For some host there would be two of them. */
static bool share_host(const struct config_handler *a, const struct config_handler *b)
{
	if (a->host_count == 0 || b->host_count == 0)
		return a->host_count == b->host_count;
	for (size_t i = 0; i < a->host_count; i++) {
		for (size_t j = 0; j < b->host_count; j++) {
			if (strcmp(a->hosts[i], b->hosts[j]) == 0)
				return true;
		}
	}
	return false;
}

static const struct config_handler *same_route(
	const struct draft_service *s, const struct config_handler *like)
{
	for (const struct draft_handler *h = s->handlers; h != NULL; h = h->next) {
		if (h->handler.prefix == NULL || like->prefix == NULL)
			return &h->handler;
		if (strcmp(h->handler.prefix, like->prefix) == 0 && share_host(&h->handler, like))
			return &h->handler;
	}
	return NULL;
}

/* Tells what is wrong with the heading of a handler of s. */
static bool is_sound(struct draft *d, const struct ini_section *section,
	const struct draft_service *s, const char *prefix)
{
	const char *protocol = config_protocol_name(s->service.protocol);
	const char *why = NULL;

	if (prefix != NULL && s->service.protocol != CONFIG_HTTP) {
		problems_add(&d->problems, section->file, section->line,
			"[%s]: only protocol = http has prefixes, %s is %s; write [handler %s]",
			section->name, s->service.name, protocol, s->service.name);
		return false;
	}
	if (prefix != NULL && prefix[0] != '/')
		why = "the prefix does not begin with /; write [handler SERVICE /PREFIX]";
	else if (prefix != NULL && strpbrk(prefix, "?#") != NULL)
		why = "a prefix is the start of a path, which ends before ? and #; cut it there";
	if (why != NULL)
		problems_add(
			&d->problems, section->file, section->line, "[%s]: %s", section->name, why);
	return why == NULL;
}

static bool is_first(struct draft *d, const struct ini_section *section,
	const struct draft_service *s, const char *prefix, const struct config_handler *h)
{
	const struct config_handler *first = same_route(s, h);

	if (first == NULL)
		return true;
	problems_add(&d->problems, section->file, section->line,
		"[%s]: %s has its handler%s%s%s already, at %s:%u; delete one", section->name,
		s->service.name, prefix != NULL ? " for " : "", prefix != NULL ? prefix : "",
		h->host_count > 0 ? " and a host of it" : "", first->file, first->line);
	return false;
}

/* A plugin's path: with a '/' it is seen from the file, without one it lies in
 * the plugins' directory. */
static const char *plugin_path(
	struct draft *d, const struct ini_section *section, const char *plugin)
{
	if (strchr(plugin, '/') != NULL)
		return ini_relative(d->mem, section->file, plugin);
	return arena_printf(d->mem, "%s/%s", d->portico.config.plugins, plugin);
}

static int add_settings(
	struct draft *d, const struct ini_section *section, struct config_handler *h)
{
	h->settings = arena_alloc(d->mem, section->entry_count * sizeof(*h->settings));
	if (h->settings == NULL)
		return -1;
	for (const struct ini_entry *e = section->entries; e != NULL; e = e->next) {
		if (config_handler_owns(e->key, h->prefix != NULL) || e->value == NULL)
			continue;
		h->settings[h->setting_count++] = (struct config_setting){
			.key = e->key, .value = e->value, .file = section->file, .line = e->line};
	}
	return 0;
}

/* Any key may be the plugin's, so the near miss is told with what is missing. */
static void tell_no_plugin(struct draft *d, const struct ini_section *section)
{
	for (const struct ini_entry *e = section->entries; e != NULL; e = e->next) {
		const char *near = schema_nearest(&config_handler_keys, e->key);
		if (near != NULL && strcmp(near, "plugin") == 0) {
			problems_add(&d->problems, section->file, e->line,
				"[%s] has no plugin; did you mean plugin with %s?", section->name,
				e->key);
			return;
		}
	}
	config_check_required(d, &config_handler_keys, section);
}

static int read_keys(struct draft *d, const struct ini_section *section, struct config_handler *h)
{
	const struct ini_entry *plugin = ini_find(section, "plugin");

	if (plugin == NULL) {
		tell_no_plugin(d, section);
	} else {
		config_set(d, &config_handler_keys, h, section, plugin);
		if (h->plugin != NULL) {
			h->plugin = plugin_path(d, section, h->plugin);
			if (h->plugin == NULL)
				return -1;
		}
	}
	return add_settings(d, section, h);
}

static void append_handler(struct draft_service *s, struct draft_handler *h)
{
	struct draft_handler **at = &s->handlers;

	while (*at != NULL)
		at = &(*at)->next;
	*at = h;
	s->service.handler_count++;
}

int config_read_handler(
	struct draft *d, const struct ini_section *section, const char *name, const char *prefix)
{
	struct draft_service *s = config_find_service(d, name);

	if (s == NULL)
		return refuse_unknown(d, section, name);
	s->handler_meant = true;
	if (!s->protocol_known)
		prefix = NULL; /* nothing to hold it against; was told */
	else if (!is_sound(d, section, s, prefix))
		return 0;
	struct draft_handler *h = arena_zalloc(d->mem, sizeof(*h));
	if (h == NULL)
		return -1;
	if (s->service.protocol == CONFIG_HTTP) {
		h->handler.prefix = prefix != NULL ? prefix : "/";
		if (config_read_hosts(d, section, &h->handler) < 0)
			return -1;
	}
	if (s->protocol_known && !is_first(d, section, s, prefix, &h->handler))
		return 0;
	h->handler.file = section->file;
	h->handler.line = section->line;
	append_handler(s, h);
	return read_keys(d, section, &h->handler);
}
