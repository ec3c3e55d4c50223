/* SPDX-License-Identifier: MIT */
/* redis.c - net/redis*.c against a server that the test plays, which says what no Redis would. */
#include "net/redis.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/redis_reply.h"
#include "rig.h"

#define PING "*1\r\n$4\r\nPING\r\n"
#define GET(key) "*2\r\n$3\r\nGET\r\n$1\r\n" key "\r\n"
#define SUBSCRIBE(channel) "*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\n" channel "\r\n"
#define SUBSCRIBED(channel) "*3\r\n$9\r\nsubscribe\r\n$1\r\n" channel "\r\n:1\r\n"
#define MESSAGE(channel, text) "*3\r\n$7\r\nmessage\r\n$1\r\n" channel "\r\n$2\r\n" text "\r\n"

static char dir[] = "/tmp/redis-test-XXXXXX";
static int listener;
static struct redis_server server;
static struct redis *redis;
static bool up;
static struct redis_watch watch;

static void on_changed(struct redis_watch *w, bool is)
{
	(void)w;
	up = is;
}

/* Only what waits for a time that is up may have a short one. */
static void open_redis(double timeout)
{
	redis_close(redis);
	server.timeout = timeout;
	redis = redis_open(&server, 64 * 1024, rig.loop);
	watch = (struct redis_watch){ .changed = on_changed };
	redis_watch(redis, &watch);
}

static void set_up(void)
{
	rig_up();
	cr_assert_not_null(mkdtemp(dir));
	server = (struct redis_server){ .name = "fake", .path.sun_family = AF_UNIX };
	snprintf(server.path.sun_path, sizeof(server.path.sun_path), "%s/s", dir);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(listener, (struct sockaddr *)&server.path, sizeof(server.path)), 0);
	cr_assert_eq(listen(listener, 8), 0);
	open_redis(20.);
}

static void tear_down(void)
{
	redis_close(redis);
	unlink(server.path.sun_path);
	rmdir(dir);
	rig_down();
}

TestSuite(redis, .init = set_up, .fini = tear_down, .timeout = 30);

/* ---- the server ---- */

static void await_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (int i = 0; poll(&p, 1, 1) == 0; i++) {
		cr_assert_lt(i, 5000, "nothing comes");
		rig_pass(0.001);
	}
}

static int take(void)
{
	await_readable(listener);
	return accept(listener, NULL, NULL);
}

static void hears(int fd, const char *words)
{
	char got[1024] = "";
	size_t len = 0;

	while (len < strlen(words)) {
		await_readable(fd);
		ssize_t n = recv(fd, got + len, sizeof(got) - 1 - len, 0);
		cr_assert_gt(n, 0, "it hung up after '%s'", got);
		len += (size_t)n;
	}
	cr_assert_str_eq(got, words);
}

static void hears_end(int fd)
{
	char byte;

	await_readable(fd);
	cr_assert_leq(recv(fd, &byte, 1, 0), 0);
	close(fd);
}

static void says(int fd, const char *text)
{
	cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	rig_turns(3);
}

/* A connection that is up. */
static int greet(void)
{
	int fd = take();

	hears(fd, PING);
	says(fd, "+PONG\r\n");
	return fd;
}

/* ---- the client ---- */

static void on_answered(void *arg, int error, const struct redisReply *reply)
{
	const char *name = arg;

	rig_enter();
	if (error)
		rig_tell("%s:%s", name, strerrorname_np(error));
	else if (redis_reply_error(reply))
		rig_tell("%s:-%s", name, strerrorname_np(redis_reply_error(reply)));
	else if (reply->type == REDIS_REPLY_INTEGER)
		rig_tell("%s:%lld", name, reply->integer);
	else
		rig_tell("%s:%s", name, reply->type == REDIS_REPLY_NIL ? "nil" : reply->str);
	rig_leave();
}

static int get(const char *name)
{
	const struct redis_word words[] = { { "GET", 3 }, { name, strlen(name) } };

	return redis_call(redis, words, 2, on_answered, (void *)name);
}

static void is_refused(const char *name, int error)
{
	errno = 0;
	cr_assert_eq(get(name), -1);
	cr_assert_eq(errno, error, "%s", strerror(errno));
}

static void await_story(void)
{
	for (int i = 0; !rig.story[0]; i++) {
		cr_assert_lt(i, 5000, "nothing is told");
		rig_pass(0.001);
	}
}

/* ---- calls ---- */

Test(redis, answers_come_in_order_and_in_pieces)
{
	cr_assert_eq(get("a"), 0);       /* before it is connected */
	int fd = greet();
	cr_assert(up);
	cr_assert_eq(get("b"), 0);
	cr_assert_eq(get("c"), 0);
	hears(fd, GET("a") GET("b") GET("c"));
	says(fd, "$2\r\n");
	says(fd, "xy\r");
	rig_told("");
	says(fd, "\n:7\r\n$-1");
	rig_told("a:xy b:7");
	says(fd, "\r\n");
	rig_told("c:nil");
	cr_assert(redis_is_idle(redis));
	close(fd);
}

