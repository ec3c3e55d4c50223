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
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

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
	char text[1024];

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

static const void *find_struct(struct load *l)
{
	if (l->config->linked)
		return l->config->linked;
	void *object = dlopen(l->config->plugin, RTLD_NOW | RTLD_LOCAL);
	if (!object) {
		told(l, "cannot load the plugin: %s", dlerror());
		return NULL;
	}
	const void *plugin = dlsym(object, "portico_plugin");
	if (!plugin)
		told(l, "%s is a shared object but not a portico plugin: it has no "
			"portico_plugin; end its source with PORTICO_PLUGIN(...)",
			l->config->plugin);
	return plugin;
}

static bool is_zero(const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

static int check_abi(struct load *l, const struct portico_plugin *p)
{
	if (p->abi != PORTICO_ABI)
		return told(l, "%s has plugin ABI %u, this portico has %u; rebuild it "
			"with the portico.h of this version", l->config->plugin, p->abi,
			PORTICO_ABI);
	if (p->struct_size < offsetof(struct portico_plugin, options)
		|| p->option_size < offsetof(struct portico_option, range))
		return told(l, "%s has sizes that no portico.h has; fill the struct "
			"with PORTICO_PLUGIN()", l->config->plugin);
	return 0;
}

/* Copies what both sides know. */
static int take_struct(struct load *l, const struct portico_plugin *p)
{
	struct portico_plugin *mine = &l->handler->plugin;
	size_t known = p->struct_size < sizeof(*mine) ? p->struct_size : sizeof(*mine);

	memset(mine, 0, sizeof(*mine));
	memcpy(mine, p, known);
	if (!is_zero((const unsigned char *)p + known, p->struct_size - known))
		return told(l, "%s uses callbacks that this portico does not know yet; "
			"install a newer portico", l->config->plugin);
	return 0;
}

static int check_name(struct load *l)
{
	const char *name = l->handler->plugin.name;

	if (!name || !*name)
		return told(l, "%s has no name; say PORTICO_PLUGIN(.name = \"...\")",
			l->config->plugin);
	return 0;
}

static int check_protocol(struct load *l)
{
	const struct portico_plugin *p = &l->handler->plugin;
	const char *lacks = NULL;

	if (l->service->protocol == CONFIG_TCP && !p->tcp_open && !p->tcp_data)
		lacks = "tcp_open() nor tcp_data()";
	if (l->service->protocol == CONFIG_UDP && !p->udp_packet)
		lacks = "udp_packet()";
	if (l->service->protocol == CONFIG_HTTP && !p->http_request)
		lacks = "http_request()";
	if (!lacks)
		return 0;
	return told(l, "plugin %s has no %s, so it cannot serve protocol %s; "
		"use another plugin or another protocol", p->name, lacks,
		config_protocol_name(l->service->protocol));
}

static int check_methods(struct load *l)
{
	const struct portico_plugin *p = &l->handler->plugin;

	if (!p->methods || http_allow_is_sound(p->methods))
		return 0;
	return told(l, "plugin %s names methods that are none; its author must write them with "
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
static const unsigned char *raw_option(const struct load *l, size_t i)
{
	return (const unsigned char *)l->schema.options + i * l->schema.stride;
}

static int check_table(struct load *l)
{
	const struct portico_plugin *p = &l->handler->plugin;
	struct portico_option option;

	for (size_t i = 0; schema_option(&l->schema, i, &option); i++) {
		size_t known = sizeof(option) < l->schema.stride ? sizeof(option) : l->schema.stride;
		if (!is_zero(raw_option(l, i) + known, l->schema.stride - known))
			return told(l, "option %s of plugin %s says what this portico does not know "
				"yet; install a newer portico", option.name, p->name);
		if (option.offset > p->service_size
			|| size_of(option.type) > p->service_size - option.offset)
			return told(l, "option %s of plugin %s lies outside its state; its author must "
				"set .service_size", option.name, p->name);
	}
	return 0;
}

static int make_state(struct load *l)
{
	struct portico_service *h = l->handler;
	const char *why;

	l->schema = (struct schema){
		.options = h->plugin.options,
		.stride = h->plugin.option_size,
	};
	h->state = arena_zalloc(l->mem, h->plugin.service_size ? h->plugin.service_size : 1);
	if (!h->state)
		return told(l, "no memory for its state");
	if (check_table(l) < 0)
		return -1;
	if (schema_defaults(&l->schema, h->state, l->mem, &why) < 0)
		return told(l, "plugin %s: %s; its author must mend its option table",
			h->plugin.name, why);
	return 0;
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

int plugin_load(struct portico_service *h, const struct config_handler *c,
	const struct config_service *service, struct arena *mem, struct problems *problems)
{
	struct load l = {
		.handler = h,
		.config = c,
		.service = service,
		.mem = mem,
		.problems = problems,
	};

	const struct portico_plugin *p = find_struct(&l);
	if (!p || check_abi(&l, p) < 0 || take_struct(&l, p) < 0)
		return -1;
	if (check_name(&l) < 0 || check_protocol(&l) < 0 || check_methods(&l) < 0
		|| make_state(&l) < 0)
		return -1;
	return set_options(&l);
}
