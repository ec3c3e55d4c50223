/* SPDX-License-Identifier: MIT */
/*
 * load_rig.h - a service with balance = load, and a crowd of clients that stay with it.
 */
#ifndef SYSTEM_LOAD_RIG_H
#define SYSTEM_LOAD_RIG_H

#include <stdbool.h>

#include "census.h"
#include "server.h"

enum { STAY = 2000 };

/* How much more than the mean the fullest may hold. */
#define EVEN 1.05
#define EVEN_WITHOUT_CAP_BPF 1.15

/* Without stalls, which a machine that is busy makes: a worker gets no processor for so long. */
#define MOODY(more) MOODY_IF("0", more)
#define MOODY_IF(stall, more)                                                \
	"[portico]\nworkers = %u\nstall = " stall "\n"                        \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\nbalance = load\n" \
	"[handler web /]\nplugin = ${T}/moody.so\n" more
#define WHO MOODY("")

/* Before other suites: a worker that gets no core for 5 ms in a turn passes for blocked, rightly, and
 * its clients go elsewhere. */
void load_set_up(void);

bool load_is_shortest(const char *service);

#define NEEDS_BPF_OF(service)                                                \
	do {                                                                 \
		if (!load_is_shortest(service))                              \
			SKIP_TEST("extended BPF is not to be had: %s",       \
				balance_says(service, "why"));               \
	} while (0)
#define NEEDS_BPF() NEEDS_BPF_OF("web")

void load_stay(unsigned count);          /* so many more come, and stay */
/* One that gets no core for 5 ms in the middle of a turn is passed over, rightly, and made up to by the next that
 * come, of whom there may be a few more.  One whose queue is told wrong is not. */
void load_expect_even(unsigned slots, double limit, const char *after);
void load_expect_uncut(void);
/* A worker that has not heard yet that clients left has them still, and gets nobody before the others have as many. */
void load_await_left(void);
void load_renew_half(void);              /* one of two leaves, and comes again */
void load_end(struct server *s);         /* a server waits for those that stay */

#endif
