/* SPDX-License-Identifier: MIT */
/*
 * plugin.h - a handler's shared object: open it, check it, set its options.
 */
#ifndef PORTICO_SERVICE_PLUGIN_H
#define PORTICO_SERVICE_PLUGIN_H

#include <stdbool.h>

#include "base/arena.h"
#include "config/config.h"
#include "config/problem.h"
#include "config/schema.h"
#include "proto/handler.h"

enum { PLUGIN_WHY = 1024 };

/* Fills h->plugin from the shared object at path, and h->state with the defaults of its options, in
 * mem.  -1 with a sentence in why; then h->plugin has what is known nevertheless, its
 * sizes first, and zeroes.  Runs the object's constructors: call it where a crash does no harm. */
int plugin_open(struct portico_service *h, const char *path, struct arena *mem,
	char why[PLUGIN_WHY]);

/* Its table of options, which may be empty. */
struct schema plugin_options(const struct portico_plugin *p);

/* Whether it has what protocol, enum config_protocol, needs. */
bool plugin_serves(const struct portico_plugin *p, int protocol);

/* Fills h->plugin from the shared object that c names, and h->state with its
 * options.  Memory is mem's.  Each thing that is wrong is told to problems as
 * a sentence with file and line.  -1 if anything was.  Runs the object's
 * constructors and its setting(): call it where a crash does no harm. */
int plugin_load(struct portico_service *h, const struct config_handler *c,
	const struct config_service *service, struct arena *mem, struct problems *problems);

/* The same for one that is linked into the binary. */
int plugin_link(struct portico_service *h, const struct portico_plugin *plugin,
	const struct config_handler *c, const struct config_service *service, struct arena *mem,
	struct problems *problems);

#endif
