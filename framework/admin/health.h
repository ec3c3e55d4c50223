/* SPDX-License-Identifier: MIT */
/*
 * health.h - /livez, /readyz, /startupz: what is asked of a server every few seconds.
 *
 * 200 and "ok", or 503 and why; with ?verbose a line for each thing that was looked at.  All
 * by the worker alone: a master that hangs takes no client from a server that serves.
 */
#ifndef PORTICO_ADMIN_HEALTH_H
#define PORTICO_ADMIN_HEALTH_H

struct admin;
struct portico_request;

int health_live(struct admin *a, struct portico_request *r);      /* the loop turns */
int health_ready(struct admin *a, struct portico_request *r);     /* new clients are welcome */
int health_started(struct admin *a, struct portico_request *r);   /* all services are served */

#endif
