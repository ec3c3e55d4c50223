/* SPDX-License-Identifier: MIT */
/*
 * redis_reply.h - what a Redis says, as hiredis reads it, within bounds.
 *
 * A client that believes what it is told can be made to keep any amount of it.  All that we ask for
 * is answered by one text or number, or by a row of a few: more than that is nonsense.
 */
#ifndef PORTICO_NET_REDIS_REPLY_H
#define PORTICO_NET_REDIS_REPLY_H

#include <hiredis/hiredis.h>
#include <stdbool.h>

enum {
	REDIS_ROW = 8,                   /* replies in a row, none of which is another row */
	REDIS_LONGEST = 1 << 20,         /* bytes of one */
};

/* hiredis' own, which refuses long rows.  NULL: no memory. */
struct redisReader *redis_reader(void);

/* The next whole reply, for freeReplyObject(): 1; 0: it is not all there; -1: nonsense. */
int redis_reader_take(struct redisReader *reader, struct redisReply **reply);

/* The errno that an error means, EPROTO for one that we do not know; 0: it is none. */
int redis_reply_error(const struct redisReply *reply);

bool redis_reply_is(const struct redisReply *reply, int type, const char *text);

#endif
