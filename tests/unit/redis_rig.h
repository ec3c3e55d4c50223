/* SPDX-License-Identifier: MIT */
/* redis_rig.h - a Redis that the test plays, which says what no Redis would, and a client of it. */
#ifndef PORTICO_UNIT_REDIS_RIG_H
#define PORTICO_UNIT_REDIS_RIG_H

#include <stdbool.h>

#include "net/redis.h"
#include "rig.h"

#define PING "*1\r\n$4\r\nPING\r\n"
#define GET(key) "*2\r\n$3\r\nGET\r\n$1\r\n" key "\r\n"
#define SUBSCRIBE(channel) "*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\n" channel "\r\n"
#define SUBSCRIBED(channel) "*3\r\n$9\r\nsubscribe\r\n$1\r\n" channel "\r\n:1\r\n"
#define MESSAGE(channel, text) "*3\r\n$7\r\nmessage\r\n$1\r\n" channel "\r\n$2\r\n" text "\r\n"

#define REDIS_SUITE(name)                                                    \
	TestSuite(name, .init = redis_set_up, .fini = redis_tear_down, .timeout = 30)

struct redis_fake {
	struct redis_server server;
	int                 listener;
	struct redis       *redis;       /* the client */
	bool                up;          /* it says so */
};

extern struct redis_fake fake;

void redis_set_up(void);
void redis_tear_down(void);

/* Anew.  Only what waits for a time that is up may have a short one. */
void open_redis(double timeout);

/* The server.  takes: a connection; greets: one that is up then; hears: exactly that comes. */
int  fake_takes(void);
int  fake_greets(void);
void fake_hears(int fd, const char *words);
void fake_hears_end(int fd);             /* closes fd */
void fake_says(int fd, const char *text);

/* The client: the rig is told "KEY:ANSWER". */
void redis_tells(void *key, int error, const struct redisReply *reply);
int  ask_get(const char *key);
void get_is_refused(const char *key, int error);
void await_story(void);

#endif
