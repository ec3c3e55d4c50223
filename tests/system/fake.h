/* SPDX-License-Identifier: MIT */
/*
 * fake.h - a master that says what a test wants: for what a real one says rarely.
 *
 * It listens where control = of portico.ini says, answers "status" with what stands in the file
 * status.json, notes every other request in the file "requests" and answers it with said.json;
 * as long as the file "wait" exists it does not answer the others.
 */
#ifndef SYSTEM_FAKE_H
#define SYSTEM_FAKE_H

#include <sys/types.h>

/* Writes portico.ini and runs it.  Gone with its test. */
pid_t fake_start(void);
void  fake_stop(pid_t pid);
/* Writes status.json: so many slots that serve, and nothing remarkable. */
void fake_tells_slots(unsigned slots);
/* The same with four slots and all there is: 1 is stalled, 2 drained, a canary, a stranger
 * whose name has an escape sequence, two things that the kernel lacks, two old generations. */
void fake_tells_all(void);
/* The requests so far, a line each; static. */
const char *fake_requests(void);
void  fake_await_request(const char *line);

#endif
