/* SPDX-License-Identifier: MIT */
/* seccomp.c - sys/seccomp.c: which system calls go, and what becomes of the others. */
#include "sys/seccomp.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confined.h"
#include "sys/powers.h"

static bool begins(enum seccomp_answer answer)
{
	return powers_keep_down() == 0 && seccomp_begin(answer) == 0;
}

/* 0: they are answered so.  Otherwise which was not. */
static int refused_with(long result, int error)
{
	return result == -1 && errno == error ? 0 : 1;
}

static void *nothing(void *arg)
{
	return arg;
}

static int deny(void)
{
	int ends[2];
	pthread_t thread;

	if (!begins(SECCOMP_DENIES))
		return 1;
	if (pipe(ends) < 0 || write(ends[1], "x", 1) != 1 )
		return 2;
	if (pthread_create(&thread, NULL, nothing, NULL) != 0 || pthread_join(thread, NULL) != 0)
		return 3;
	if (refused_with(fork(), EPERM))
		return 4;
	if (refused_with(syscall(SYS_clone3, NULL, 0), ENOSYS))
		return 5;
	if (refused_with(syscall(SYS_execve, "/bin/true", NULL, NULL), EPERM))
		return 6;
	if (refused_with(syscall(SYS_kill, getpid(), 0), EPERM))
		return 7;
	if (syscall(SYS_tgkill, getpid(), gettid(), 0) < 0
		|| refused_with(syscall(SYS_tgkill, getppid(), getppid(), 0), EPERM))
		return 8;
	if (prlimit(0, RLIMIT_CPU, NULL, &(struct rlimit){0}) < 0
		|| refused_with(prlimit(getppid(), RLIMIT_CPU, NULL, &(struct rlimit){0}), EPERM))
		return 9;
	if (refused_with(bind(ends[1], NULL, 0), EPERM))
		return 10;
	if (refused_with(syscall(100000), ENOSYS))
		return 11;
	if (ioctl(ends[1], FIONREAD, &(int){0}) < 0 || refused_with(ioctl(ends[1], TIOCSTI, "x"), EPERM))
		return 12;
	if (fcntl(ends[1], F_GETFL) < 0 || refused_with(fcntl(ends[1], F_SETOWN, getppid()), EPERM))
		return 13;
	return 0;
}

Test(seccomp, what_is_not_listed_is_denied)
{
	cr_assert_eq(confined(deny), 0);
}

static int kill_for_a_program(void)
{
	if (!begins(SECCOMP_KILLS))
		return 1;
	signal(SIGSYS, SIG_IGN);
	syscall(SYS_execve, "/bin/true", NULL, NULL);
	return 2;
}

static int kill_for_other_numbers(void)
{
	if (!begins(SECCOMP_KILLS))
		return 1;
	syscall(0x40000000L + SYS_getpid);
	return 2;
}

static int live_through_soft_answers(void)
{
	if (!begins(SECCOMP_KILLS))
		return 1;
	if (refused_with(bind(0, NULL, 0), EPERM) || refused_with(syscall(SYS_clone3, NULL, 0), ENOSYS))
		return 2;
	return refused_with(syscall(100000), ENOSYS);
}

Test(seccomp, what_is_not_listed_is_the_end)
{
	cr_assert_eq(confined(kill_for_a_program), 128 + SIGSYS);
	cr_assert_eq(confined(kill_for_other_numbers), 128 + SIGSYS);
	cr_assert_eq(confined(live_through_soft_answers), 0);
}

static int log_only(void)
{
	if (!begins(SECCOMP_LOGS))
		return 1;
	return syscall(SYS_kill, getpid(), 0) == 0 ? 0 : 2;
}

Test(seccomp, what_is_only_logged_goes)
{
	cr_assert_eq(confined(log_only), 0);
}
