/* SPDX-License-Identifier: MIT */
/*
 * plugin.c - a handler's shared object: open it, check it, set its options.
 *
 * A plugin's structs carry their sizes, so one that was built with another
 * portico.h of the same ABI is read as far as both know it: what it is too old to
 * have is zero, and what we are too old to know must be zero.
 *
 * Nothing is ever unloaded: a worker ends with its plugins in place, and new
 * code comes with new workers.
 */
#include "service/plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/schema.h"
#include "proto/http_allow.h"

/* What all the steps need. */
struct load {
	struct portico_service      *handler;
	const struct config_handler *config;
	const struct config_service *service;
	struct arena                *mem;
	struct problems             *problems;
	struct schema                schema;
};

/* Tells a problem of the section itself, or of one of its keys.  Gives -1. */
static int told_at(struct load *l, const char *file, unsigned line, const char *fmt, va_list args)
{
	char text[PLUGIN_WHY];

	vsnprintf(text, sizeof(text), fmt, args);
	problems_add(l->problems, file, line, "handler %s: %s", l->handler->label, text);
	return -1;
}

__attribute__((format(printf, 2, 3)))
static int told(struct load *l, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int result = told_at(l, l->config->file, l->config->line, fmt, args);
	va_end(args);
	return result;
}

__attribute__((format(printf, 3, 4)))
static int told_of(struct load *l, const struct config_setting *s, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int result = told_at(l, s->file, s->line, fmt, args);
	va_end(args);
	return result;
}

__attribute__((format(printf, 2, 3)))
static int refused(char why[PLUGIN_WHY], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, PLUGIN_WHY, fmt, args);
	va_end(args);
	return -1;
}

/* ---- the object and its struct ---- */

/* dlerror(3) begins with the path. */
static int refuse_object(const char *path, char why[PLUGIN_WHY])
{
	const char *error = dlerror();
	int missing = access(path, F_OK) < 0 ? errno : 0;

	if (missing == ENOENT || missing == ENOTDIR)
		return refused(why, "cannot load the plugin: %s: there is no such file; build it, or "
			"correct the name: one with a / is seen from the configuration's directory, one "
			"without lies in plugins =", path);
	if (access(path, R_OK) < 0)
		return refused(why, "cannot load the plugin: %s: %s; let this user read it", path,
			strerror(errno));
	return refused(why, "cannot load the plugin: %s; %s", error,
		strstr(error, "undefined symbol")
			? "link it with the library that has it, or rebuild it with this version's portico.h"
			: "build it with cc -shared -fPIC, for this machine");
}

static const struct portico_plugin *find_struct(const char *path, char why[PLUGIN_WHY])
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!object) {
		refuse_object(path, why);
		return NULL;
	}
	const struct portico_plugin *plugin = dlsym(object, "portico_plugin");
	if (!plugin)
		refused(why, "%s is a shared object but not a portico plugin: it has no "
			"portico_plugin; end its source with PORTICO_PLUGIN(...)", path);
	return plugin;
}

