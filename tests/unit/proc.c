/* SPDX-License-Identifier: MIT */
#include "sys/proc.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void await_death(pid_t pid, int pidfd, siginfo_t *how)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	cr_assert_eq(poll(&p, 1, 20000), 1);
	cr_assert_eq(proc_reap(pid, how), 0);
}

Test(proc, tells_an_exit_code)
{
	siginfo_t how;
	char text[64];
	int pidfd;

	pid_t pid = proc_fork(&pidfd);
	if (pid == 0)
		_exit(7);
	await_death(pid, pidfd, &how);
	cr_assert_str_eq(proc_death(&how, text, sizeof(text)), "exit code 7");
}

static pid_t fork_one_that_stays(int *pidfd)
{
	pid_t pid = proc_fork(pidfd);

	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

Test(proc, tells_a_signal_by_name)
{
	siginfo_t how;
	char text[64];
	int pidfd;

	pid_t pid = fork_one_that_stays(&pidfd);
	cr_assert_eq(proc_reap(pid, &how), -1);
	cr_assert_eq(errno, EAGAIN);
	kill(pid, SIGKILL);
	await_death(pid, pidfd, &how);
	cr_assert_str_eq(proc_death(&how, text, sizeof(text)), "signal 9 (Killed)");
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

Test(proc, keeps_only_what_is_named)
{
	siginfo_t how;
	int fds[6], pidfd;

	for (int i = 0; i < 6; i++)
		fds[i] = dup(0);
	pid_t pid = proc_fork(&pidfd);
	if (pid == 0) {
		int keep[] = { fds[4], -1, fds[1] };
		proc_keep_only(keep, 3);
		_exit(is_open(0) && is_open(2) && is_open(fds[1]) && is_open(fds[4])
			&& !is_open(fds[0]) && !is_open(fds[2]) && !is_open(fds[3])
			&& !is_open(fds[5]) ? 0 : 1);
	}
	await_death(pid, pidfd, &how);
	cr_assert_eq(how.si_status, 0);
}

/* fork(2) by somebody in between, who is gone before it asks. */
Test(proc, whose_parent_has_died_dies_too)
{
	int ends[2], pidfd;
	siginfo_t how;
	char byte;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = proc_fork(&pidfd);
	if (pid == 0) {
		pid_t between = getpid();
		if (proc_fork(&pidfd) > 0)
			_exit(0);
		while (getppid() == between)
			usleep(1000);
		proc_die_with_parent(true);
		_exit(write(ends[1], "!", 1) == 1 ? 0 : 1);
	}
	close(ends[1]);
	await_death(pid, pidfd, &how);
	cr_assert_eq(read(ends[0], &byte, 1), 0, "it lives on");
}

Test(proc, tells_who_is_stopped)
{
	siginfo_t how;
	int pidfd;

	pid_t pid = fork_one_that_stays(&pidfd);
	cr_assert_not(proc_is_stopped(pid));
	kill(pid, SIGSTOP);
	cr_assert_eq(waitid(P_PID, (id_t)pid, &how, WSTOPPED | WNOWAIT), 0);
	cr_assert(proc_is_stopped(pid));
	kill(pid, SIGKILL);
	await_death(pid, pidfd, &how);
	cr_assert_not(proc_is_stopped(pid));     /* there is none */
}
