/* SPDX-License-Identifier: MIT */
/*
 * user.c - become another user for good.
 */
#include "sys/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

static const struct passwd *look_up(const char *name)
{
	errno = 0;
	const struct passwd *entry = getpwnam(name);
	if (!entry && errno == 0)
		errno = ENOENT;
	return entry;
}

int user_check(const char *name)
{
	const struct passwd *entry = look_up(name);
	if (!entry)
		return -1;
	if (geteuid() == 0 || geteuid() == entry->pw_uid)
		return 0;
	errno = EPERM;
	return -1;
}

static int switch_to(const struct passwd *entry)
{
	if (geteuid() == entry->pw_uid && getuid() == entry->pw_uid)
		return 0;
	if (initgroups(entry->pw_name, entry->pw_gid) < 0)
		return -1;
	if (setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0)
		return -1;
	return setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid);
}

int user_become(const char *name)
{
	const struct passwd *entry = name ? look_up(name) : NULL;
	if (name && (!entry || switch_to(entry) < 0))
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

const char *user_tell(uid_t uid, char out[USER_TEXT])
{
	const struct passwd *entry = getpwuid(uid);

	snprintf(out, USER_TEXT, "uid %u%s%.40s", (unsigned)uid, entry ? " " : "",
		entry ? entry->pw_name : "");
	return out;
}
