/* SPDX-License-Identifier: MIT */
/*
 * user.c - become another user for good.
 */
#include "sys/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

/* The user's own groups; without one only the group that was named. */
static int find_groups(const struct passwd *entry, struct user *out)
{
	out->group_count = entry ? USER_GROUPS : 1;
	out->groups[0] = out->gid;
	if (!entry || getgrouplist(entry->pw_name, out->gid, out->groups, &out->group_count) >= 0)
		return 0;
	errno = E2BIG;
	return -1;
}

static int refuse(const char *which, const char **what)
{
	*what = which;
	errno = ENOENT;
	return -1;
}

int user_find(const char *user, const char *group, struct user *out, const char **what)
{
	const struct passwd *entry = user ? getpwnam(user) : NULL;
	const struct group *other = group ? getgrnam(group) : NULL;

	*what = "user";
	if (user && !entry)
		return refuse("user", what);
	if (group && !other)
		return refuse("group", what);
	out->uid = entry ? entry->pw_uid : geteuid();
	out->gid = other ? other->gr_gid : entry ? entry->pw_gid : getegid();
	out->is_other = out->uid != geteuid() || out->uid != getuid() || (group && out->gid != getegid());
	return find_groups(entry, out);
}

int user_check(const struct user *u)
{
	if (!u->is_other || geteuid() == 0)
		return 0;
	errno = EPERM;
	return -1;
}

int user_become(const struct user *u)
{
	if (!u->is_other)
		return 0;
	if (setgroups((size_t)u->group_count, u->groups) < 0)
		return -1;
	if (setresgid(u->gid, u->gid, u->gid) < 0)
		return -1;
	return setresuid(u->uid, u->uid, u->uid);
}

const char *user_tell(uid_t uid, char out[USER_TEXT])
{
	const struct passwd *entry = getpwuid(uid);

	snprintf(out, USER_TEXT, "uid %u%s%.40s", (unsigned)uid, entry ? " " : "",
		entry ? entry->pw_name : "");
	return out;
}
