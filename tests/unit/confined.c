/* SPDX-License-Identifier: MIT */
/* confined.c - to try in a child what a process cannot undo. */
#include "confined.h"

#include <criterion/criterion.h>
#include <sys/wait.h>
#include <unistd.h>

int confined(int (*what)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(what());
	cr_assert_gt(pid, 0);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
