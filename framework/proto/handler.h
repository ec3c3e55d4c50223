/* SPDX-License-Identifier: MIT */
/*
 * handler.h - one plugin with its settings, state and timers, in one worker.
 *
 * This is what a plugin knows as struct portico_service.  The floor above
 * makes it (it loads the plugin and fills the state); the protocols call it.
 */
#ifndef PORTICO_PROTO_HANDLER_H
#define PORTICO_PROTO_HANDLER_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "portico.h"
#include "sys/page.h"

struct asks;
struct channels;
struct dgram_socket;
struct offload;
struct rate;
struct redis_table;
struct outgoing;
struct portico_upstream;
struct subscription;
struct table;

struct outgoing_bounds {                 /* of a service: as in struct stream_kind */
	size_t max_input;
	size_t high_water;
	size_t max_queue;
	double linger;
	double send_rate, rate_grace;    /* of what is unsent when it is closed */
};

struct portico_service {
	struct portico_plugin        plugin;   /* a full copy, whatever its header's age */
	void                        *state;    /* plugin.service_size bytes */
	const char                  *service;  /* name of the [service] */
	const char                  *label;    /* "web /api", "echo": for the log */
	unsigned                     worker;
	uint32_t                     number;   /* over all handlers of the worker */
	struct ev_loop              *loop;
	struct page                 *page;
	struct channels             *channels; /* of its service; NULL: none */
	struct subscription         *subscriptions;
	struct portico_service      *next_subscriber; /* of its service */
	struct portico_counter      *missed;   /* messages, once it has subscribed */
	struct table                *table;    /* that the workers share; NULL: none, or in Redis: */
	const struct redis_table    *redis_table; /* NULL: it is not there */
	struct asks                 *asks;     /* the worker's; NULL: nothing can be asked */
	struct portico_counter      *redis_errors; /* these two only if it uses Redis */
	struct portico_gauge        *redis_up;
	struct counts               *counts;   /* of its service, in page */
	const struct rate           *rate;     /* likewise; NULL: no limit */
	struct portico_timer        *timers;
	struct offload              *offload;  /* the worker's; NULL: nothing can be offloaded */
	struct outgoing             *outgoing; /* the worker's; NULL: it connects to nobody */
	struct portico_upstream     *upstreams;
	struct outgoing_bounds       bounds;   /* of its connections */
	struct dgram_socket         *sockets;  /* udp: for portico_send() */
	struct addr                 *socket_addrs;
	unsigned                     socket_count;
	double                       told;     /* when a failure of it was last logged */
	bool                         shown;    /* start() or setting() was called: stop() is due */
	bool                         has_heir; /* drain(): connections may go on elsewhere */
	bool                         told_state; /* what became of its state was logged */
};

/* Marks the callback that h is in, for the obituary.  Callbacks do not nest. */
static inline void handler_enter(const struct portico_service *h, enum pulse_call call)
{
	h->page->steps++;
	pulse_enter(h->page, h->number, call);
}

static inline void handler_leave(const struct portico_service *h)
{
	pulse_leave(h->page);
}

/* A sentence to the log that names the handler. */
void handler_says(const struct portico_service *h, enum log_level level, const char *what);

/* The same, of what it did wrong, which is counted. */
void handler_broke_contract(const struct portico_service *h, const char *how) __attribute__((cold));

/* The same of one of its callbacks, at most once a second. */
void handler_failed_to(struct portico_service *h, const char *callback, const char *what);

/* A callback gave -1: with errno and at most once a second, since a client
 * may be able to bring it about at will. */
void handler_gave_up(struct portico_service *h, const char *callback) __attribute__((cold));

int  handler_setting(struct portico_service *h, const char *key, const char *value);
int  handler_start(struct portico_service *h);
void handler_drain(struct portico_service *h);
void handler_stop(struct portico_service *h);   /* ends its timers too; twice is fine */

#endif
