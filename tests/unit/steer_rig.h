/* SPDX-License-Identifier: MIT */
/*
 * steer_rig.h - a classic BPF machine as the kernel's is for a reuseport
 * program, packets for it, and groups of real sockets to hold it against.
 */
#ifndef UNIT_STEER_RIG_H
#define UNIT_STEER_RIG_H

#include "sys/addr.h"
#include "sys/steer.h"

#define EACH(type, name, list) \
	for (type const *name = list; name < list + sizeof(list) / sizeof(*(list)); name++)

static const int families[] = { AF_INET, AF_INET6 };

/* All of the address; four bytes at offset 2. */
struct steer rig_steer(enum steer_by by, int family, unsigned count);

struct packet {
	int         family;
	struct addr from;
	uint8_t     payload[32];
	size_t      length;
	uint32_t    cpu;
	uint32_t    random[2];   /* what the first and the second load find */
};

/* 10.0.0.0 or fd00:: plus n, port 40000; random is random. */
struct packet packet_of(int family, uint32_t n);

/* The n-th client: its address and what it says differ from any other's. */
struct packet rig_client(int family, uint32_t n);

/* A number after the other, the same in every run. */
uint32_t rig_random(void);

struct rig_program {
	struct sock_filter code[STEER_MOST];
	size_t             len;
};

/* Compiles, and checks what the kernel would. */
void     rig_compile(const struct steer *s, struct rig_program *out);
/* The member that the packet goes to. */
uint32_t rig_run(const struct rig_program *program, const struct packet *packet);

/* ---- real sockets ---- */

enum { RIG_MEMBERS = 4 };

struct rig_group {
	struct addr at;
	int         type;
	int         members[RIG_MEMBERS];
};

/* On loopback. Skips the test if there is no such family here. */
void rig_group(struct rig_group *g, int family, int type);
/* In a network of its own where addresses fd00::0 to fd00::(count - 1) are local. Skips the
 * test if that is not allowed. */
void rig_network6(unsigned count);

/* A client's socket; from NULL: any address. */
int      rig_connect(const struct rig_group *g, const struct addr *from);
/* The member that has the one connection or datagram there is; takes it. */
unsigned rig_landed(const struct rig_group *g);
/* The same for a new client that comes, sends (UDP) and goes at once. */
unsigned rig_visit(const struct rig_group *g, const struct addr *from);

#endif