static bool is_zero(const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

static int check_abi(const struct portico_plugin *p, const char *path, char why[PLUGIN_WHY])
{
	if (p->abi != PORTICO_ABI)
		return refused(why, "%s has plugin ABI %u, this portico has %u; rebuild it "
			"with the portico.h of this version", path, p->abi, PORTICO_ABI);
	if (p->struct_size < offsetof(struct portico_plugin, options)
		|| p->option_size < offsetof(struct portico_option, range))
		return refused(why, "%s has sizes that no portico.h has; fill the struct "
			"with PORTICO_PLUGIN()", path);
	return 0;
}

/* Copies what both sides know; of another ABI the head alone. */
static int take_struct(struct portico_plugin *mine, const struct portico_plugin *p,
	const char *path, char why[PLUGIN_WHY])
{
	*mine = (struct portico_plugin){
		.abi = p->abi, .struct_size = p->struct_size, .option_size = p->option_size,
	};
	if (check_abi(p, path, why) < 0)
		return -1;
	size_t known = p->struct_size < sizeof(*mine) ? p->struct_size : sizeof(*mine);
	memcpy(mine, p, known);
	if (!is_zero((const unsigned char *)p + known, p->struct_size - known))
		return refused(why, "%s uses callbacks that this portico does not know yet; "
			"install a newer portico", path);
	return 0;
}

static int check_name(const struct portico_plugin *p, const char *path, char why[PLUGIN_WHY])
{
	if (!p->name || !*p->name)
		return refused(why, "%s has no name; say PORTICO_PLUGIN(.name = \"...\")", path);
	return 0;
}

static int check_methods(const struct portico_plugin *p, char why[PLUGIN_WHY])
{
	if (!p->methods || http_allow_is_sound(p->methods))
		return 0;
	return refused(why, "plugin %s names methods that are none; its author must write them with "
		"a blank between two: .methods = \"GET POST\"", p->name);
}

/* ---- options ---- */

static size_t size_of(enum portico_type type)
{
	switch (type) {
	case PORTICO_STRING: return sizeof(PORTICO_C_STRING);
	case PORTICO_INT: return sizeof(PORTICO_C_INT);
	case PORTICO_SIZE: return sizeof(PORTICO_C_SIZE);
	case PORTICO_BOOL: return sizeof(PORTICO_C_BOOL);
	case PORTICO_SECONDS: return sizeof(PORTICO_C_SECONDS);
	case PORTICO_ENUM: return sizeof(PORTICO_C_ENUM);
	}
	return 0;
}

/* Number i of the table as the plugin has it, whatever its size. */
static const unsigned char *raw_option(const struct schema *s, size_t i)
{
	return (const unsigned char *)s->options + i * s->stride;
}

static int check_table(const struct schema *s, const struct portico_plugin *p,
	char why[PLUGIN_WHY])
{
	struct portico_option option;

	for (size_t i = 0; schema_option(s, i, &option); i++) {
		size_t known = sizeof(option) < s->stride ? sizeof(option) : s->stride;
		if (!is_zero(raw_option(s, i) + known, s->stride - known))
			return refused(why, "option %s of plugin %s says what this portico does not know "
				"yet; install a newer portico", option.name, p->name);
		if (option.offset > p->service_size
			|| size_of(option.type) > p->service_size - option.offset)
			return refused(why, "option %s of plugin %s lies outside its state; its author must "
				"set .service_size", option.name, p->name);
	}
	return 0;
}

struct schema plugin_options(const struct portico_plugin *p)
{
	return (struct schema){ .options = p->options, .stride = p->option_size };
}

static int make_state(struct portico_service *h, struct arena *mem, char why[PLUGIN_WHY])
{
	const struct schema schema = plugin_options(&h->plugin);
	const char *wrong;

	h->state = arena_zalloc(mem, h->plugin.service_size ? h->plugin.service_size : 1);
	if (!h->state)
		return refused(why, "no memory for its state");
	if (check_table(&schema, &h->plugin, why) < 0)
		return -1;
	if (schema_defaults(&schema, h->state, mem, &wrong) < 0)
		return refused(why, "plugin %s: %s; its author must mend its option table",
			h->plugin.name, wrong);
	return 0;
}

/* path: what it is called. */
static int take_plugin(struct portico_service *h, const struct portico_plugin *p, const char *path,
	struct arena *mem, char why[PLUGIN_WHY])
{
	if (take_struct(&h->plugin, p, path, why) < 0)
		return -1;
	if (check_name(&h->plugin, path, why) < 0 || check_methods(&h->plugin, why) < 0)
		return -1;
	return make_state(h, mem, why);
}

int plugin_open(struct portico_service *h, const char *path, struct arena *mem,
	char why[PLUGIN_WHY])
{
	const struct portico_plugin *p = find_struct(path, why);

	return p ? take_plugin(h, p, path, mem, why) : -1;
}

/* ---- what the configuration makes of it ---- */

bool plugin_serves(const struct portico_plugin *p, int protocol)
{
	switch (protocol) {
	case CONFIG_TCP: return p->tcp_open || p->tcp_data;
	case CONFIG_UDP: return p->udp_packet;
	case CONFIG_HTTP: return p->http_request;
	}
	return false;
}

static int check_protocol(struct load *l)
{
	static const char *const needs[] = {
		[CONFIG_TCP] = "tcp_open() nor tcp_data()", [CONFIG_UDP] = "udp_packet()",
		[CONFIG_HTTP] = "http_request()",
	};
	const struct portico_plugin *p = &l->handler->plugin;
	int protocol = l->service->protocol;

	if (plugin_serves(p, protocol))
		return 0;
	return told(l, "plugin %s has no %s, so it cannot serve protocol %s; "
		"use another plugin or another protocol", p->name, needs[protocol],
		config_protocol_name(protocol));
}

static int apply_setting(struct load *l, const struct config_setting *s)
{
	struct portico_service *h = l->handler;
	const char *section = arena_printf(l->mem, "handler %s", h->label);
	const char *why;

	if (!schema_has(&l->schema, s->key) && h->plugin.setting) {
		if (handler_setting(h, s->key, s->value) == 0)
			return 0;
		return told_of(l, s, "plugin %s refuses %s = %s", h->plugin.name, s->key,
			s->value);
	}
	if (schema_set(&l->schema, h->state, l->mem, s->key, s->value, section, &why) < 0)
		return told_of(l, s, "%s", why);
	return 0;
}

static bool is_given(const struct load *l, const char *key)
{
	for (size_t i = 0; i < l->config->setting_count; i++)
		if (strcmp(l->config->settings[i].key, key) == 0)
			return true;
	return false;
}

static int check_required(struct load *l)
{
	struct portico_option option;
	int result = 0;

	for (size_t i = 0; schema_option(&l->schema, i, &option); i++)
		if (!option.fallback && !is_given(l, option.name))
			result = told(l, "%s is missing; plugin %s needs it: %s",
				option.name, l->handler->plugin.name,
				option.help ? option.help : "see its manual");
	return result;
}

static int set_options(struct load *l)
{
	int result = check_required(l);

	for (size_t i = 0; i < l->config->setting_count; i++)
		if (apply_setting(l, &l->config->settings[i]) < 0)
			result = -1;
	return result;
}

static int set_up(struct load *l)
{
	l->schema = plugin_options(&l->handler->plugin);
	return check_protocol(l) < 0 ? -1 : set_options(l);
}

static int load(struct portico_service *h, const struct portico_plugin *plugin,
	const struct config_handler *c, const struct config_service *service, struct arena *mem,
	struct problems *problems)
{
	struct load l = {
		.handler = h,
		.config = c,
		.service = service,
		.mem = mem,
		.problems = problems,
	};
	char why[PLUGIN_WHY];
	int result = plugin ? take_plugin(h, plugin, c->plugin, mem, why)
			    : plugin_open(h, c->plugin, mem, why);

	return result < 0 ? told(&l, "%s", why) : set_up(&l);
}

int plugin_load(struct portico_service *h, const struct config_handler *c,
	const struct config_service *service, struct arena *mem, struct problems *problems)
{
	return load(h, c->linked, c, service, mem, problems);
}

int plugin_link(struct portico_service *h, const struct portico_plugin *plugin,
	const struct config_handler *c, const struct config_service *service, struct arena *mem,
	struct problems *problems)
{
	return load(h, plugin, c, service, mem, problems);
}
