/* SPDX-License-Identifier: MIT */
/* notify.c - sys/notify.c: datagrams to a manager that is the test. */
#include "sys/notify.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

TestSuite(notify, .timeout = 30);

static int manager;
static char got[4096];

static void be_manager(const char *path, size_t len)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	memcpy(at.sun_path, path, len);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	cr_assert_eq(bind(manager, (const struct sockaddr *)&at,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)), 0);
}

static const char *hear(void)
{
	ssize_t len = recv(manager, got, sizeof(got) - 1, 0);

	got[len > 0 ? len : 0] = '\0';
	return got;
}

Test(notify, speaks_to_a_path)
{
	char dir[] = "/tmp/portico-notify-XXXXXX", path[64];

	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	be_manager(path, strlen(path));
	setenv("NOTIFY_SOCKET", path, 1);
	notify("READY=1\nMAINPID=%d", 7);
	cr_assert_str_eq(hear(), "READY=1\nMAINPID=7");
	unlink(path);
	notify("READY=1");       /* the manager is gone: nothing fails */
	rmdir(dir);
}

Test(notify, speaks_to_an_abstract_name_until_it_is_forgotten)
{
	char name[64];

	snprintf(name, sizeof(name), "@portico-notify-%d", (int)getpid());
	setenv("NOTIFY_SOCKET", name, 1);
	setenv("WATCHDOG_USEC", "1000", 1);
	name[0] = '\0';
	be_manager(name, 1 + strlen(name + 1));
	notify("STATUS=%s", "fine");
	cr_assert_str_eq(hear(), "STATUS=fine");
	notify_forget();
	notify("STATUS=again");
	cr_assert_str_eq(hear(), "");
	cr_assert_null(getenv("NOTIFY_SOCKET"));
	cr_assert_eq(notify_watchdog(), 0);
}

Test(notify, what_is_no_address_is_no_manager)
{
	char longest[256];

	unsetenv("NOTIFY_SOCKET");
	notify("READY=1");
	setenv("NOTIFY_SOCKET", "", 1);
	notify("READY=1");
	setenv("NOTIFY_SOCKET", "relative", 1);
	notify("READY=1");
	memset(longest, '/', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	setenv("NOTIFY_SOCKET", longest, 1);
	notify("READY=1");
}

/* It gives up soon, and the master goes on. */
Test(notify, a_manager_that_does_not_read_is_not_waited_for)
{
	char name[64];

	snprintf(name, sizeof(name), "@portico-notify-%d", (int)getpid());
	setenv("NOTIFY_SOCKET", name, 1);
	name[0] = '\0';
	be_manager(name, 1 + strlen(name + 1));
	for (int i = 0; i < 20; i++)
		notify("STATUS=%d", i);  /* more than net.unix.max_dgram_qlen would wait for ever */
	cr_assert_str_eq(hear(), "STATUS=0");
}

Test(notify, the_watchdog_is_for_the_process_it_names)
{
	char pid[16];

	unsetenv("WATCHDOG_USEC");
	cr_assert_eq(notify_watchdog(), 0);
	setenv("WATCHDOG_USEC", "3000000", 1);
	cr_assert_eq(notify_watchdog(), 3000000);
	setenv("WATCHDOG_PID", "1", 1);
	cr_assert_eq(notify_watchdog(), 0);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	cr_assert_eq(notify_watchdog(), 3000000);
}
