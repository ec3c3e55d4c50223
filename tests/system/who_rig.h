/* SPDX-License-Identifier: MIT */
/*
 * who_rig.h - what the tests of portico who stand on: programs and sockets to
 * ask about, and what it says.
 */
#ifndef SYSTEM_WHO_RIG_H
#define SYSTEM_WHO_RIG_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "harness.h"

#define WHO_SUITE(name)                                                      \
	TestSuite(name, .init = harness_set_up, .fini = who_tear_down, .timeout = 90)

/* Ends all programs with their children, then as every system test. */
void who_tear_down(void);

/* ---- who is there ---- */

enum { HOLD_UDP = 1, HOLD_REUSEPORT = 2, HOLD_REUSEADDR = 4, HOLD_V6ONLY = 8, HOLD_ON_LO = 16,
	HOLD_BOUND_ONLY = 32 };

/* A socket of this process, of user uid. */
int who_bind(const char *ip, int port, int flags, uid_t uid);
/* A process "holder" of user uid which has made one; gives its pid when it is there. */
pid_t who_hold(const char *ip, int port, int flags, uid_t uid);

/* Any program of user uid, without output; arguments end with NULL. */
pid_t who_run(uid_t uid, const char *program, ...);
void  who_end(pid_t pid);
bool  who_has(const char *program);      /* an absolute path */

/* ---- what is said ---- */

enum { WHO_TEXT = 1 << 16 };

/* portico who PORT --json as uid: the first protocol; a new reference. */
json_t *who_asked(uid_t uid, const char *port);
/* The text, in which every run of white space is one space; static. */
const char *who_said(uid_t uid, const char *port);

size_t  who_count(const json_t *told);
json_t *who_socket(const json_t *told, size_t i);           /* borrowed */
json_t *who_place(const json_t *told, const char *address); /* what is said of binding it */
const char *who_word(const json_t *object, const char *key);
long long who_number(const json_t *object, const char *key);
/* Whether pid is among the holders. */
bool    who_is_held_by(const json_t *socket, pid_t pid);
/* "yes", "no", "unknown": with "plain", "reuseaddr", "reuseport". */
const char *who_with(const json_t *place, const char *how);
bool    who_was_tried(const json_t *place, const char *how);

#endif
