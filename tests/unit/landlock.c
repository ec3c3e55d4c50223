/* SPDX-License-Identifier: MIT */
/* landlock.c - sys/landlock.c: what is allowed, and what is not any more. */
#include "sys/landlock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confined.h"
#include "sys/powers.h"
#include "told.h"

TestSuite(landlock, .init = told_set_up, .fini = told_tear_down);

#define NEEDS(abi)                                                           \
	do {                                                                 \
		if (landlock_abi() < (abi))                                  \
			cr_skip_test("Landlock ABI %d is not here", abi);    \
	} while (0)

static bool fails_with(int result, int error)
{
	return result < 0 && errno == error;
}

static int bind_any(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	return bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&to, sizeof(to));
}

static char readable[64], writable[64], closed[64];

static void make_files(void)
{
	snprintf(readable, sizeof(readable), "%s", path_of("readable"));
	snprintf(writable, sizeof(writable), "%s", path_of("writable"));
	snprintf(closed, sizeof(closed), "%s", path_of("closed"));
	cr_assert_geq(close(open(readable, O_CREAT | O_WRONLY, 0644)), 0);
	cr_assert_geq(close(open(closed, O_CREAT | O_WRONLY, 0644)), 0);
	cr_assert_eq(mkdir(writable, 0755), 0);
}

static int only_what_is_allowed(void)
{
	struct landlock l;
	char made[80];

	snprintf(made, sizeof(made), "%s/made", writable);
	if (powers_keep_down() < 0 || landlock_begin(&l, true) < 0)
		return 1;
	if (landlock_allow(&l, readable, false) < 0 || landlock_allow(&l, writable, true) < 0)
		return 2;
	if (!fails_with(landlock_allow(&l, "/nowhere", false), ENOENT))
		return 3;
	if (landlock_enforce(&l) < 0)
		return 4;
	if (open(readable, O_RDONLY) < 0 || !fails_with(open(readable, O_WRONLY), EACCES))
		return 5;
	if (open(made, O_CREAT | O_RDWR, 0644) < 0 || rename(made, made) < 0 || unlink(made) < 0)
		return 6;
	if (!fails_with(open(closed, O_RDONLY), EACCES) || !fails_with(open("/", O_RDONLY), EACCES))
		return 7;
	return 0;
}

Test(landlock, only_what_is_allowed_can_be_opened)
{
	NEEDS(LANDLOCK_ABI_FILES);
	make_files();
	cr_assert_eq(confined(only_what_is_allowed), 0);
}

static int only_ports_and_processes(void)
{
	struct landlock l;

	if (powers_keep_down() < 0 || bind_any() < 0 || kill(getppid(), 0) < 0)
		return 1;
	if (landlock_begin(&l, false) < 0 || landlock_enforce(&l) < 0)
		return 2;
	if (!fails_with(bind_any(), EACCES))
		return 3;
	if (landlock_abi() >= LANDLOCK_ABI_SCOPES && !fails_with(kill(getppid(), 0), EPERM))
		return 4;
	return open(closed, O_WRONLY) < 0 || kill(getpid(), 0) < 0;
}

Test(landlock, files_may_be_left_alone)
{
	NEEDS(LANDLOCK_ABI_PORTS);
	make_files();
	cr_assert_eq(confined(only_ports_and_processes), 0);
}
