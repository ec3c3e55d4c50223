/* SPDX-License-Identifier: MIT */
/* Which slot the program chooses. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/sock.h"
#include "shortest_rig.h"

Test(shortest, fills_the_shortest_queue_first)
{
	jsq_make(3);
	jsq_settle(5, 0, 9);
	jsq_connect(13);
	jsq_expect(4, 9, 0);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(shortest_length(&jsq.table->slots[i]), 9);
}

Test(shortest, takes_a_queue_below_nothing_for_empty)
{
	jsq_make(3);
	jsq_settle(-1000, 0, 5);
	jsq_connect(60);
	unsigned first = jsq_take(0), second = jsq_take(1);
	cr_assert_geq(first, 40, "%u", first);
	cr_assert_geq(second, 1, "it waited for the one below nothing");
	cr_assert_eq(jsq_take(2), 0);
}

Test(shortest, breaks_ties_by_chance_whatever_is_closed_between)
{
	enum { SLOTS = 5, CLOSED = 1, EACH = 1000 };

	jsq_make(SLOTS);
	shortest_let(&jsq.table->slots[CLOSED], false);
	for (int i = 0; i < EACH * (SLOTS - 1); i++) {
		jsq_connect_one();
		for (int s = 0; s < SLOTS; s++)
			shortest_settle(&jsq.table->slots[s], 0);
	}
	for (unsigned s = 0; s < SLOTS; s++) {
		unsigned count = jsq_take(s);
		cr_assert_eq(count, jsq.table->slots[s].given);
		if (s == CLOSED)
			cr_assert_eq(count, 0);
		else  /* five standard deviations */
			cr_assert(count > EACH * 86 / 100 && count < EACH * 114 / 100,
				"slot %u: %u", s, count);
	}
}

Test(shortest, opens_and_closes_slots)
{
	jsq_make(3);
	jsq_settle(0, 7, 7);
	shortest_let(&jsq.table->slots[0], false);
	jsq_connect(10);
	jsq_expect(0, 5, 5);
	shortest_let(&jsq.table->slots[0], true);
	jsq_connect(10);
	jsq_expect(10, 0, 0);
	jsq.table->count = 0;
	jsq_connect(3);
	cr_assert_eq(jsq.table->unsteered, 3, "nothing was to be chosen");
	cr_assert_eq(jsq_take(0) + jsq_take(1) + jsq_take(2), 3);
}

Test(shortest, takes_a_blocked_slot_only_when_all_are)
{
	jsq_make(3);
	jsq_settle(0, 50, 70);
	shortest_turn(&jsq.table->slots[0], jsq_now() - 2000000000);
	jsq_connect(10);
	jsq_expect(0, 10, 0);
	shortest_turn(&jsq.table->slots[0], jsq_now());
	jsq_connect(1);
	jsq_expect(1, 0, 0);
	for (int i = 0; i < 3; i++)
		shortest_turn(&jsq.table->slots[i], jsq_now() - 2000000000);
	jsq_connect(10);
	jsq_expect(10, 0, 0);
	shortest_turn(&jsq.table->slots[2], 0);
	jsq_connect(10);
	jsq_expect(0, 0, 10);
}

Test(shortest, a_slot_whose_socket_is_gone_is_passed_over)
{
	jsq_make(3);
	jsq_settle(0, 0, 9);
	close(jsq.sockets[0]);
	close(jsq.sockets[1]);
	jsq_connect(20);
	cr_assert_eq(jsq_take(2), 20);
	cr_assert_eq(jsq.table->slots[0].given + jsq.table->slots[1].given, 0);
	cr_assert(jsq.table->slots[0].missed && jsq.table->slots[1].missed);
	cr_assert_eq(jsq.table->unsteered, 0);
}

Test(shortest, a_socket_in_escrow_keeps_its_place)
{
	jsq_make(3);
	jsq_settle(0, 9, 9);
	int escrow = dup(jsq.sockets[0]);
	cr_assert_geq(escrow, 0);
	close(jsq.sockets[0]);
	jsq.sockets[0] = escrow;
	jsq_connect(3);
	jsq_expect(3, 0, 0);
}

