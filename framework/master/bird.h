/* SPDX-License-Identifier: MIT */
/*
 * bird.h - what BIRD, the routing daemon, is told by its control socket.
 */
#ifndef PORTICO_MASTER_BIRD_H
#define PORTICO_MASTER_BIRD_H

#include <stdbool.h>
#include <stddef.h>

/* Enables or disables a protocol, as birdc(8) does; one that is so already is fine.  Waits a
 * second at most.  -1: it was not done, and why is a sentence. */
int bird_enable(const char *socket, const char *protocol, bool enable, char *why, size_t size);

#endif
