/* SPDX-License-Identifier: MIT */
/* no_proc.c - where /proc is not mounted, as in a chroot or a container that has none. */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

#include "harness.h"
#include "server.h"
#include "upgrade_rig.h"

SYSTEM_SUITE(no_proc);

Test(no_proc, an_upgrade_finds_its_binary)
{
	if (has_sanitizers())
		SKIP_TEST("sanitizers read /proc/self/maps");
	write_file("portico.ini", GREETING, "hello");
	cr_assert_eq(unshare(CLONE_NEWNS), 0, "%s", strerror(errno));
	cr_assert_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0, "%s", strerror(errno));
	cr_assert_eq(mount("none", "/proc", "tmpfs", 0, NULL), 0, "%s", strerror(errno));
	struct server *s = start_serving();
	upgrade_succeeds(s, 2);
	cr_assert_eq(umount("/proc"), 0, "%s", strerror(errno));
	server_stop(s);
}
