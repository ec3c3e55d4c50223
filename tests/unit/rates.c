/* SPDX-License-Identifier: MIT */
/*
 * rates.c - sys/rates.h: the buckets of a service and of its clients.
 */
#include "sys/rates.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/seldom.h"

enum { EACH = 1000, BURST = 10, CLIENTS = 1024 };

static const struct bucket_rule rule = { .each = EACH, .whole = BURST * EACH };
static const uint64_t start = 1000 * CLOCK_SECOND;
static struct rates *rates;

static void set_up(void)
{
	rates = rates_create(CLIENTS);
	cr_assert_not_null(rates);
}

static void tear_down(void)
{
	rates_destroy(rates);
}

TestSuite(rates, .init = set_up, .fini = tear_down, .timeout = 60);

static uint64_t name_of(uint64_t number)
{
	return rates_name(rates, (struct rates_network){ .high = number });
}

static bool take(uint64_t name, uint64_t now)
{
	uint64_t wait;

	return bucket_take(rates_client(rates, name), &rule, now, &wait);
}

static unsigned take_all(uint64_t name, uint64_t now)
{
	unsigned taken = 0;

	while (take(name, now))
		taken++;
	return taken;
}

Test(rates, each_client_has_a_bucket)
{
	cr_assert_eq(take_all(name_of(1), start), BURST);
	cr_assert_eq(take_all(name_of(2), start), BURST);
	cr_assert_eq(take_all(name_of(1), start), 0);
	cr_assert_eq(take_all(name_of(1), start + EACH), 1);
}

Test(rates, the_service_has_one_of_its_own)
{
	uint64_t wait;

	cr_assert_eq(take_all(name_of(1), start), BURST);
	for (int i = 0; i < BURST; i++)
		cr_assert(bucket_take(rates_service(rates), &rule, start, &wait));
	cr_assert_not(bucket_take(rates_service(rates), &rule, start, &wait));
}

Test(rates, as_many_clients_as_were_asked_for_have_their_own)
{
	unsigned full = 0;

	for (uint64_t i = 0; i < CLIENTS; i++)
		full += take_all(name_of(i), start) == BURST;
	cr_assert_geq(full, CLIENTS - CLIENTS / 50, "%u of %u", full, CLIENTS);
}

/* Names of one row: the first bits of a name say which. */
static uint64_t of_a_row(uint64_t i)
{
	return i << 32 | 5;
}

Test(rates, a_bucket_that_is_full_again_is_for_the_next_one)
{
	for (uint64_t i = 1; i <= 100 * RATES_ROW; i++)
		cr_assert_eq(take_all(of_a_row(i), start + i * rule.whole), BURST);
}

/* Some of a row are busy, others come once: those who are busy keep what is theirs. */
Test(rates, who_comes_new_takes_the_fullest_place)
{
	for (uint64_t i = 1; i < RATES_ROW; i++)
		cr_assert_eq(take_all(of_a_row(i), start), BURST);
	for (uint64_t i = 100; i < 100 + BURST; i++)
		cr_assert(take(of_a_row(i), start));
	for (uint64_t i = 1; i < RATES_ROW; i++)
		cr_assert_eq(take_all(of_a_row(i), start), 0);
}

Test(rates, a_row_without_room_lets_nobody_through_unlimited_and_turns_nobody_away_for_ever)
{
	unsigned taken = 0, late = 0;

	for (uint64_t i = 1; i <= 1000; i++)
		taken += take_all(of_a_row(i), start);
	cr_assert_eq(taken, RATES_ROW * BURST);
	for (uint64_t i = 1001; i <= 2000; i++)
		late += take_all(of_a_row(i), start + 2 * EACH);
	cr_assert_eq(late, RATES_ROW * 2);
}

/* An attack from ten times as many addresses as there are places, again and again. */
Test(rates, a_flood_of_addresses_gets_what_the_places_have)
{
	enum { PLACES = 2 * CLIENTS, ROUNDS = 20 };
	unsigned taken = 0;

	for (unsigned round = 0; round < ROUNDS; round++)
		for (uint64_t i = 0; i < 10 * PLACES; i++)
			taken += take(name_of(i), start);
	cr_assert_eq(taken, PLACES * BURST);
}

Test(rates, names_are_never_0_and_differ)
{
	unsigned same = 0;

	for (uint64_t i = 0; i < 100000; i++) {
		cr_assert_neq(name_of(i), 0);
		same += i > 0 && name_of(i) == name_of(i - 1);
	}
	cr_assert_eq(same, 0);
	struct rates *other = rates_create(CLIENTS);
	cr_assert_neq(rates_name(other, (struct rates_network){ .high = 1 }), name_of(1),
		"they can be foretold");
	rates_destroy(other);
}

Test(rates, are_told_once_in_a_while_by_all)
{
	uint64_t missed;

	cr_assert(rates_may_tell(rates, start, &missed));
	cr_assert_eq(missed, 0);
	cr_assert_not(rates_may_tell(rates, start - 5, &missed));
	cr_assert_not(rates_may_tell(rates, start + SELDOM_EACH - 1, &missed));
	cr_assert(rates_may_tell(rates, start + SELDOM_EACH, &missed));
	cr_assert_eq(missed, 2);
}

