/* SPDX-License-Identifier: MIT */
/* redis_table.c - proto/redis_table.c: what somebody else has put into Redis. */
#include "proto/redis_table.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "redis_rig.h"

REDIS_SUITE(redis_table);

static void answered(void *arg, const struct table_result *result)
{
	const char *name = arg;

	if (result->error)
		rig_tell("%s:%s", name, strerrorname_np(result->error));
	else
		rig_tell("%s:%zu", name, result->len);
}

static void get(int fd, const char *name, const char *answer)
{
	const struct redis_table table = { fake.redis, "" };
	const struct table_op op = { .call = TABLE_GET, .key = { "k", 1 } };

	cr_assert_eq(redis_table_ask(&table, &op, answered, (void *)name), 0);
	fake_hears(fd, GET("k"));
	fake_says(fd, answer);
	await_story();
}

static const char *value_of(size_t len)
{
	static char text[TABLE_VALUE + 64];
	int head = snprintf(text, sizeof(text), "$%zu\r\n=", len + 1);

	memset(text + head, 'x', len);
	strcpy(text + head + len, "\r\n");
	return text;
}

Test(redis_table, no_value_is_longer_than_those_of_ours)
{
	int fd = fake_greets();

	get(fd, "a", value_of(3));
	rig_told("a:3");
	get(fd, "b", value_of(TABLE_VALUE));
	rig_told("b:65536");
	get(fd, "c", value_of(TABLE_VALUE + 1));
	rig_told("c:EDOM");
	close(fd);
}

Test(redis_table, numbers_are_as_redis_writes_them)
{
	int fd = fake_greets();

	get(fd, "a", "$2\r\n-7\r\n");
	rig_told("a:8");
	get(fd, "b", "$2\r\n07\r\n");
	get(fd, "c", "$0\r\n\r\n");
	get(fd, "d", "$19\r\n9223372036854775808\r\n");
	rig_told("b:EDOM c:EDOM d:EDOM");
	close(fd);
}
