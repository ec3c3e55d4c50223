/* SPDX-License-Identifier: MIT */
/*
 * user.h - become another user for good (setresuid(2), setgroups(2)).
 */
#ifndef PORTICO_SYS_USER_H
#define PORTICO_SYS_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { USER_GROUPS = 128 };      /* that a user may be in */

struct user {
	uid_t  uid;
	gid_t  gid;
	gid_t  groups[USER_GROUPS];
	int    group_count;
	bool   is_other;         /* than this process is now */
};

/* Who they are: NULL is this process' own user, or that user's own group.  0; -1 with ENOENT and
 * *what "user" or "group" (there is none of that name), or E2BIG (in too many groups). */
int user_find(const char *user, const char *group, struct user *out, const char **what);

/* 0 if this process can become it; -1 with EPERM. */
int user_check(const struct user *u);

/* Groups, gid, uid, and no way back.  Needs no file.  -1 with errno. */
int user_become(const struct user *u);

enum { USER_TEXT = 64 };

/* "uid 33 www-data", or "uid 1234" if it has no name; gives out. */
const char *user_tell(uid_t uid, char out[USER_TEXT]);

#endif
