/* SPDX-License-Identifier: MIT */
/*
 * config.h - one immutable configuration.
 *
 * Made by config_load() from an ini file, owned by the generation that runs
 * on it, never changed.  All pointers in it live until config_destroy().
 */
#ifndef PORTICO_CONFIG_CONFIG_H
#define PORTICO_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sys/addr.h"
#include "sys/network.h"

enum config_protocol { CONFIG_TCP, CONFIG_UDP, CONFIG_HTTP };

/* Who gets a new client: portico.ini says what each means. */
enum config_balance {
	CONFIG_HASH, CONFIG_RANDOM, CONFIG_CPU, CONFIG_SOURCE, CONFIG_WEIGHTS, CONFIG_PAYLOAD,
	CONFIG_LOAD,
};

#define CONFIG_CANARY_TIME 30.0          /* seconds, when only a share is named */

/* The service that portico adds for admin = ...: the last one, and its name nobody else's. */
#define CONFIG_ADMIN "portico-admin"

enum {
	CONFIG_MAX_WORKERS = 1024,
	CONFIG_MAX_LISTENS = 64,         /* addresses of all services together */
	CONFIG_MAX_PROBLEMS = 100,       /* told in one run; the rest is counted */
};

struct config_setting {                  /* a key that is the plugin's own */
	const char *key;
	const char *value;
	const char *file;
	unsigned    line;
};

struct config_handler {
	const char            *prefix;   /* http: "/", "/api"; NULL otherwise */
	const char           **hosts;    /* http: "a.example", "*.example", in small letters */
	size_t                 host_count; /* 0: for any host */
	const char            *plugin;   /* path of the shared object; always holds a '/' */
	const void            *linked;   /* by the test kit: the plugin itself; NULL: open it */
	struct config_setting *settings;
	size_t                 setting_count;
	const char            *file;     /* where its section stands */
	unsigned               line;
};

struct config_tls_pair {
	const char *certificate;         /* paths */
	const char *key;
};

enum config_rate { CONFIG_RATE_REFUSE, CONFIG_RATE_REPORT };
enum config_rate_over { CONFIG_RATE_MACHINE, CONFIG_RATE_REDIS };
enum config_access { CONFIG_ACCESS_COMBINED, CONFIG_ACCESS_JSON };
enum config_tls_client { CONFIG_TLS_CLIENT_NO, CONFIG_TLS_CLIENT_OPTIONAL, CONFIG_TLS_CLIENT_REQUIRED };
enum config_defer { CONFIG_DEFER_AUTO, CONFIG_DEFER_YES, CONFIG_DEFER_NO };
enum config_tls_protocols { CONFIG_TLS_12_13, CONFIG_TLS_13 };

struct config_service {
	const char            *name;
	int                    protocol; /* enum config_protocol */
	struct addr           *listens;
	size_t                 listen_count;
	struct config_handler *handlers; /* http: the longest prefix first */
	size_t                 handler_count;

	int       balance;               /* enum config_balance */
	uint32_t *weights;               /* WEIGHTS: one a worker */
	size_t    weight_count;
	unsigned  prefix4, prefix6;      /* SOURCE: bits of the address that count */
	unsigned  payload_offset, payload_length; /* PAYLOAD: bytes of the datagram that count */

	int64_t backlog;                 /* listen(2) */
	int     defer_accept;            /* enum config_defer */
	bool    share;                   /* others may hold the port with SO_REUSEPORT */
	double  idle;                    /* seconds without a byte either way; 0: no limit */
	size_t  max_input;               /* tcp: bytes a handler may leave unused */
	size_t  high_water;              /* bytes queued for a peer that pause reading from it */
	size_t  max_queue;               /* bytes queued that refuse a write */
	double  linger;                  /* seconds a closing peer may take to hear our end */

	struct config_tls_pair *tls_pairs;   /* the first one serves who names no other */
	size_t      tls_pair_count;      /* 0: no TLS */
	const char *tls_client_ca;       /* path; NULL: none */
	int         tls_client;          /* enum config_tls_client */
	int         tls_protocols;       /* enum config_tls_protocols */
	double      tls_handshake;       /* seconds for all of it */

