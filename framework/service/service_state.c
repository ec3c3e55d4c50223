/* SPDX-License-Identifier: MIT */
/*
 * service_state.c - what the handlers of a service know, from one worker to the next.
 */
#include <string.h>

#include "proto/state.h"
#include "service/service_parts.h"

static bool exports(const struct portico_service *h)
{
	return h->plugin.state_export != NULL;
}

static bool imports(const struct portico_service *h)
{
	return h->plugin.state_import != NULL;
}

bool service_exports(const struct service *s)
{
	for (size_t i = 0; i < s->config->handler_count; i++)
		if (exports(&s->handlers[i]))
			return true;
	return false;
}

bool service_imports(const struct service *s)
{
	for (size_t i = 0; i < s->config->handler_count; i++)
		if (imports(&s->handlers[i]))
			return true;
	return false;
}

void service_export(struct service *s, size_t max, double until, service_exported_fn *give,
	void *arg)
{
	for (size_t i = 0; i < s->config->handler_count; i++) {
		struct portico_service *h = &s->handlers[i];
		int fd = exports(h) ? state_export(h, max, until) : -1;
		if (fd >= 0)
			give(arg, h->label, fd);
	}
}

int service_import(struct service *s, const char *label, int fd)
{
	for (size_t i = 0; i < s->config->handler_count; i++) {
		struct portico_service *h = &s->handlers[i];
		if (strcmp(h->label, label) != 0)
			continue;
		if (imports(h))
			state_import(h, fd);
		return 0;
	}
	return -1;
}

void service_says_empty(struct service *s, const char *why)
{
	for (size_t i = 0; i < s->config->handler_count; i++)
		if (imports(&s->handlers[i]))
			state_says_empty(&s->handlers[i], why);
}
