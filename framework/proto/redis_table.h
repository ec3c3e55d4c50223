/* SPDX-License-Identifier: MIT */
/*
 * redis_table.h - a service's table in Redis: the calls of sys/table.h, answered later.
 *
 * A value of 8 bytes is a number to sys/table.h, an int64_t in the machine's order, and INCRBY wants
 * its digits.  So such a value is its digits there, whatever it was meant to be, and
 * any other is itself behind a mark that no number begins with.  What is kept so is the
 * same value to machines of either order, and a reader of redis-cli sees it.
 */
#ifndef PORTICO_PROTO_REDIS_TABLE_H
#define PORTICO_PROTO_REDIS_TABLE_H

#include "proto/table_op.h"

struct redis;

struct redis_table {
	struct redis *redis;
	const char   *prefix;            /* of its keys */
};

/* result is borrowed.  Errors are those of sys/table.h, of redis_call() and of Redis:
 * redis_reply_error(). */
typedef void redis_table_answered_fn(void *arg, const struct table_result *result);

/* op has passed table_op_check(); all of it is copied.  answered comes from the loop, in the order
 * of asking.  -1 with ENOTCONN, ENOBUFS or ENOMEM, and it does not. */
int redis_table_ask(const struct redis_table *t, const struct table_op *op,
	redis_table_answered_fn *answered, void *arg);

/* What sys/table.h refuses: -1 with EINVAL or EMSGSIZE. */
int table_op_check(const struct table_op *op);

#endif
