/* SPDX-License-Identifier: MIT */
#include "redis_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/redis_reply.h"

struct redis_fake fake;

static char dir[] = "/tmp/redis-test-XXXXXX";
static struct redis_watch watch;

static void on_changed(struct redis_watch *w, bool is)
{
	(void)w;
	fake.up = is;
}

/* Only what waits for a time that is up may have a short one. */
void open_redis(double timeout)
{
	redis_close(fake.redis);
	fake.server.timeout = timeout;
	fake.redis = redis_open(&fake.server, 64 * 1024, rig.loop);
	watch = (struct redis_watch){ .changed = on_changed };
	redis_watch(fake.redis, &watch);
}

void redis_set_up(void)
{
	rig_up();
	cr_assert_not_null(mkdtemp(dir));
	fake.server = (struct redis_server){ .name = "fake", .path.sun_family = AF_UNIX };
	snprintf(fake.server.path.sun_path, sizeof(fake.server.path.sun_path), "%s/s", dir);
	fake.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(fake.listener, (struct sockaddr *)&fake.server.path, sizeof(fake.server.path)), 0);
	cr_assert_eq(listen(fake.listener, 8), 0);
	open_redis(20.);
}

void redis_tear_down(void)
{
	redis_close(fake.redis);
	unlink(fake.server.path.sun_path);
	rmdir(dir);
	rig_down();
}

/* ---- the server ---- */

static void await_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (int i = 0; poll(&p, 1, 1) == 0; i++) {
		cr_assert_lt(i, 5000, "nothing comes");
		rig_pass(0.001);
	}
}

int fake_takes(void)
{
	await_readable(fake.listener);
	return accept(fake.listener, NULL, NULL);
}

void fake_hears(int fd, const char *words)
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

void fake_hears_end(int fd)
{
	char byte;

	await_readable(fd);
	cr_assert_leq(recv(fd, &byte, 1, 0), 0);
	close(fd);
}

void fake_says(int fd, const char *text)
{
	cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	rig_turns(3);
}

/* A connection that is up. */
int fake_greets(void)
{
	int fd = fake_takes();

	fake_hears(fd, PING);
	fake_says(fd, "+PONG\r\n");
	return fd;
}

/* ---- the client ---- */

void redis_tells(void *arg, int error, const struct redisReply *reply)
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

int ask_get(const char *name)
{
	const struct redis_word words[] = { { "GET", 3 }, { name, strlen(name) } };

	return redis_call(fake.redis, words, 2, redis_tells, (void *)name);
}

void get_is_refused(const char *name, int error)
{
	errno = 0;
	cr_assert_eq(ask_get(name), -1);
	cr_assert_eq(errno, error, "%s", strerror(errno));
}

void await_story(void)
{
	for (int i = 0; !rig.story[0]; i++) {
		cr_assert_lt(i, 5000, "nothing is told");
		rig_pass(0.001);
	}
}