	bool            proxy_protocol;  /* each connection begins with a PROXY header */
	struct network *proxy_from;      /* who has to send one: nobody else is served */
	size_t          proxy_from_count;
	double          proxy_time;      /* seconds for all of it */

	const char *rate;                /* of all clients, as it was written: "100/s" */
	uint64_t    rate_each;           /* ns in which one more may come; 0: no limit */
	int64_t     rate_burst;          /* that may come at once */
	const char *rate_client;         /* likewise, of each */
	uint64_t    rate_client_each;
	int64_t     rate_client_burst;
	unsigned    rate_prefix4, rate_prefix6; /* bits of a client's address that count */
	size_t      rate_clients;        /* that are remembered */
	int         rate_action;         /* enum config_rate */
	int         rate_over;           /* enum config_rate_over: who counts together */

	size_t  table;                   /* bytes of the table that all workers share; 0: none */
	size_t  publish;                 /* bytes for messages between them; 0: none */
	bool    table_redis;             /* it is in Redis, and so are these; then the size is 0 */
	bool    publish_redis;
	const char *redis_prefix;        /* of its keys and channels there */

	size_t  max_head;                /* http: bytes in a request's head */
	size_t  max_target;              /* http: bytes in a request's target */
	int64_t max_fields;              /* http: header lines */
	size_t  max_body;                /* http: bytes in a request's body */
	double  head_time;               /* http: seconds for a whole head to come in */
	double  body_time;               /* http: seconds for a whole body; 0: no limit */
	size_t  ws_max_message;          /* http: bytes in a WebSocket's message */
	double  ws_ping;                 /* http: seconds a WebSocket may be silent; 0: no limit */
	size_t  body_rate;               /* http: bytes a second of a body at least; 0: any */
	size_t  send_rate;               /* bytes a second that a peer must read; 0: any */
	double  rate_grace;              /* seconds it may fall behind them */
	int64_t max_requests;            /* http: on one connection; 0: no limit */
	int64_t max_connections;         /* in a worker; 0: no limit */
	int64_t max_per_client;          /* in a worker, of one address; 0: no limit */
	const char *server;              /* http: the header of that name; NULL: none */
	const char *access_log;          /* http: path, or "-" for standard output; NULL: none */
	int         access_log_format;   /* enum config_access */

	const char            *file;
	unsigned               line;
};

enum config_capabilities { CONFIG_CAPABILITIES_NONE, CONFIG_CAPABILITIES_KEEP };
enum config_landlock { CONFIG_LANDLOCK_AUTO, CONFIG_LANDLOCK_OFF, CONFIG_LANDLOCK_REQUIRED };
enum config_seccomp { CONFIG_SECCOMP_OFF, CONFIG_SECCOMP_LOG, CONFIG_SECCOMP_DENY, CONFIG_SECCOMP_KILL };

struct config_redis {
	const char *name;                /* as it was written; NULL: there is none */
	struct addr addr;
	const char *path;                /* of a unix socket; NULL: it is at addr */
	const char *user;                /* NULL: its default user */
	const char *password_file;       /* path; NULL: it wants none */
	double      timeout;             /* seconds for an answer */
	size_t      queue;               /* bytes of a worker that wait for one */
};

#define CONFIG_CORE_ANY INT64_MAX        /* core = yes */

