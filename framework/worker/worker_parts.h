/* SPDX-License-Identifier: MIT */
/*
 * worker_parts.h - a worker: what worker.c, its birth and its end, and worker_obey.c, what its
 * master says to it in between, share.  Nobody else includes this.
 */
#ifndef PORTICO_WORKER_WORKER_PARTS_H
#define PORTICO_WORKER_WORKER_PARTS_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "admin/admin.h"
#include "net/beat.h"
#include "net/hub.h"
#include "proto/asks.h"
#include "proto/offload.h"
#include "proto/outgoing.h"
#include "service/service.h"
#include "worker/backing.h"
#include "worker/estate.h"
#include "worker/legacy.h"
#include "worker/scribes.h"
#include "worker/secure.h"
#include "worker/sockets.h"
#include "worker/worker.h"

struct worker {
	const struct worker_birth *birth;
	struct ev_loop            *loop;
	struct hub                 hub;
	struct beat                beat;
	struct service_home        home;
	struct secure              secure;
	struct scribes             scribes;
	struct admin               admin;
	struct offload             offload;
	struct asks                asks;
	struct backing             backing;
	struct outgoing            outgoing;
	struct service           **services;
	size_t                     service_count;
	ev_io                      channel;
	ev_timer                   deadline;
	struct sockets             sockets;
	struct testament           testament;
	struct heir                heir;
	struct estate              estate;
	ev_prepare                 watch_end;  /* runs while draining */
	bool                       serving;
	bool                       draining;
};

/* Before the loop runs: from now on the channel is heard. */
void worker_obey(struct worker *w);

/* For the estate: of the worker before this one nothing more comes. */
void worker_settled(void *worker);

#endif
