/* SPDX-License-Identifier: MIT */
/*
 * user.h - become another user for good (setresuid(2), initgroups(3)).
 */
#ifndef PORTICO_SYS_USER_H
#define PORTICO_SYS_USER_H

#include <sys/types.h>

/* 0 if this process can become name or is it already; -1 with ENOENT (no
 * such user) or EPERM. */
int user_check(const char *name);

/* Groups, gid, uid (name NULL: as they are), and no way back: no_new_privs
 * too. -1 with errno. */
int user_become(const char *name);

enum { USER_TEXT = 64 };

/* "uid 33 www-data", or "uid 1234" if it has no name; gives out. */
const char *user_tell(uid_t uid, char out[USER_TEXT]);

#endif
