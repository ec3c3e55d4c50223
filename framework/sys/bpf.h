/* SPDX-License-Identifier: MIT */
/*
 * bpf.h - bpf(2) without libbpf: the maps and the one kind of program that steer a group.
 *
 * Needs CAP_BPF to create and to load (kernel.unprivileged_bpf_disabled may
 * allow some to all); what is made works for whoever has its descriptor.
 * Every descriptor is close-on-exec.
 */
#ifndef PORTICO_SYS_BPF_H
#define PORTICO_SYS_BPF_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/* An array that mmap(2) shares, zeroed; sockets by number. The descriptor, or -1 and errno. */
int bpf_array_create(const char *name, size_t value_size, unsigned entries);
int bpf_sockets_create(const char *name, unsigned entries);

/* The element comes or is replaced; it goes. -1 and errno. */
int bpf_put(int map, uint32_t key, const void *value);
int bpf_delete(int map, uint32_t key);

/* An SK_REUSEPORT program.  body is the number of the instruction where a second function
 * begins, which bpf_loop() calls.  The descriptor, or -1 and errno, and then
 * why holds what the verifier said last, or "" if it was not asked. */
int bpf_reuseport_load(const char *name, const struct bpf_insn *code, unsigned count, unsigned body,
	char *why, size_t size);

/* Chooses for the group that fd is a member of, in place of what did. -1 and errno. */
int bpf_reuseport_attach(int fd, int program);

#endif
