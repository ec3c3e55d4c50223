/* SPDX-License-Identifier: MIT */
/* user.c - sys/user.c and sys/powers.c: who a process becomes, and what it gives up. */
#include "sys/user.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "confined.h"
#include "sys/powers.h"

Test(user, names_become_numbers)
{
	struct user u;
	const char *what;

	cr_assert_eq(user_find("nobody", NULL, &u, &what), 0);
	cr_assert_eq(u.uid, 65534);
	cr_assert_eq(u.gid, 65534);
	cr_assert(u.is_other);
	cr_assert_eq(user_find("nobody", "daemon", &u, &what), 0);
	cr_assert_eq(u.gid, 1);
	cr_assert_eq(user_find(NULL, NULL, &u, &what), 0);
	cr_assert_eq(u.uid, geteuid());
	cr_assert(!u.is_other);
}

Test(user, names_of_nobody_are_refused)
{
	struct user u;
	const char *what;

	cr_assert_lt(user_find("no such one", NULL, &u, &what), 0);
	cr_assert_eq(errno, ENOENT);
	cr_assert_str_eq(what, "user");
	cr_assert_lt(user_find("nobody", "no such one", &u, &what), 0);
	cr_assert_str_eq(what, "group");
}

static int become_nobody(void)
{
	struct user u;
	const char *what;

	powers_bound();
	if (user_find("nobody", "daemon", &u, &what) < 0 || user_become(&u) < 0 || powers_drop() < 0)
		return 1;
	if (getuid() != 65534 || getegid() != 1 || setuid(0) == 0 || setgid(0) == 0)
		return 2;
	if (prctl(PR_CAPBSET_READ, 0) != 0)
		return 3;
	return user_check(&u) < 0 && errno == EPERM ? 0 : 4;     /* found while it was root */
}

Test(user, there_is_no_way_back)
{
	if (geteuid() != 0)
		cr_skip_test("only root can become somebody else");
	cr_assert_eq(confined(become_nobody), 0);
}

static int limit_files(void)
{
	if (powers_limit_files(50) != 50 || powers_files() != 50)
		return 1;
	if (powers_drop() < 0)
		return 2;
	return powers_limit_files(60) == 50 ? 0 : 3;     /* as far as it may */
}

Test(user, a_limit_is_raised_as_far_as_it_may)
{
	cr_assert_eq(confined(limit_files), 0);
}
