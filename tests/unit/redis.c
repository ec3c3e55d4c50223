/* SPDX-License-Identifier: MIT */
/* redis.c - net/redis.c, redis_link.c: calls to a Redis that says what no Redis would. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/redis_reply.h"
#include "redis_rig.h"

REDIS_SUITE(redis);

Test(redis, answers_come_in_order_and_in_pieces)
{
	cr_assert_eq(ask_get("a"), 0);       /* before it is connected */
	int fd = fake_greets();
	cr_assert(fake.up);
	cr_assert_eq(ask_get("b"), 0);
	cr_assert_eq(ask_get("c"), 0);
	fake_hears(fd, GET("a") GET("b") GET("c"));
	fake_says(fd, "$2\r\n");
	fake_says(fd, "xy\r");
	rig_told("");
	fake_says(fd, "\n:7\r\n$-1");
	rig_told("a:xy b:7");
	fake_says(fd, "\r\n");
	rig_told("c:nil");
	cr_assert(redis_is_idle(fake.redis));
	close(fd);
}

Test(redis, no_answer_ends_the_call_and_the_connection)
{
	open_redis(0.2);
	int fd = fake_greets();

	cr_assert_eq(ask_get("a"), 0);
	cr_assert_eq(ask_get("b"), 0);
	fake_hears(fd, GET("a") GET("b"));
	double before = ev_time();
	await_story();
	rig_told("a:ETIMEDOUT b:ETIMEDOUT");
	cr_assert_geq(ev_time() - before, 0.15);
	cr_assert_leq(ev_time() - before, 5.);
	fake_hears_end(fd);
	cr_assert_not(fake.up);
	get_is_refused("c", ENOTCONN);
	fd = fake_greets();                    /* it comes back by itself */
	cr_assert(fake.up);
	cr_assert_eq(ask_get("c"), 0);
	fake_hears(fd, GET("c"));
	fake_says(fd, "$1\r\nx\r\n");
	rig_told("c:x");
	close(fd);
}

Test(redis, a_call_to_nobody_ends)
{
	close(fake.listener);
	unlink(fake.server.path.sun_path);
	cr_assert_eq(ask_get("a"), 0);
	await_story();
	rig_told("a:ENOENT");
	get_is_refused("b", ENOTCONN);
}

Test(redis, a_connection_that_nobody_takes_ends)
{
	open_redis(0.2);
	cr_assert_eq(ask_get("a"), 0);       /* it waits in the queue of the listener */
	await_story();
	rig_told("a:ETIMEDOUT");
}

Test(redis, an_end_ends_what_is_asked)
{
	int fd = fake_greets();

	cr_assert_eq(ask_get("a"), 0);
	fake_hears(fd, GET("a"));
	close(fd);
	await_story();
	rig_told("a:ECONNRESET");
	close(fake_greets());
}

Test(redis, nonsense_ends_the_connection)
{
	static const char *const nonsense[] = {
		"HTTP/1.1 400 Bad Request\r\n\r\n",
		"$9999999999999999999999\r\n",
		"*9\r\n",                        /* rows are short */
		"*2000000000\r\n",
		"*1\r\n*1\r\n:1\r\n",            /* and none is in another */
		":12x\r\n",
		"\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof(nonsense) / sizeof(*nonsense); i++) {
		int fd = fake_greets();
		cr_assert_eq(ask_get("a"), 0);
		fake_hears(fd, GET("a"));
		fake_says(fd, nonsense[i]);
		await_story();
		cr_assert_str_eq(rig.story, "a:EPROTO", "%s of %s", rig.story, nonsense[i]);
		rig.story[0] = '\0';
		fake_hears_end(fd);
	}
}

Test(redis, an_answer_nobody_asked_for_ends_the_connection)
{
	int fd = fake_greets();

	cr_assert_eq(ask_get("a"), 0);
	fake_hears(fd, GET("a"));
	fake_says(fd, "+OK\r\n+OK\r\n+OK\r\n");
	rig_told("a:OK");
	fake_hears_end(fd);
	close(fake_greets());
}

Test(redis, an_endless_answer_ends_the_connection)
{
	static char block[64 * 1024];
	int fd = fake_greets();

	cr_assert_eq(ask_get("a"), 0);
	fake_hears(fd, GET("a"));
	fake_says(fd, "$500000000\r\n");
	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 1000 && !rig.story[0]; i++) {
		(void)!send(fd, block, sizeof(block), MSG_NOSIGNAL | MSG_DONTWAIT);
		rig_turns(2);
	}
	rig_told("a:EPROTO");
	fake_hears_end(fd);
}

