/* SPDX-License-Identifier: MIT */
/*
 * shortest.c - each new connection to the slot with the shortest queue.
 *
 * Loads the committed instructions of sys/bpf/shortest.c with the two maps in their
 * places.  Every refusal is told in words: what was tried and what the
 * kernel or its verifier said, for "portico status" to show.
 */
#include "sys/shortest.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sys/bpf.h"
#include "sys/shm.h"

static const struct bpf_insn instructions[] = {
#include "sys/shortest_insns.h"
};

enum { INSTRUCTIONS = sizeof(instructions) / sizeof(*instructions) };

_Static_assert(sizeof(struct shortest_slot) == 64, "a cache line");
_Static_assert(offsetof(struct shortest_table, slots) == 64, "slots begin a cache line");
_Static_assert(sizeof(_Atomic uint64_t) == sizeof(uint64_t), "the program takes it for one");

static int refused(const char *what, int error, char *why, size_t size)
{
	if (error == EPERM)
		snprintf(why, size, "%s: %s: CAP_BPF is missing", what, strerror(error));
	else if (error == ENOSYS)
		snprintf(why, size, "%s: this kernel has no bpf(2)", what);
	else
		snprintf(why, size, "%s: %s", what, strerror(error));
	errno = error;
	return -1;
}

struct shortest_table *shortest_open(int fd)
{
	return shm_map(fd, sizeof(struct shortest_table));
}

struct shortest_table *shortest_create(int *fd, char *why, size_t size)
{
	*fd = bpf_array_create("portico_table", sizeof(struct shortest_table), 1);
	if (*fd < 0) {
		refused("BPF array", errno, why, size);
		return NULL;
	}
	struct shortest_table *t = shortest_open(*fd);
	if (!t) {
		refused("BPF array: mmap", errno, why, size);
		int error = errno;
		close(*fd);
		*fd = -1;
		errno = error;
		return NULL;
	}
	atomic_store(&t->blocked_ns, SHORTEST_BLOCKED_NS);
	return t;
}

void shortest_destroy(struct shortest_table *t)
{
	if (t)
		munmap(t, sizeof(*t));
}

/* The maps' descriptors come where the instructions ask for them; the result is where
 * the loop's body begins. */
static unsigned link_maps(struct bpf_insn *code, int table, int sockets)
{
	unsigned body = 0;

	for (unsigned i = 0; i < INSTRUCTIONS; i++) {
		if (code[i].code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if (code[i].src_reg == BPF_PSEUDO_MAP_VALUE)
			code[i].imm = table;
		else if (code[i].src_reg == BPF_PSEUDO_MAP_FD)
			code[i].imm = sockets;
		else if (code[i].src_reg == BPF_PSEUDO_FUNC)
			body = i + 1 + (unsigned)code[i].imm;
		i++;  /* the other half */
	}
	return body;
}

static int load(int table, int sockets, char *why, size_t size)
{
	struct bpf_insn code[INSTRUCTIONS];
	char verifier[256];

	memcpy(code, instructions, sizeof(code));
	unsigned body = link_maps(code, table, sockets);
	int fd = bpf_reuseport_load("portico_jsq", code, INSTRUCTIONS, body, verifier,
		sizeof(verifier));
	if (fd >= 0)
		return fd;
	if (!verifier[0])
		return refused("BPF program", errno, why, size);
	int error = errno;
	snprintf(why, size, "BPF program: %s: the verifier says: %s", strerror(error), verifier);
	errno = error;
	return -1;
}

static int put_all(const struct shortest_group *g, const int *sockets, unsigned count, char *why,
	size_t size)
{
	char what[64];

	for (unsigned slot = 0; slot < count; slot++) {
		if (sockets[slot] < 0 || shortest_put(g, slot, sockets[slot]) == 0)
			continue;
		int error = errno;
		snprintf(what, sizeof(what), "BPF socket map: slot %u", slot);
		return refused(what, error, why, size);
	}
	return 0;
}

static int attach_to_one(const struct shortest_group *g, const int *sockets, unsigned count)
{
	for (unsigned slot = 0; slot < count; slot++)
		if (sockets[slot] >= 0)
			return bpf_reuseport_attach(sockets[slot], g->program);
	errno = ENOENT;
	return -1;
}

static int attach(struct shortest_group *g, int table, const int *sockets, unsigned count,
	char *why, size_t size)
{
	g->sockets = bpf_sockets_create("portico_socks", SHORTEST_SLOTS);
	if (g->sockets < 0)
		return refused("BPF socket map", errno, why, size);
	g->program = load(table, g->sockets, why, size);
	if (g->program < 0)
		return -1;
	if (put_all(g, sockets, count, why, size) < 0)
		return -1;
	if (attach_to_one(g, sockets, count) < 0)
		return refused("SO_ATTACH_REUSEPORT_EBPF", errno, why, size);
	return 0;
}

int shortest_attach(struct shortest_group *g, int table_fd, const int *sockets, unsigned count,
	char *why, size_t size)
{
	assert(count <= SHORTEST_SLOTS);
	*g = (struct shortest_group){ .program = -1, .sockets = -1 };
	if (attach(g, table_fd, sockets, count, why, size) == 0)
		return 0;
	int error = errno;
	shortest_close(g);
	errno = error;
	return -1;
}

int shortest_attach_again(const struct shortest_group *g, int socket)
{
	return bpf_reuseport_attach(socket, g->program);
}

int shortest_put(const struct shortest_group *g, unsigned slot, int socket)
{
	uint32_t value = (uint32_t)socket;
	return bpf_put(g->sockets, slot, &value);
}

int shortest_remove(const struct shortest_group *g, unsigned slot)
{
	return bpf_delete(g->sockets, slot);
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void shortest_close(struct shortest_group *g)
{
	close_one(&g->program);
	close_one(&g->sockets);
}
