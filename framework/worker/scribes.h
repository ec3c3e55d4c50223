/* SPDX-License-Identifier: MIT */
/*
 * scribes.h - who writes the access logs of this worker: one for each service that has one.
 */
#ifndef PORTICO_WORKER_SCRIBES_H
#define PORTICO_WORKER_SCRIBES_H

#include <stddef.h>

struct message;
struct scribe;
struct worker_birth;

struct scribes {
	struct scribe **of;      /* each service, NULL without an access log */
	size_t          count;
};

/* Starts their threads on the files that the worker was born with.  -1 and errno. */
int  scribes_begin(struct scribes *s, const struct worker_birth *b);

/* MESSAGE_ACCESS: the file of a service, opened anew.  fd becomes its own. */
void scribes_turn(struct scribes *s, const struct message *m, int fd);

/* The same before they have begun. */
void scribes_change_file(const struct worker_birth *b, const struct message *m, int fd);

/* What they have is written, or lost and counted; soon.  The services are gone. */
void scribes_end(struct scribes *s);

#endif