/* ---- files ---- */

Test(rates, go_on_in_another_program)
{
	uint64_t name = name_of(7);

	cr_assert_eq(take_all(name, start), BURST);
	struct rates *other = rates_open(fcntl(rates_fd(rates), F_DUPFD_CLOEXEC, 0));
	cr_assert_not_null(other);
	tear_down();
	rates = other;
	cr_assert_eq(rates_clients(rates), CLIENTS);
	cr_assert_eq(name_of(7), name);
	cr_assert_eq(take_all(name, start), 0);
}

static void is_refused(const void *content, size_t len, off_t size)
{
	int fd = memfd_create("other", MFD_CLOEXEC);

	cr_assert_eq(write(fd, content, len), (ssize_t)len);
	cr_assert_eq(ftruncate(fd, size), 0);
	cr_assert_null(rates_open(fd));
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(fcntl(fd, F_GETFD), -1, "it was not closed");
}

Test(rates, another_file_is_refused)
{
	uint64_t head[4];

	cr_assert_eq(pread(rates_fd(rates), head, sizeof(head), 0), sizeof(head));
	off_t size = lseek(rates_fd(rates), 0, SEEK_END);
	is_refused("", 0, 0);
	is_refused("", 0, size);
	is_refused(head, sizeof(head), size - 1);
	is_refused(head, sizeof(head), 64);
	head[1] = UINT64_MAX;            /* clients */
	is_refused(head, sizeof(head), size);
	head[1] = 0;
	is_refused(head, sizeof(head), size);
}

Test(rates, cannot_be_made_shorter)
{
	cr_assert_eq(ftruncate(rates_fd(rates), 64), -1);
	cr_assert_eq(errno, EPERM);
}

/* ---- many processes ---- */

enum { CHILDREN = 4 };

static _Atomic uint64_t *common(void)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(memory, MAP_FAILED);
	return memory;
}

static void await_all(const pid_t *children)
{
	int status;

	for (int i = 0; i < CHILDREN; i++) {
		cr_assert_eq(waitpid(children[i], &status, 0), children[i]);
		cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

/* Each new client is met by all of them at once, and has one bucket all the same. */
Test(rates, a_client_of_many_processes_has_one_bucket)
{
	enum { NEW = 20000, ROOM = 2 * NEW };
	_Atomic uint64_t *taken = common();
	pid_t children[CHILDREN];

	tear_down();
	rates = rates_create(ROOM);
	for (int i = 0; i < CHILDREN; i++) {
		children[i] = fork();
		for (uint64_t k = 0; children[i] == 0 && k < NEW; k++)
			atomic_fetch_add(taken, take_all(name_of(k), start));
		if (children[i] == 0)
			_exit(0);
	}
	await_all(children);
	/* At most in a row that is full one has less. */
	cr_assert_leq(*taken, NEW * BURST);
	cr_assert_geq(*taken, NEW * BURST - NEW * BURST / 500);
	munmap((void *)taken, 4096);
}

static void use_for_ever(unsigned seed)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (uint64_t now = start;; now++) {
		seed = seed * 1103515245 + 12345;
		(void)take(name_of(seed >> 16), now);
	}
}

Test(rates, killed_users_leave_them_whole)
{
	enum { KILLED = 200 };

	for (unsigned i = 0; i < KILLED; i++) {
		pid_t child = fork();
		if (child == 0)
			use_for_ever(i);
		usleep(100 + i % 7 * 100);
		cr_assert_eq(kill(child, SIGKILL), 0);
		cr_assert_eq(waitpid(child, NULL, 0), child);
	}
	/* Their clock went on by far less than this. */
	for (uint64_t i = 0; i < CLIENTS; i++)
		cr_assert_eq(take_all(name_of(i), start + 3600 * CLOCK_SECOND + i * rule.whole), BURST);
}

/* ---- other machines ---- */

Test(rates, one_worker_hears_of_other_machines_until_it_falls_silent_or_leaves)
{
	const uint64_t second = CLOCK_SECOND;

	cr_assert(rates_may_hear(rates, 7, start));
	cr_assert_not(rates_may_hear(rates, 8, start));
	cr_assert_not(rates_may_hear(rates, 8, start - second));
	cr_assert(rates_may_hear(rates, 7, start + second));
	cr_assert_not(rates_may_hear(rates, 8, start + 2 * second));
	cr_assert(rates_may_hear(rates, 8, start + 2 * second + CLOCK_SECOND / 100));
	cr_assert_not(rates_may_hear(rates, 7, start + 2 * second + CLOCK_SECOND / 100));
	rates_leave(rates, 7);
	cr_assert_not(rates_may_hear(rates, 7, start + 2 * second + CLOCK_SECOND / 100));
	rates_leave(rates, 8);
	cr_assert(rates_may_hear(rates, 7, start + 2 * second + CLOCK_SECOND / 100));
}

Test(rates, each_machine_has_a_name_of_its_own)
{
	struct rates *other = rates_create(CLIENTS), *same = rates_open(dup(rates_fd(rates)));

	cr_assert_neq(rates_machine(rates), rates_machine(other));
	cr_assert_eq(rates_machine(rates), rates_machine(same));
	rates_destroy(other);
	rates_destroy(same);
}