Test(redis, who_is_no_redis_is_not_up)
{
	static const char *const greetings[] = {
		"+OK\r\n", "-LOADING Redis is loading the dataset in memory\r\n", ":1\r\n", "garbage\r\n",
		"-NOAUTH Authentication required.\r\n",
	};

	for (size_t i = 0; i < sizeof(greetings) / sizeof(*greetings); i++) {
		int fd = fake_takes();
		fake_hears(fd, PING);
		fake_says(fd, greetings[i]);
		fake_hears_end(fd);
		cr_assert_not(fake.up);
	}
	close(fake_greets());
}

Test(redis, the_password_comes_first)
{
	fake.server.user = "me";
	fake.server.password = "a b";
	int fd = fake_takes();
	fake_hears(fd, "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$3\r\na b\r\n" PING);
	fake_says(fd, "-WRONGPASS invalid username-password pair or user is disabled.\r\n-NOAUTH no\r\n");
	fake_hears_end(fd);
	fd = fake_takes();
	fake_hears(fd, "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$3\r\na b\r\n" PING);
	fake_says(fd, "+OK\r\n");
	cr_assert_not(fake.up);
	fake_says(fd, "+PONG\r\n");
	cr_assert(fake.up);
	close(fd);
}

Test(redis, errors_of_redis_have_their_errno)
{
	static const struct {
		const char *said, *meant;
	} errors[] = {
		{ "-OOM command not allowed when used memory > 'maxmemory'.\r\n", "a:-ENOSPC" },
		{ "-READONLY You can't write against a read only replica.\r\n", "a:-EROFS" },
		{ "-LOADING Redis is loading the dataset in memory\r\n", "a:-EAGAIN" },
		{ "-NOAUTH Authentication required.\r\n", "a:-EACCES" },
		{ "-NOPERM this user has no permissions\r\n", "a:-EACCES" },
		{ "-BUSY Redis is busy running a script.\r\n", "a:-EBUSY" },
		{ "-ERR value is not an integer or out of range\r\n", "a:-EDOM" },
		{ "-ERR increment or decrement would overflow\r\n", "a:-ERANGE" },
		{ "-ERR unknown command 'GET'\r\n", "a:-EPROTO" },
	};
	int fd = fake_greets();

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		cr_assert_eq(ask_get("a"), 0);
		fake_hears(fd, GET("a"));
		fake_says(fd, errors[i].said);
		rig_told(errors[i].meant);
	}
	close(fd);
}

Test(redis, the_queue_has_an_end)
{
	static char value[8 * 1024];
	const struct redis_word words[] = { { "GET", 3 }, { value, sizeof(value) } };
	int count = 0;

	while (redis_call(fake.redis, words, 2, redis_tells, (void *)"a") == 0)
		count++;
	cr_assert_eq(errno, ENOBUFS);
	cr_assert_eq(count, 7);
	cr_assert_not(fake.up);
}

static void gives_up(void *arg)
{
	rig_tell("up");
	redis_link_fail(arg, ENOMEM, "no memory");
}

static int is_not_asked(void *arg, const struct redisReply *reply)
{
	(void)arg;
	(void)reply;
	rig_tell("heard");
	return 0;
}

static void is_lost(void *arg, int error)
{
	(void)arg;
	rig_tell("lost:%s", strerrorname_np(error));
}

Test(redis, an_owner_may_give_up_what_has_just_come_up)
{
	static const struct redis_link_owner owner = { gives_up, is_not_asked, is_lost };
	struct redis_link link;

	redis_close(fake.redis);
	fake.redis = NULL;
	redis_link_init(&link, &fake.server, rig.loop, &owner, &link, "for a test");
	redis_link_begin(&link);
	int fd = fake_takes();
	fake_hears(fd, PING);
	fake_says(fd, "+PONG\r\n+what comes behind it\r\n");
	rig_told("up lost:ENOMEM");
	redis_link_fini(&link);
	close(fd);
}

/* The answer lies there when the time is up. */
Test(redis, a_loop_that_stood_still_takes_what_is_there)
{
	open_redis(0.2);
	int fd = fake_greets();

	cr_assert_eq(ask_get("a"), 0);
	fake_hears(fd, GET("a"));
	cr_assert_eq(send(fd, "$1\r\nx\r\n", 7, 0), 7);
	rig_block(0.4);
	rig_turns(3);
	rig_told("a:x");
	cr_assert(fake.up);
	close(fd);
}

Test(redis, what_is_unanswered_at_the_close_is_canceled)
{
	int fd = fake_greets();

	cr_assert_eq(ask_get("a"), 0);
	redis_close(fake.redis);
	fake.redis = NULL;
	rig_told("a:ECANCELED");
	fake_hears(fd, GET("a"));             /* it has left, all the same */
	close(fd);
}
