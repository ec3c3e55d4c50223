/* SPDX-License-Identifier: MIT */
/* listen_rig.h - who listens to /events. */
#ifndef SYSTEM_LISTEN_RIG_H
#define SYSTEM_LISTEN_RIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { HEARD_ROOM = 4 << 20 };

struct listening {
	int    fd;
	bool   ended;
	size_t len;
	char  *text;             /* all so far, the head too; ends with a NUL */
};

/* GET path in HTTP/1.0, so that what comes is the stream alone; fields: more lines, or "". */
void listen_begin(struct listening *l, const char *path, const char *fields);
void listen_end(struct listening *l);

/* Reads until it has heard text so often, or the test fails. */
void listen_await(struct listening *l, const char *text, size_t times);
void listen_await_end(struct listening *l);

size_t listen_count(const struct listening *l, const char *text);
bool   listen_heard(const struct listening *l, const char *text);

/* The id of the event that begins there, or before it; of the newest that is whole. */
long long listen_last_id(const struct listening *l);

/* The data of the newest status that is whole: a new reference. */
json_t *listen_status(const struct listening *l);

#endif
