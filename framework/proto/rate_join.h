/* SPDX-License-Identifier: MIT */
/*
 * rate_join.h - the rates of a service, over several machines with one Redis.
 *
 * Who may is decided here and at once: no client waits for another machine.  What a worker let through it
 * tells the others each RATE_JOIN_INTERVAL, in a channel, and they charge their buckets with it.  So
 * together they let through what one would, and what passes until they know of each other; that
 * is owed, and comes back first.  While Redis is away each machine goes on by itself, and what it lets through
 * then is not told later.
 */
#ifndef PORTICO_PROTO_RATE_JOIN_H
#define PORTICO_PROTO_RATE_JOIN_H

#include <ev.h>
#include <stdint.h>

#include "sys/bucket.h"

#define RATE_JOIN_INTERVAL 0.1           /* seconds */
#define RATE_JOIN_CHANNEL  "rate_over"   /* behind the service's prefix */

struct addr;
struct portico_service;
struct rate;
struct rate_join;
struct redis;

/* What each may owe, when up to eight others let through all that they may at once. */
uint64_t rate_join_debt(const struct bucket_rule *rule);

/* Of one service in this worker; all are borrowed.  handler counts what comes to nothing, as its
 * redis_errors, and what is heard.  NULL and ENOMEM. */
struct rate_join *rate_join_create(const struct rate *rate, struct redis *redis, const char *prefix,
	struct portico_service *handler);

/* One of client, who is peer, was let through; client: rate_client(), 0: nobody asks who it was. */
void rate_join_note(struct rate_join *j, uint64_t client, const struct addr *peer);

/* Tells what it knows and hears no more; Redis is still open.  Twice is fine. */
void rate_join_leave(struct rate_join *j);
void rate_join_destroy(struct rate_join *j);     /* Redis is closed; NULL is fine */

#endif
