/* SPDX-License-Identifier: MIT */
/*
 * trial.h - a child that loads a configuration's plugins and reports, so that
 * nothing they do can hurt who asks.
 */
#ifndef PORTICO_MASTER_TRIAL_H
#define PORTICO_MASTER_TRIAL_H

#include <ev.h>

#include "config/config.h"

struct trial;

/* Starts one; config and log are borrowed.  problem is called for each thing
 * that is wrong, then done once with the exit code: EX_OK if nothing is.
 * NULL and errno. */
struct trial *trial_start(struct ev_loop *loop, const struct config *config, int log,
	config_problem_fn *problem, void (*done)(void *arg, int exit_code), void *arg);

/* Ends it soon: done is still called. */
void trial_cancel(struct trial *t);

/* portico check: configuration and plugins; problems to standard error, one
 * line to standard output if there are none.  Gives the exit code. */
int trial_check(const char *file);

/* Whether the user, the limits and the files that config needs are to be had: EX_OK, or an
 * exit code with a problem told. */
int trial_check_system(const struct config *config, config_problem_fn *problem, void *arg);

/* The exit code for a config_load() that gave NULL with this errno. */
int trial_exit_code(int error);

#endif