Test(redis, no_answer_ends_the_call_and_the_connection)
{
	open_redis(0.2);
	int fd = greet();

	cr_assert_eq(get("a"), 0);
	cr_assert_eq(get("b"), 0);
	hears(fd, GET("a") GET("b"));
	double before = ev_time();
	await_story();
	rig_told("a:ETIMEDOUT b:ETIMEDOUT");
	cr_assert_geq(ev_time() - before, 0.15);
	cr_assert_leq(ev_time() - before, 5.);
	hears_end(fd);
	cr_assert_not(up);
	is_refused("c", ENOTCONN);
	fd = greet();                    /* it comes back by itself */
	cr_assert(up);
	cr_assert_eq(get("c"), 0);
	hears(fd, GET("c"));
	says(fd, "$1\r\nx\r\n");
	rig_told("c:x");
	close(fd);
}

Test(redis, a_call_to_nobody_ends)
{
	close(listener);
	unlink(server.path.sun_path);
	cr_assert_eq(get("a"), 0);
	await_story();
	rig_told("a:ENOENT");
	is_refused("b", ENOTCONN);
}

Test(redis, a_connection_that_nobody_takes_ends)
{
	open_redis(0.2);
	cr_assert_eq(get("a"), 0);       /* it waits in the queue of listener */
	await_story();
	rig_told("a:ETIMEDOUT");
}

Test(redis, an_end_ends_what_is_asked)
{
	int fd = greet();

	cr_assert_eq(get("a"), 0);
	hears(fd, GET("a"));
	close(fd);
	await_story();
	rig_told("a:ECONNRESET");
	close(greet());
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
		int fd = greet();
		cr_assert_eq(get("a"), 0);
		hears(fd, GET("a"));
		says(fd, nonsense[i]);
		await_story();
		cr_assert_str_eq(rig.story, "a:EPROTO", "%s of %s", rig.story, nonsense[i]);
		rig.story[0] = '\0';
		hears_end(fd);
	}
}

Test(redis, an_answer_nobody_asked_for_ends_the_connection)
{
	int fd = greet();

	cr_assert_eq(get("a"), 0);
	hears(fd, GET("a"));
	says(fd, "+OK\r\n+OK\r\n+OK\r\n");
	rig_told("a:OK");
	hears_end(fd);
	close(greet());
}

Test(redis, an_endless_answer_ends_the_connection)
{
	static char block[64 * 1024];
	int fd = greet();

	cr_assert_eq(get("a"), 0);
	hears(fd, GET("a"));
	says(fd, "$500000000\r\n");
	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 1000 && !rig.story[0]; i++) {
		(void)!send(fd, block, sizeof(block), MSG_NOSIGNAL | MSG_DONTWAIT);
		rig_turns(2);
	}
	rig_told("a:EPROTO");
	hears_end(fd);
}

Test(redis, who_is_no_redis_is_not_up)
{
	static const char *const greetings[] = {
		"+OK\r\n", "-LOADING Redis is loading the dataset in memory\r\n", ":1\r\n", "garbage\r\n",
		"-NOAUTH Authentication required.\r\n",
	};

	for (size_t i = 0; i < sizeof(greetings) / sizeof(*greetings); i++) {
		int fd = take();
		hears(fd, PING);
		says(fd, greetings[i]);
		hears_end(fd);
		cr_assert_not(up);
	}
	close(greet());
}

Test(redis, the_password_comes_first)
{
	server.user = "me";
	server.password = "a b";
	int fd = take();
	hears(fd, "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$3\r\na b\r\n" PING);
	says(fd, "-WRONGPASS invalid username-password pair or user is disabled.\r\n-NOAUTH no\r\n");
	hears_end(fd);
	fd = take();
	hears(fd, "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$3\r\na b\r\n" PING);
	says(fd, "+OK\r\n");
	cr_assert_not(up);
	says(fd, "+PONG\r\n");
	cr_assert(up);
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
	int fd = greet();

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		cr_assert_eq(get("a"), 0);
		hears(fd, GET("a"));
		says(fd, errors[i].said);
		rig_told(errors[i].meant);
	}
	close(fd);
}

Test(redis, the_queue_has_an_end)
{
	static char value[8 * 1024];
	const struct redis_word words[] = { { "GET", 3 }, { value, sizeof(value) } };
	int count = 0;

	while (redis_call(redis, words, 2, on_answered, (void *)"a") == 0)
		count++;
	cr_assert_eq(errno, ENOBUFS);
	cr_assert_eq(count, 7);
	cr_assert_not(up);
}

/* The answer lies there when the time is up. */
Test(redis, a_loop_that_stood_still_takes_what_is_there)
{
	open_redis(0.2);
	int fd = greet();

	cr_assert_eq(get("a"), 0);
	hears(fd, GET("a"));
	cr_assert_eq(send(fd, "$1\r\nx\r\n", 7, 0), 7);
	rig_block(0.4);
	rig_turns(3);
	rig_told("a:x");
	cr_assert(up);
	close(fd);
}

