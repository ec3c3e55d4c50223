/* SPDX-License-Identifier: MIT */
/*
 * ticket.c - the keys of TLS session tickets.
 */
#include "sys/ticket.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

static struct ticket_keys *keys;
static int fd;

static void set_up(void)
{
	keys = ticket_create(&fd);
	cr_assert_not_null(keys);
}

static void tear_down(void)
{
	ticket_destroy(keys);
	close(fd);
}

TestSuite(ticket, .init = set_up, .fini = tear_down, .timeout = 20);

Test(ticket, there_is_a_key_from_the_beginning)
{
	bool old = true;
	unsigned char name[TICKET_NAME];

	memcpy(name, ticket_newest(keys)->name, sizeof(name));
	cr_assert_eq(ticket_find(keys, name, &old), ticket_newest(keys));
	cr_assert_not(old);
	name[0] ^= 1;
	cr_assert_null(ticket_find(keys, name, &old));
}

Test(ticket, zeroes_are_no_name_of_a_key)
{
	static const unsigned char zeroes[TICKET_NAME];
	bool old;

	cr_assert_null(ticket_find(keys, zeroes, &old));
}

Test(ticket, the_one_before_the_newest_still_opens)
{
	struct ticket_key first = *ticket_newest(keys), second;
	bool old = false;

	cr_assert_eq(ticket_renew(keys), 0);
	second = *ticket_newest(keys);
	cr_assert_neq(memcmp(&first, &second, sizeof(first)), 0);
	const struct ticket_key *found = ticket_find(keys, first.name, &old);
	cr_assert_not_null(found);
	cr_assert(old);
	cr_assert_eq(memcmp(found, &first, sizeof(first)), 0);

	cr_assert_eq(ticket_renew(keys), 0);
	cr_assert_null(ticket_find(keys, first.name, &old), "two periods old");
	cr_assert_not_null(ticket_find(keys, second.name, &old));
}

Test(ticket, a_key_in_use_is_not_written_over)
{
	for (int i = 0; i < 3 * TICKET_PLACES; i++) {
		struct ticket_key newest = *ticket_newest(keys);
		const struct ticket_key *held = ticket_newest(keys);
		for (int k = 0; k < TICKET_PLACES - 1; k++) {
			cr_assert_eq(memcmp(held, &newest, sizeof(newest)), 0);
			cr_assert_eq(ticket_renew(keys), 0);
		}
	}
}

Test(ticket, others_see_the_same)
{
	struct ticket_keys *elsewhere = ticket_open(fd);
	bool old;

	cr_assert_not_null(elsewhere);
	cr_assert_eq(ticket_renew(keys), 0);
	cr_assert_not_null(ticket_find(elsewhere, ticket_newest(keys)->name, &old));
	cr_assert_not(old);
	ticket_destroy(elsewhere);
}

Test(ticket, what_is_too_short_is_not_opened)
{
	int empty = memfd_create("empty", MFD_CLOEXEC);

	cr_assert_null(ticket_open(empty));
	cr_assert_eq(errno, EINVAL);
	close(empty);
}

Test(ticket, is_due_twice_a_day)
{
	cr_assert_float_eq(ticket_due(keys), TICKET_PERIOD, 5.);
	atomic_store(&keys->made, clock_ns() - (uint64_t)(TICKET_PERIOD + 1.) * CLOCK_SECOND);
	cr_assert_eq(ticket_due(keys), 0.);
	cr_assert_eq(ticket_renew(keys), 0);
	cr_assert_gt(ticket_due(keys), 0.);
}

Test(ticket, a_worker_cannot_write)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		/* Its own end, also where sanitizers would tell of it. */
		ticket_protect(keys);
		int pipes[2];
		if (pipe(pipes) < 0 || write(pipes[1], "x", 1) != 1)
			_exit(2);
		_exit(read(pipes[0], keys, 1) == -1 && errno == EFAULT ? 0 : 1);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