Test(shortest, a_socket_of_another_group_is_passed_over)
{
	struct addr elsewhere = { .in.sin_family = AF_INET };

	jsq_make(3);
	jsq_settle(0, 8, 9);
	int stranger = sock_bind(&elsewhere, SOCK_STREAM);
	cr_assert_geq(stranger, 0);
	cr_assert_eq(sock_listen(stranger, BACKLOG), 0);
	cr_assert_eq(shortest_remove(&jsq.group, 0), 0);
	cr_assert_eq(shortest_put(&jsq.group, 0, stranger), 0);
	jsq_connect(1);
	jsq_expect(0, 1, 0);
	cr_assert(jsq.table->slots[0].missed);
}

Test(shortest, more_gone_than_it_tries_are_left_to_the_hash_not_dropped)
{
	enum { SLOTS = 6 };

	jsq_make(SLOTS);
	shortest_settle(&jsq.table->slots[SLOTS - 1], 9);
	for (int i = 0; i < SLOTS - 1; i++)
		close(jsq.sockets[i]);
	jsq_connect(10);
	cr_assert_eq(jsq_take(SLOTS - 1), 10);
	cr_assert_eq(jsq.table->unsteered, 1);
	cr_assert_eq(jsq.table->slots[SLOTS - 1].given, 9);
}

Test(shortest, a_new_socket_takes_the_place_of_one_that_ended)
{
	jsq_make(3);
	jsq_settle(0, 9, 9);
	sock_end(jsq.sockets[0]);
	jsq_connect(2);
	jsq_expect(0, 1, 1);
	close(jsq.sockets[0]);
	jsq.sockets[0] = sock_bind(&jsq.address, SOCK_STREAM);
	cr_assert_geq(jsq.sockets[0], 0);
	cr_assert_eq(sock_listen(jsq.sockets[0], BACKLOG), 0);
	cr_assert_eq(shortest_put(&jsq.group, 0, jsq.sockets[0]), 0);
	shortest_let(&jsq.table->slots[0], true);
	jsq_connect(5);
	jsq_expect(5, 0, 0);
	cr_assert_eq(shortest_remove(&jsq.group, 0), 0);
	cr_assert_eq(shortest_remove(&jsq.group, 0), -1);
	cr_assert_eq(errno, ENOENT);
	jsq_connect(2);
	jsq_expect(0, 1, 1);
}

static int work(void)
{
	for (int i = 0; i < 10; i++)
		shortest_done(&jsq.table->slots[2]);
	shortest_took(&jsq.table->slots[1], &jsq.table->slots[2]);
	shortest_turn(&jsq.table->slots[0], jsq_now() - 2000000000);
	return 0;
}

Test(shortest, sees_what_an_ordinary_users_worker_stores)
{
	jsq_make(3);
	jsq_settle(0, 4, 15);
	cr_assert_eq(jsq_as_nobody(work), 0);
	cr_assert_eq(shortest_length(&jsq.table->slots[2]), 4);
	cr_assert_eq(shortest_length(&jsq.table->slots[1]), 5);
	jsq_connect(3);
	jsq_expect(0, 1, 2);
}

Test(shortest, an_ack_without_its_syn_is_no_connection)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (unshare(CLONE_NEWNET) < 0)
		cr_skip_test("no network namespace: %s", strerror(errno));
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
	close(fd);
	fd = open("/proc/sys/net/ipv4/tcp_syncookies", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "2", 1) != 1)
		cr_skip_test("no cookies to be had: %s", strerror(errno));
	close(fd);
	jsq_make(3);
	jsq_connect(30);
	cr_assert_eq(jsq_take(0) + jsq_take(1) + jsq_take(2), 30);
	uint64_t given = 0;
	for (int i = 0; i < 3; i++)
		given += jsq.table->slots[i].given;
	cr_assert_eq(given, 30);
}
