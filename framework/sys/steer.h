/* SPDX-License-Identifier: MIT */
/*
 * steer.h - classic BPF programs that choose a socket of a group
 * (SO_ATTACH_REUSEPORT_CBPF in socket(7)).
 *
 * None needs privilege.  A program belongs to the whole group and is attached
 * through any member.  It gives an index; one that is out of range would mean
 * the kernel's own hash over all members, so none ever does.
 *
 * The choice: a key (a random word, or a hash of what by names) falls into the
 * part of one member.  The parts depend on the weights alone, so a key keeps its
 * member.  If that one is closed, the key chooses once more among the open ones:
 *
 *	0             2^31        2^32
 *	|   0   |   1   |   2   |   3   |       weights 1,1,1,1
 *	            |
 *	            member 1 is closed -> |  0  |  2  |  3  |
 *
 * Closing a member moves its own clients and nobody else's; opening it brings
 * exactly those back.
 */
#ifndef PORTICO_SYS_STEER_H
#define PORTICO_SYS_STEER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	STEER_MOST = 4096,       /* instructions: BPF_MAXINSNS */
	STEER_MEMBERS = 1024,
};

enum steer_by {
	STEER_CHANCE,            /* each packet for itself: for TCP, each connection */
	STEER_FLOW,              /* the sender's address and port: a UDP flow stays together */
	STEER_SOURCE,            /* the sender's address, cut to a prefix */
	STEER_CPU,               /* the CPU that takes the packet, modulo the members of weight
	                          * over 0; weights say no more; the second choice is by flow */
	STEER_PAYLOAD,           /* UDP: length bytes at offset of the datagram; a shorter
	                          * datagram goes by its flow */
};

struct steer {                   /* plain value; borrows weights and closed for the call */
	enum steer_by   by;
	int             family;          /* AF_INET, AF_INET6: what packets arrive; a group
	                                  * that is both cannot be steered by address */
	unsigned        prefix;          /* SOURCE: bits of the address that count, 1..32 or 128 */
	unsigned        offset, length;  /* PAYLOAD: within 65535; length 1..16 */
	unsigned        count;           /* members in the group, 1..STEER_MEMBERS */
	const uint32_t *weights;         /* one a member, its part of new clients, 0: none;
	                                  * NULL, or all of them 0: equal parts */
	const bool     *closed;          /* one a member: may not be chosen now; NULL: all may */
};

/* Pure: writes the program to code and gives its length.  0 with EINVAL: nobody
 * is open, or something is out of range; E2BIG: room is too small.  STEER_MOST is
 * room for whatever is valid: if it must be, neighbours are given the mean of
 * their weights in the second choice.  Open members share the second choice
 * equally if none of them has a weight. */
size_t steer_compile(const struct steer *s, struct sock_filter *code, size_t room);

/* Compiles and attaches in place of what was there. -1 and errno; ENOMEM: longer
 * than net.core.optmem_max lets it be (20 KB in older kernels: some 600 members of
 * unequal weight, half as many while one is closed). */
int steer_attach(int fd, const struct steer *s);

/* The kernel's hash again, also if no program was there. -1 and errno. */
int steer_off(int fd);

#endif
