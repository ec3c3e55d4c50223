/* SPDX-License-Identifier: MIT */
/*
 * config_draft.h - a configuration while it is being made: private to config*.c.
 *
 *	ini_load -> config_read_portico -> config_read_service... ->
 *	config_read_handler... -> config_check -> struct config
 *
 * A step that finds a problem tells it and goes on; what it could not read
 * is left at its default.  Steps give -1 for want of memory only.
 */
#ifndef PORTICO_CONFIG_CONFIG_DRAFT_H
#define PORTICO_CONFIG_CONFIG_DRAFT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "config/config.h"
#include "config/ini.h"
#include "config/problem.h"
#include "config/schema.h"

/* The structs that the option tables fill: what config.h promises, and raw
 * strings that need more than a type. */
struct draft_portico {
	struct config config;
	const char   *workers;
	const char   *include;
	const char   *canary;
	const char   *read_paths;
	const char   *write_paths;
	const char   *umask;
	const char   *core;
	const char   *admin;
	const char   *admin_host;
	const char   *redis;
	const char   *redis_user;
	const char   *redis_password_file;
	double        redis_timeout;
	size_t        redis_queue;
};

enum { CONFIG_PATHS = 64 };      /* that one key may name */

struct draft_handler {
	struct config_handler handler;
	const char           *host;
	struct draft_handler *next;
};

struct draft_service {
	struct config_service     service;
	const char               *listen;
	const char               *balance;
	const char               *tls_certificate;
	const char               *tls_key;
	const char               *proxy_from;
	const char               *rate_client_prefix;
	const char               *table;
	const char               *publish;
	const struct ini_section *section;
	const char               *listen_key;    /* in section */
	bool                      protocol_known;
	bool                      handler_meant; /* one was refused that may be meant for it */
	struct draft_handler     *handlers;      /* in the order of the files */
	struct draft_service     *next;
};

struct draft {
	struct arena         *mem;
	struct problems       problems;
	struct ini            ini;
	const char           *file;
	struct draft_portico  portico;
	struct draft_service *services;          /* in the order of the files */
	size_t                listen_count;      /* of all of them, the admin's unix socket too */
	bool                  too_many_listens;  /* was told */
};

/* The tables: every own key of [portico], [service] and [handler] with its
 * default, range and meaning. */
extern const struct schema config_portico_keys;
extern const struct schema config_service_keys;
extern const struct schema config_handler_keys;

/* Which protocols know the key of [service]: bits 1 << enum config_protocol. */
unsigned config_key_protocols(const char *key);

/* The entry of a key that has a value; NULL: it was left out, or is empty.  Borrowed. */
const struct ini_entry *config_written(const struct draft_service *s, const char *key);

/* What config_serve_alone() was told, as sections of d->ini. */
int config_alone_sections(struct draft *d);
int config_read_portico(struct draft *d);
int config_read_confine(struct draft *d, const struct ini_section *section);
int config_read_service(struct draft *d, const struct ini_section *section, const char *name);
void config_read_server(struct draft *d, struct draft_service *service);
int config_read_access_log(struct draft *d, struct draft_service *service);
void config_read_log(struct draft *d, const struct ini_section *section,
	const struct ini_entry *entry);
void config_read_balance(struct draft *d, struct draft_service *service);
void config_read_canary(struct draft *d, const struct ini_section *section,
	const struct ini_entry *entry);
int config_read_tls(struct draft *d, struct draft_service *service);
int config_read_proxy(struct draft *d, struct draft_service *service);
void config_read_rate(struct draft *d, struct draft_service *service);
int config_read_redis(struct draft *d, const struct ini_section *section);
int config_read_shared(struct draft *d, struct draft_service *service);
int config_read_listens(struct draft *d, struct draft_service *service);

/* Reads admin = and admin_host =, and adds the service, after all others. */
int config_read_admin(struct draft *d);

/* One with its defaults, in d->services.  NULL and ENOMEM. */
struct draft_service *config_add_service(struct draft *d, const struct ini_section *section,
	const char *name);
int config_read_handler(struct draft *d, const struct ini_section *section, const char *name,
	const char *prefix);

/* Whether key of [handler] is portico's own there: host is for http only, other plugins may
 * have one of theirs. */
bool config_handler_owns(const char *key, bool http);

/* Paths between commas, seen from the section's file; *count of them go to paths, which has room
 * for CONFIG_PATHS. */
int config_read_paths(struct draft *d, const struct ini_section *section, const struct ini_entry *e,
	const char **paths, size_t *count);

/* Reads host = of an http handler into its hosts. */
int config_read_hosts(struct draft *d, const struct ini_section *section,
	struct config_handler *handler);

/* What can be seen only when all is read. */
void config_check(struct draft *d);

/* Tells what required keys section lacks.  A refused key that looks like
 * one of them has been told of and is enough. */
void config_check_required(struct draft *d, const struct schema *keys,
	const struct ini_section *section);

/* Sets one own key and tells if that fails. */
void config_set(struct draft *d, const struct schema *keys, void *base,
	const struct ini_section *section, const struct ini_entry *entry);

struct draft_service *config_find_service(struct draft *d, const char *name);

#endif
