/* SPDX-License-Identifier: MIT */
/*
 * completion.h - portico completion: what a shell needs to complete the command line.
 */
#ifndef PORTICO_MASTER_COMPLETION_H
#define PORTICO_MASTER_COMPLETION_H

#include <stdio.h>

#include "master/command.h"

/* Writes the completions of c for a shell, bash, zsh or fish; -1: there are none for it. */
int completion(const struct command *c, const char *shell, FILE *out);

#endif