struct config {
	const char            *file;     /* as given on the command line */
	unsigned               workers;  /* auto is resolved */
	const char            *user;     /* NULL: stay who we are */
	const char            *group;    /* NULL: the user's own */
	const char            *chroot;   /* path; NULL: none */
	int                    capabilities; /* enum config_capabilities */
	int                    landlock; /* enum config_landlock */
	bool                   files;    /* Landlock is for files, too: these only */
	const char           **reads;    /* paths */
	size_t                 read_count;
	const char           **writes;
	size_t                 write_count;
	int                    seccomp;  /* enum config_seccomp */
	mode_t                 umask;
	int64_t                core;     /* bytes of a core dump; 0: none; CONFIG_CORE_ANY */
	int64_t                max_files; /* descriptors of a worker; 0: as many as it may */
	int64_t                offload_threads; /* of a worker, for work that blocks */
	int64_t                offload_queue; /* such work that may wait for one of them */
	const char            *log;      /* path; NULL: standard error, or syslogd */
	bool                   log_is_syslog;
	unsigned               log_facility; /* of syslog(3), from 0 */
	int                    log_format; /* enum log_format */
	int                    log_level; /* enum log_level */
	const char            *plugins;  /* directory of plugins named without a '/' */
	const char            *control;  /* path of the control socket; NULL: an abstract name */
	int64_t                generations; /* old ones that may drain at the same time */
	struct config_redis    redis;
	const char            *admin_path; /* of the admin service's unix socket; NULL: none */
	const char           **admin_hosts; /* names it may be called by; "*" is any */
	size_t                 admin_host_count;
	double                 drain;    /* seconds */
	double                 drain_delay; /* seconds of not being ready before drain begins */
	double                 stall;    /* seconds without a turn; 0: nobody looks */
	double                 stall_kill; /* seconds until it is ended; 0: never */
	double                 canary_share; /* of new clients, 0 < share < 1; 0: no canary */
	double                 canary_time; /* seconds until it is promoted */
	int64_t                canary_worse; /* times as many errors, or as slow, roll it back */
	double                 start_time; /* seconds from birth to ready */
	size_t                 state_max; /* bytes that a handler exports */
	double                 state_time; /* seconds a new worker waits for it; 0: not at all */
	struct config_service *services;
	size_t                 service_count;
};

/* Where problems go, one call each: "web.ini:12: unknown key ...". */
typedef void config_problem_fn(void *arg, const char *sentence);

/* Reads file and what it includes.  Tells every problem it finds in one run, as
 * "FILE:LINE: what is wrong; what to do": the first CONFIG_MAX_PROBLEMS of
 * them, then "and N more".  A path in a file is seen from that file's
 * directory.  May wait for DNS if an address to listen on is a name.  NULL if
 * there was a problem, with errno ENOENT, EACCES or another from open(2) if the
 * file itself could not be read, ENOMEM, or EINVAL otherwise. */
struct config *config_load(const char *file, config_problem_fn *problem, void *arg);
void           config_destroy(struct config *c);   /* NULL is fine */

/* One that knows of services their names, protocols, addresses and balance, which are copied,
 * and nothing else: no handlers.  log: its path, or NULL.  NULL and ENOMEM. */
struct config *config_of_services(const struct config_service *services, size_t count,
	double drain, const char *log);

/* The path that control = names in file, whatever else is wrong with it; NULL
 * without one.  Made in mem. */
struct arena;
const char *config_control_path(const char *file, struct arena *mem);

/* "10% 30s", "10%" (*seconds stays), "off" (both 0).  -1 if it is none of them. */
int config_parse_canary(const char *text, double *share, double *seconds);

/* Whether its connections wait in the kernel for their first byte: if defer_accept says so, or the
 * client is the first to speak in any case. */
bool config_defers(const struct config_service *s);

bool config_is_admin(const struct config_service *s);
bool config_has_rate(const struct config_service *s);
bool config_is_over_redis(const struct config_service *s);       /* anything of it */
/* Handlers are numbered over all services, in their order.  NULL: there is no such number.  Safe in
 * a signal handler. */
const struct config_handler *config_find_handler(const struct config *c, uint32_t number,
	const struct config_service **service);
/* Where plugins lie that are named without a '/', if the file does not say where. */
const char *config_plugin_directory(void);

/* Whether file is a shared object: a plugin that is served without a file stands where the
 * name of its file would (config_alone.h). */
bool config_is_plugin(const char *file);

const char *config_balance_name(int balance);      /* "hash", "random", ... */
const char *config_protocol_name(int protocol);    /* "tcp", "udp", "http" */
const char *config_seccomp_name(int seccomp);      /* "off", "log", ... */

#endif
