/* SPDX-License-Identifier: MIT */
/*
 * table_op.h - a call to a table, as a value: for one that is answered later.
 */
#ifndef PORTICO_PROTO_TABLE_OP_H
#define PORTICO_PROTO_TABLE_OP_H

#include <stdbool.h>
#include <stdint.h>

#include "sys/table.h"

enum table_call { TABLE_GET, TABLE_PUT, TABLE_SWAP, TABLE_ADD, TABLE_DELETE };

struct table_op {
	enum table_call    call;
	struct table_key   key;
	struct table_value value;        /* put, swap; of add the ttl alone */
	bool               if_old;       /* swap: old counts; without it nothing may be there */
	struct table_value old;
	int64_t            by;           /* add */
};

struct table_result {
	int         error;               /* 0, or as table.h says; or of the way there */
	const void *value;               /* get */
	size_t      len;
	int64_t     now;                 /* add */
};

#endif
