/* SPDX-License-Identifier: MIT */
/* robust.c - a lock that outlives who holds it, and that others pass on. */
#include "sys/robust.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct robust *lock;

static void set_up(void)
{
	lock = mmap(NULL, sizeof(*lock), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(lock, MAP_FAILED);
	cr_assert_eq(robust_init(lock), 0);
}

static void tear_down(void)
{
	munmap(lock, sizeof(*lock));
}

TestSuite(robust, .init = set_up, .fini = tear_down);

/* A child that has it, and does this with it. */
static pid_t child_with_it(void (*act)(void))
{
	int has[2];
	char byte;

	cr_assert_eq(pipe(has), 0);
	pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (robust_lock(lock) != 0 || write(has[1], "x", 1) != 1)
			_exit(1);
		act();
		_exit(0);
	}
	close(has[1]);
	cr_assert_eq(read(has[0], &byte, 1), 1);
	close(has[0]);
	return child;
}

static void die(void)
{
	_exit(0);
}

Test(robust, outlives_who_dies_with_it)
{
	waitpid(child_with_it(die), NULL, 0);
	cr_assert_eq(robust_lock(lock), 1);
	robust_unlock(lock);
	cr_assert_eq(robust_lock(lock), 0);
	robust_unlock(lock);
}

/* As if others had it again and again, for longer than one may have it. */
static void pass_it_on(void)
{
	for (unsigned i = 0; i < 5; i++) {
		usleep(300 * 1000);
		__atomic_add_fetch(&lock->turns, 1, __ATOMIC_RELAXED);
	}
	robust_unlock(lock);
}

Test(robust, who_waits_while_it_goes_round_gets_it)
{
	pid_t child = child_with_it(pass_it_on);

	cr_assert_eq(robust_lock(lock), 0);
	robust_unlock(lock);
	waitpid(child, NULL, 0);
}

static void stay(void)
{
	pause();
}

Test(robust, nobody_waits_for_ever_for_one_that_stays)
{
	pid_t child = child_with_it(stay);

	cr_assert_eq(robust_lock(lock), -1);
	cr_assert_eq(errno, EBUSY);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	cr_assert_eq(robust_lock(lock), 1);
	robust_unlock(lock);
}
