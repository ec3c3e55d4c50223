/* SPDX-License-Identifier: MIT */
/*
 * balance_rig.h - services with a balance, what status says of it, and addresses that keep
 * their slots.
 */
#ifndef SYSTEM_BALANCE_RIG_H
#define SYSTEM_BALANCE_RIG_H

#include "census.h"

enum { MANY = 20000, ADDRESSES = 400, PER_SECOND = 300 };

/* Two points, as the issue says. */
#define POINTS .02

/* Shares as they were asked for: on a busy machine a worker may get no processor for longer than
 * stall, and its part goes to the others then. */
#define WORKERS "[portico]\nworkers = %u\nstall = 0\n"
#define SERVICE(name, protocol, listen, balance)                             \
	"[service " name "]\nprotocol = " protocol "\nlisten = " listen "\nbalance = " balance "\n" \
	"[handler " name "]\nplugin = ${T}/who.so\n"
#define WEB(balance) WORKERS SERVICE("web", "http", "127.0.0.1:8080", balance)
#define TCP(balance) WORKERS SERVICE("lines", "tcp", "127.0.0.1:7000", balance)
#define UDP(balance) WORKERS SERVICE("flows", "udp", "127.0.0.1:7001", balance)

extern const struct census_of web, lines, flows;

/* What status says of a service: "asked", "runs" or "why"; static. */
const char *balance_says(const char *service, const char *key);
void balance_runs(const char *service, const char *asked, const char *what, const char *why);

/* Which slot each of of->addresses has, and that each has it still. */
void addresses_know(const struct census_of *of, unsigned *slots);
void addresses_stay(const struct census_of *of, const unsigned *slots, const char *over);

#endif
