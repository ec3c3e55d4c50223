/* SPDX-License-Identifier: MIT */
/*
 * steer.h - classic BPF programs that choose a socket of a group
 * (SO_ATTACH_REUSEPORT_CBPF in socket(7)).
 *
 * None needs privilege.  A program belongs to the whole group and is attached
 * through any member.  It gives an index; one that is out of range would mean
 * the kernel's own hash over all members.
 */
#ifndef PORTICO_SYS_STEER_H
#define PORTICO_SYS_STEER_H

#include "sys/addr.h"

/* New connections or datagrams go to the first count members only: TCP by
 * chance, UDP by the sender's address and port, so that a flow stays together.
 * a is the group's address, type SOCK_STREAM or SOCK_DGRAM. -1 and errno. */
int steer_among(int fd, const struct addr *a, int type, unsigned count);

/* The kernel's hash again, also if no program was there. -1 and errno. */
int steer_off(int fd);

/* Connections that come from now on find nobody listening yet: their first
 * packet is dropped and the client tries again.  What has begun goes on. */
int steer_refuse(int fd);

#endif
