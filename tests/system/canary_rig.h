/* SPDX-License-Identifier: MIT */
/*
 * canary_rig.h - a reload with a canary, as its operator sees it, and clients that must not notice.
 */
#ifndef SYSTEM_CANARY_RIG_H
#define SYSTEM_CANARY_RIG_H

#include "census.h"
#include "load.h"
#include "operate.h"
#include "server.h"

enum { PER_SECOND = 400 };

/* For as long as the test wants. */
#define LONG "1h"

/* Shares, and who is to blame, without stalls, and however slow: on a machine that is busy anybody may get no
 * processor for so long. */
#define PORTICO_IF(stall, canary) "[portico]\nworkers = %u\nstall = " stall "\ncanary = " canary "\n"
#define PATIENT(stall) stall "\ncanary_worse = 100"
#define PORTICO(canary) PORTICO_IF(PATIENT("0"), canary)
#define WEB                                                                  \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/moody.so\n"
#define MOODY(canary, mood) PORTICO(canary) WEB mood

/* Its workers wait until a file is there. */
#define GATE(canary)                                                         \
	PORTICO(canary) "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n" \
	"[handler web /]\nplugin = ${T}/gate.so\nfile = %s\n"

struct canary {
	struct asked reload;
};

/* A reload is under way, and its canary has its share. */
void canary_await(struct canary *c, struct server *s, const char *argument);
void canary_ended_well(struct canary *c);
void canary_rolled_back(struct canary *c, const char *why);
/* Nothing of it is left: no worker, no slot, no socket. */
void canary_await_rest(size_t slots, unsigned generation);

/* Some come anew all the time, and some stay in crowd. */
struct clients {
	struct load load;
};

void clients_come(struct clients *c, unsigned stay);
void clients_ask(void);                  /* who stay: all are answered */
/* They end.  may_be_wrong: an answer that was no 200, which a canary may give. */
void clients_lost_nothing(struct clients *c, bool may_be_wrong);

#endif
