/* SPDX-License-Identifier: MIT */
/*
 * service_parts.h - the pieces of service.h: private to service*.c and the test kit.
 */
#ifndef PORTICO_SERVICE_SERVICE_PARTS_H
#define PORTICO_SERVICE_SERVICE_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "net/dgram.h"
#include "net/listen.h"
#include "net/redis.h"
#include "proto/channels.h"
#include "proto/conn.h"
#include "proto/handler.h"
#include "proto/http.h"
#include "proto/proxy.h"
#include "proto/rate.h"
#include "proto/rate_join.h"
#include "proto/redis_table.h"
#include "proto/udp.h"
#include "service/service.h"
#include "sys/shortest.h"

struct service {
	const struct config_service *config;
	struct hub             *hub;
	struct counts          *counts;
	struct shortest_table  *table;       /* NULL: nobody asks how much there is to do */
	struct shortest_slot   *seat;        /* this worker's in it */
	struct tls_context     *tls;         /* borrowed; NULL: its connections speak no TLS */
	struct table           *shared;      /* likewise; NULL: the workers share none */
	struct rate             rate;        /* shared is NULL: there is no limit */
	struct channels         channels;    /* without a bus: there are none */
	struct service_home    *home;
	struct redis_table      redis_table;
	struct redis_watch      redis_watch;
	struct scribe          *scribe;      /* borrowed; NULL: no access log */
	struct arena            mem;         /* handlers, their state and options, routes */
	struct portico_service *handlers;
	struct http_route      *routes;
	size_t                  route_count;
	struct conn_site        tcp;         /* these two as the protocol names them */
	struct http_site        http;
	struct proxy_gate       gate;        /* in front of them, if proxy_protocol is set */
	struct listener        *listeners;   /* tcp and http, one for each address */
	struct dgram_socket    *datagrams;   /* udp, likewise */
	bool                   *kept;        /* addresses that go on after the end */
	bool                    retired;
};

struct loan {
	struct listener     listener;        /* tcp, http */
	struct dgram_socket datagrams;       /* udp */
	unsigned            from;            /* the slot whose socket it is */
};

/* A client that has passed the gate, or needs not; owner is the service, fd becomes its own. */
void service_enter(void *owner, int fd, const struct addr *client);

const struct rate *service_rate(const struct service *s);        /* NULL: there is no limit */
void service_rate_init(struct service *s, struct rates *rates);
/* With other machines, if it is said.  -1 and a line in the log: no memory. */
int  service_rate_join(struct service *s, struct redis *redis);

/* No more from its socket number listen. */
void service_stop(struct service *s, size_t listen, enum service_end how);

#endif