Test(redis, what_is_unanswered_at_the_close_is_canceled)
{
	int fd = greet();

	cr_assert_eq(get("a"), 0);
	redis_close(redis);
	redis = NULL;
	rig_told("a:ECANCELED");
	hears(fd, GET("a"));             /* it has left, all the same */
	close(fd);
}

/* ---- messages ---- */

static void hear(struct redis_subscription *s, const void *data, size_t len)
{
	rig_enter();
	rig_tell("%s=%.*s", s->channel, data ? (int)len : 3, data ? (const char *)data : "gap");
	rig_leave();
}

static struct redis_subscription one = { .channel = "c", .hear = hear };
static struct redis_subscription two = { .channel = "d", .hear = hear };

/* Connections come in no order: the one that says SUBSCRIBE when it is up is for messages. */
static void greet_both(int *calls, int *messages)
{
	*calls = greet();
	*messages = greet();
}

Test(redis, nothing_is_asked_before_a_subscription_is_confirmed)
{
	int calls, messages;

	cr_assert_eq(redis_subscribe(redis, &one), 0);
	cr_assert_eq(get("a"), 0);
	greet_both(&calls, &messages);
	hears(messages, SUBSCRIBE("c"));
	cr_assert_not(up);
	struct pollfd p = { .fd = calls, .events = POLLIN };
	rig_turns(5);
	cr_assert_eq(poll(&p, 1, 0), 0, "it was asked");
	says(messages, SUBSCRIBED("c"));
	cr_assert(up);
	hears(calls, GET("a"));
	says(messages, MESSAGE("c", "hi") MESSAGE("c", "ho"));
	rig_told("c=hi c=ho");
	close(calls);
	close(messages);
}

Test(redis, it_subscribes_again_and_tells_of_the_gap)
{
	int calls, messages;

	cr_assert_eq(redis_subscribe(redis, &one), 0);
	greet_both(&calls, &messages);
	hears(messages, SUBSCRIBE("c"));
	says(messages, SUBSCRIBED("c"));
	cr_assert_eq(redis_subscribe(redis, &two), 0);
	hears(messages, SUBSCRIBE("d"));
	says(messages, SUBSCRIBED("d"));
	close(messages);
	await_story();
	rig_told("d=gap c=gap");
	cr_assert_not(up);
	messages = greet();
	hears(messages, SUBSCRIBE("d") SUBSCRIBE("c"));
	says(messages, SUBSCRIBED("d") SUBSCRIBED("c") MESSAGE("d", "hi"));
	cr_assert(up);
	rig_told("d=hi");
	close(calls);
	close(messages);
}

Test(redis, a_channel_may_be_heard_by_several)
{
	static struct redis_subscription third = { .channel = "c", .hear = hear };
	int calls, messages;

	cr_assert_eq(redis_subscribe(redis, &one), 0);
	cr_assert_eq(redis_subscribe(redis, &two), 0);
	cr_assert_eq(redis_subscribe(redis, &third), 0);
	greet_both(&calls, &messages);
	hears(messages, SUBSCRIBE("c") SUBSCRIBE("d") SUBSCRIBE("c"));
	says(messages, SUBSCRIBED("c") SUBSCRIBED("d"));
	cr_assert_not(up);
	says(messages, SUBSCRIBED("c") MESSAGE("c", "hi"));
	cr_assert(up);
	rig_told("c=hi c=hi");
	close(calls);
	close(messages);
}

Test(redis, one_that_falls_silent_is_asked_and_given_up)
{
	open_redis(0.2);
	int calls, messages;

	cr_assert_eq(redis_subscribe(redis, &one), 0);
	greet_both(&calls, &messages);
	hears(messages, SUBSCRIBE("c"));
	says(messages, SUBSCRIBED("c"));
	hears(messages, PING);
	says(messages, "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
	rig_told("");
	hears(messages, PING);
	await_story();
	rig_told("c=gap");
	hears_end(messages);
	close(calls);
}

Test(redis, nonsense_among_messages_ends_the_connection)
{
	static const char *const nonsense[] = {
		"+OK\r\n", ":1\r\n", "*0\r\n", "*3\r\n:1\r\n:2\r\n:3\r\n", "*3\r\n$-1\r\n$-1\r\n$-1\r\n",
		"*1\r\n$7\r\nmessage\r\n", MESSAGE("x", "no"), SUBSCRIBED("c"), "-NOPERM no\r\n",
		"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n:1\r\n",
	};
	int calls, messages;

	cr_assert_eq(redis_subscribe(redis, &one), 0);
	greet_both(&calls, &messages);
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(*nonsense); i++) {
		hears(messages, SUBSCRIBE("c"));
		says(messages, SUBSCRIBED("c"));
		says(messages, nonsense[i]);
		await_story();
		rig_told("c=gap");
		hears_end(messages);
		messages = greet();
	}
	close(calls);
	close(messages);
}
