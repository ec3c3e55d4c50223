/* SPDX-License-Identifier: MIT */
/*
 * talk.h - clients that stay and talk, of tests/plugins/goes_on.so: by TCP lines or by WebSocket.
 *
 * Each says numbered lines, some ahead of the answers, cut anywhere; each answer must be the
 * next one, and be the next of its connection to the server, too.
 */
#ifndef SYSTEM_TALK_H
#define SYSTEM_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "server.h"

struct talk {
	struct talker *talkers;
	size_t         count;
	size_t         lines;    /* answered, of all */
	size_t         ended;    /* connections */
	size_t         wrong;    /* answers that were not the next */
	char           why[256]; /* the first of either */
};

/* So many more of them on port. */
void talk_begin(struct talk *t, size_t count, int port, bool websocket);
/* A turn of all: they say and hear what they can.  Their number of answers grows. */
void talk_turn(struct talk *t);
/* Until so(arg). */
void talk_until(struct talk *t, bool (*so)(void *arg), void *arg, const char *what);
void talk_until_said(struct talk *t, struct server *s, const char *text, size_t count);
/* Nobody says more; all answers are awaited. */
void talk_finish(struct talk *t);
/* How many were answered last by one of these. */
size_t talk_answered_by(const struct talk *t, const pid_t *pids, size_t count);
/* Asserts that none ended and nothing was wrong. */
void talk_is_whole(const struct talk *t);
void talk_end(struct talk *t);           /* closes all */

#endif
