/* SPDX-License-Identifier: MIT */
/*
 * seccomp.c - the program that looks at a system call's number.
 *
 *	another processor's call?           -> the end
 *	newer than we are, or clone3?       -> ENOSYS
 *	bind?                               -> EPERM
 *	with a condition on an argument?    -> it holds: go, else refuse
 *	with an argument that is excepted?  -> refuse
 *	in the list?                        -> go
 *	                                    -> refuse
 *
 * clone3(2) has its flags in memory, where a filter cannot look; glibc then asks clone(2), which may
 * make threads.  Since Linux 5.11 the kernel remembers which numbers always go, so
 * that the length of the list costs nothing.
 */
#include "sys/seccomp.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/seccomp_list.h"

#if defined(__x86_64__)
#define OUR_CALLS AUDIT_ARCH_X86_64
#define OTHER_ABI 0x40000000u    /* x32: the same processor, other numbers */
#elif defined(__aarch64__)
#define OUR_CALLS AUDIT_ARCH_AARCH64
#define OTHER_ABI 0x40000000u
#else
#define OUR_CALLS 0
#define OTHER_ABI 0
#endif

enum { NEWEST_KNOWN = 450 };     /* Linux 6.1; since 424 a number is the same everywhere */

struct program {
	struct sock_filter code[BPF_MAXINSNS];
	unsigned short     len;
	uint32_t           refusal;
};

static void put(struct program *p, uint16_t op, uint32_t k, uint8_t yes, uint8_t no)
{
	assert(p->len < BPF_MAXINSNS);
	p->code[p->len++] = (struct sock_filter)BPF_JUMP(op, k, yes, no);
}

static void put_load(struct program *p, size_t offset)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void put_answer(struct program *p, uint32_t answer)
{
	put(p, BPF_RET | BPF_K, answer, 0, 0);
}

/* op holds for A: this answer; else on. */
static void put_answer_if(struct program *p, uint16_t op, uint32_t k, uint32_t answer)
{
	put(p, BPF_JMP | BPF_K | op, k, 0, 1);
	put_answer(p, answer);
}

static void put_prologue(struct program *p)
{
	put_load(p, offsetof(struct seccomp_data, arch));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, OUR_CALLS, 1, 0);
	put_answer(p, SECCOMP_RET_KILL_PROCESS);
	put_load(p, offsetof(struct seccomp_data, nr));
	put_answer_if(p, BPF_JGE, OTHER_ABI, SECCOMP_RET_KILL_PROCESS);
	put_answer_if(p, BPF_JGT, NEWEST_KNOWN, SECCOMP_RET_ERRNO | ENOSYS);
	put_answer_if(p, BPF_JEQ, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
}

/* The low half of an argument: both processors have that first, and the kernel takes no more of these. */
static void put_load_argument(struct program *p, unsigned argument)
{
	put_load(p, offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t));
}

/* It goes if op holds for that argument. */
static void put_condition(struct program *p, uint32_t call, unsigned argument, uint16_t op, uint32_t k)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4);
	put_load_argument(p, argument);
	put_answer_if(p, op, k, SECCOMP_RET_ALLOW);
	put_answer(p, p->refusal);
}

/* Threads; signals to itself (abort(3), raise(3)); limits of its own, not a sibling's. */
static void put_conditions(struct program *p)
{
	put_condition(p, SYS_clone, 0, BPF_JSET, CLONE_THREAD);
	put_condition(p, SYS_tgkill, 0, BPF_JEQ, (uint32_t)getpid());
	put_condition(p, SYS_prlimit64, 0, BPF_JEQ, 0);
}

/* It does not go if its second argument is k; otherwise the list has it. */
static void put_exception(struct program *p, uint32_t call, uint32_t k)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4);
	put_load_argument(p, 1);
	put_answer_if(p, BPF_JEQ, k, p->refusal);
	put_load(p, offsetof(struct seccomp_data, nr));
}

/* Nothing is typed into the terminal that portico was started from, and no descriptor signals
 * another process when it is ready. */
static void put_exceptions(struct program *p)
{
	put_exception(p, SYS_ioctl, TIOCSTI);
	put_exception(p, SYS_ioctl, FIOSETOWN);
	put_exception(p, SYS_ioctl, SIOCSPGRP);
	put_exception(p, SYS_fcntl, F_SETOWN);
	put_exception(p, SYS_fcntl, F_SETOWN_EX);
}

static void write_program(struct program *p, enum seccomp_answer answer)
{
	static const uint32_t refusals[] = {
		[SECCOMP_LOGS] = SECCOMP_RET_LOG,
		[SECCOMP_DENIES] = SECCOMP_RET_ERRNO | EPERM,
		[SECCOMP_KILLS] = SECCOMP_RET_KILL_PROCESS,
	};
	size_t count = sizeof(seccomp_list) / sizeof(*seccomp_list);

	p->len = 0;
	p->refusal = refusals[answer];
	put_prologue(p);
	put_answer_if(p, BPF_JEQ, SYS_bind,
		answer == SECCOMP_LOGS ? SECCOMP_RET_LOG : SECCOMP_RET_ERRNO | EPERM);
	put_conditions(p);
	put_exceptions(p);
	for (size_t i = 0; i < count; i++)
		put_answer_if(p, BPF_JEQ, seccomp_list[i], SECCOMP_RET_ALLOW);
	put_answer(p, p->refusal);
}

bool seccomp_is_there(void)
{
	const uint32_t needed = SECCOMP_RET_KILL_PROCESS;

	return OUR_CALLS != 0
		&& syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &needed) == 0;
}

int seccomp_begin(enum seccomp_answer answer)
{
	struct program p;

	if (!seccomp_is_there()) {
		errno = ENOSYS;
		return -1;
	}
	write_program(&p, answer);
	struct sock_fprog filter = { .len = p.len, .filter = p.code };
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
}
