/* SPDX-License-Identifier: MIT */
/*
 * workers.h - the server's workers as anybody sees them: in /proc.
 */
#ifndef CHAT_WORKERS_H
#define CHAT_WORKERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The children of master that are no zombies. */
size_t workers_of(pid_t master, pid_t *out, size_t max);

/* Which of them has the most descriptors; 0: that may not be looked at. */
pid_t workers_busiest(const pid_t *pids, size_t count);

/* The clients' ports of the connections to port that pid has. */
size_t workers_clients(pid_t pid, int port, uint16_t *out, size_t max);

#endif
