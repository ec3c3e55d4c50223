/* SPDX-License-Identifier: MIT */
/*
 * ask.h - the command line's side of the control socket.
 */
#ifndef PORTICO_MASTER_ASK_H
#define PORTICO_MASTER_ASK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Exit codes, EX_TEMPFAIL and EX_PROTOCOL of sysexits.h: no master runs with the file; one does, and
 * does not answer, as it is stopped or hangs. */
enum { ASK_NOT_RUNNING = 75, ASK_SILENT = 76 };

enum { ASK_SECONDS = 5 };        /* how long a master may take to answer, or to read */

/* Sends request, which is taken, to the master of file and waits so many seconds for its answer,
 * 0: without a limit: a new reference. NULL with *code the exit code, and a sentence on
 * standard error; or with *code EX_OK if the master ended instead of answering. */
json_t *ask(const char *file, json_t *request, int seconds, int *code);

/* Asks, waits for the outcome without a limit, and prints what is said: EX_OK if it is good, 1 with
 * the sentence on standard error if it is not.  A master that does not even read the request is
 * told on standard error after ASK_SECONDS. */
int ask_and_tell(const char *file, json_t *request);

/* Whether the server is ready: 1, 0 if it is not, -1 if none answers within ASK_READY_SECONDS.
 * Tells nothing; why is a sentence. */
enum { ASK_READY_SECONDS = 2 };
int ask_ready(const char *file, char *why, size_t size);

int ask_stop(const char *file);                  /* the same, until the master is gone */
int ask_status(const char *file, bool as_json);

#endif
