/* SPDX-License-Identifier: MIT */
/*
 * health.h - portico health: is the server ready, for people, for BIRD and for HAProxy.
 */
#ifndef PORTICO_MASTER_HEALTH_H
#define PORTICO_MASTER_HEALTH_H

struct health {
	const char *file;    /* the server's */
	const char *bird;    /* PROTOCOL or PROTOCOL@SOCKET, which it is enabled at; NULL: none */
	const char *agent;   /* HOST:PORT, where HAProxy asks; NULL: nobody does */
	double      every;   /* seconds between two looks */
};

/* With neither bird nor agent: tells on standard output, 0 if it is ready, 1 if not.  With one of
 * them: looks again and again until TERM or INT, and tells them.  Gives the exit code. */
int health(const struct health *h);

#endif
