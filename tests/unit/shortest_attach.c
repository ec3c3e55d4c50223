/* SPDX-License-Identifier: MIT */
/* What it takes to load and to attach the program, and what is said when it is not to be had. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/bpf.h"
#include "sys/sock.h"
#include "sys/steer.h"
#include "shortest_rig.h"

Test(shortest_attach, refuses_sockets_that_cannot_be_chosen)
{
	struct shortest_group other;
	char why[256];

	jsq_make(3);
	int silent = sock_bind(&jsq.address, SOCK_STREAM);
	cr_assert_eq(shortest_put(&jsq.group, 3, silent), -1);
	cr_assert_eq(errno, EINVAL, "it does not listen");
	cr_assert_eq(shortest_put(&jsq.group, 3, jsq.sockets[2]), -1);
	cr_assert_eq(errno, EBUSY, "it is in a place already");
	cr_assert_eq(shortest_put(&jsq.group, 2, jsq.sockets[2]), -1);
	cr_assert_eq(errno, EBUSY, "it is in this place already");
	cr_assert_eq(shortest_attach(&other, jsq.table_fd, jsq.sockets, 3, why, sizeof(why)), -1);
	cr_assert_not_null(strstr(why, "slot 0"), "%s", why);
	cr_assert(other.program == -1 && other.sockets == -1);
	jsq_settle(0, 9, 9);
	jsq_connect(3);
	jsq_expect(3, 0, 0);
}

static int come_back(void)
{
	return shortest_remove(&jsq.group, 1) < 0 ? 1
		: shortest_put(&jsq.group, 1, jsq.sockets[1]) < 0 ? 2
		: shortest_attach_again(&jsq.group, jsq.sockets[2]) < 0 ? 3 : 0;
}

Test(shortest_attach, an_ordinary_user_puts_and_attaches_what_it_inherited)
{
	jsq_make(3);
	jsq_settle(9, 0, 9);
	cr_assert_eq(steer_off(jsq.sockets[0]), 0);
	cr_assert_eq(jsq_as_nobody(come_back), 0);
	jsq_connect(5);
	jsq_expect(0, 5, 0);
}

/* Without CAP_PERFMON the verifier also follows what a processor may guess. */
Test(shortest_attach, needs_no_other_privilege)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2] = { 0 };

	caps[CAP_BPF / 32].effective = caps[CAP_BPF / 32].permitted = 1u << CAP_BPF % 32;
	if (syscall(SYS_capset, &head, caps) < 0)
		cr_skip_test("CAP_BPF is missing: %s", strerror(errno));
	jsq_make(3);
	jsq_settle(9, 9, 0);
	jsq_connect(2);
	jsq_expect(0, 0, 2);
}

Test(shortest_attach, says_that_the_privilege_is_missing)
{
	char why[256] = "";

	cr_assert_eq(setresuid(NOBODY, NOBODY, NOBODY), 0);
	jsq_bind(AF_INET, 1);
	jsq.table = shortest_create(&jsq.table_fd, why, sizeof(why));
	/* kernel.unprivileged_bpf_disabled = 0 lets everybody have an array, but no more. */
	if (jsq.table)
		shortest_attach(&jsq.group, jsq.table_fd, jsq.sockets, 1, why, sizeof(why));
	cr_assert_eq(errno, EPERM);
	cr_assert_not_null(strstr(why, "CAP_BPF is missing"), "%s", why);
}

Test(shortest_attach, says_what_the_verifier_says)
{
	char why[256] = "";

	jsq_need_table();
	jsq_bind(AF_INET, 1);
	int small = bpf_array_create("small", 4096, 1);
	cr_assert_geq(small, 0);
	cr_assert_eq(shortest_attach(&jsq.group, small, jsq.sockets, 1, why, sizeof(why)), -1);
	cr_assert_eq(errno, EACCES);
	cr_assert_not_null(strstr(why, "the verifier says: "), "%s", why);
	cr_assert_not_null(strstr(why, "outside of the allowed memory range"), "%s", why);
	close(small);
	jsq.table->slots[0].given = 0;
	jsq_connect_one();
	cr_assert_eq(jsq_take(0), 1);
}

Test(shortest_attach, the_longest_table_loads_and_fills_evenly, .timeout = 60)
{
	struct rlimit many = { .rlim_cur = SHORTEST_SLOTS + 200, .rlim_max = 0 }, now;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &now), 0);
	many.rlim_max = now.rlim_max > many.rlim_cur ? now.rlim_max : many.rlim_cur;
	if (now.rlim_cur < many.rlim_cur && setrlimit(RLIMIT_NOFILE, &many) < 0)
		cr_skip_test("not enough descriptors: %s", strerror(errno));
	jsq_make(SHORTEST_SLOTS);
	jsq_connect(2 * SHORTEST_SLOTS);
	for (unsigned s = 0; s < SHORTEST_SLOTS; s++)
		cr_assert_eq(jsq_take(s), 2, "slot %u", s);
}

static int to_first_only(int member)
{
	return steer_attach(member, &(struct steer){ .by = STEER_CHANCE, .family = AF_INET, .count = 1 });
}

Test(shortest_attach, classic_and_extended_programs_take_turns)
{
	jsq_make(3);
	jsq_settle(9, 9, 0);
	cr_assert_eq(to_first_only(jsq.sockets[0]), 0);
	jsq_connect(5);
	jsq_expect(5, 0, 0);
	cr_assert_eq(shortest_attach_again(&jsq.group, jsq.sockets[1]), 0);
	jsq_connect(5);
	jsq_expect(0, 0, 5);
	cr_assert_eq(to_first_only(jsq.sockets[2]), 0);
	jsq_connect(5);
	jsq_expect(5, 0, 0);
	cr_assert_eq(shortest_attach_again(&jsq.group, jsq.sockets[0]), 0);
	cr_assert_eq(steer_off(jsq.sockets[0]), 0);
	jsq_connect(200);
	cr_assert(jsq_take(0) && jsq_take(1) && jsq_take(2));
	cr_assert_eq(jsq.table->slots[2].given, 5);
}

Test(shortest_attach, a_group_goes_on_without_its_descriptors_and_the_table_is_mapped_again)
{
	jsq_make(3);
	shortest_close(&jsq.group);
	shortest_close(&jsq.group);
	shortest_destroy(jsq.table);
	jsq.table = shortest_open(jsq.table_fd);
	cr_assert_not_null(jsq.table);
	cr_assert_eq(jsq.table->count, 3);
	close(jsq.table_fd);
	jsq_settle(1, 2, 0);
	jsq_connect(3);
	jsq_expect(1, 0, 2);
}

Test(shortest_attach, several_addresses_share_a_table)
{
	int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (probe < 0)
		cr_skip_test("this kernel has no IPv6");
	close(probe);
	jsq_make(3);
	jsq_settle(0, 5, 9);
	jsq_connect(3);
	jsq_expect(3, 0, 0);
	jsq_bind(AF_INET6, 3);
	jsq_attach();
	jsq_connect(8);
	jsq_expect(5, 3, 0);
	cr_assert_eq(jsq.table->slots[0].given, 3 + 5);
}
