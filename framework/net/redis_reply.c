/* SPDX-License-Identifier: MIT */
/*
 * redis_reply.c - what a Redis says, as hiredis reads it, within bounds.
 */
#include "net/redis_reply.h"

#include <errno.h>
#include <string.h>

#if HIREDIS_MAJOR >= 1
typedef size_t row_length;
#else
typedef int row_length;
#endif

static redisReplyObjectFunctions bounded;
static void *(*make_row)(const redisReadTask *task, row_length count);

static void *make_short_row(const redisReadTask *task, row_length count)
{
	return task->parent || count > REDIS_ROW ? NULL : make_row(task, count);
}

struct redisReader *redis_reader(void)
{
	struct redisReader *reader = redisReaderCreate();

	if (!reader)
		return NULL;
	if (!make_row) {
		bounded = *reader->fn;
		make_row = bounded.createArray;
		bounded.createArray = make_short_row;
	}
	reader->fn = &bounded;
	return reader;
}

int redis_reader_take(struct redisReader *reader, struct redisReply **reply)
{
	void *got = NULL;

	if (redisReaderGetReply(reader, &got) != REDIS_OK)
		return -1;
	*reply = got;
	if (got)
		return 1;
	return reader->len - reader->pos > REDIS_LONGEST ? -1 : 0;
}

int redis_reply_error(const struct redisReply *reply)
{
	static const struct {
		const char *begin;
		int         error;
	} known[] = {
		{ "OOM ", ENOSPC },
		{ "READONLY ", EROFS },
		{ "MISCONF ", EROFS },          /* it cannot save, and so takes no writes */
		{ "NOREPLICAS ", EROFS },
		{ "LOADING ", EAGAIN },
		{ "MASTERDOWN ", EAGAIN },
		{ "TRYAGAIN ", EAGAIN },
		{ "BUSY ", EBUSY },             /* with a script */
		{ "NOAUTH ", EACCES },
		{ "NOPERM ", EACCES },
		{ "WRONGPASS ", EACCES },
		{ "WRONGTYPE ", EDOM },
	};

	if (reply->type != REDIS_REPLY_ERROR)
		return 0;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strncmp(reply->str, known[i].begin, strlen(known[i].begin)) == 0)
			return known[i].error;
	/* Of INCRBY; from a script with other words around it. */
	if (strstr(reply->str, "not an integer"))
		return EDOM;
	if (strstr(reply->str, "would overflow"))
		return ERANGE;
	return EPROTO;
}

bool redis_reply_is(const struct redisReply *reply, int type, const char *text)
{
	return reply->type == type && strcmp(reply->str, text) == 0;
}
