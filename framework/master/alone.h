/* SPDX-License-Identifier: MIT */
/*
 * alone.h - portico run PLUGIN.so: what the command line says takes the place of a file.
 */
#ifndef PORTICO_MASTER_ALONE_H
#define PORTICO_MASTER_ALONE_H

#include "config/config_alone.h"

#define ALONE_LISTEN "8080"

/* wanted: what was said, with plugin as a person calls it, and protocol NULL to find it by the
 * plugin's callbacks, in a child; listen NULL is ALONE_LISTEN.  Gives the path that stands for the
 * file from now on; NULL with *code the exit code, and a sentence on standard error. */
const char *alone_begin(const struct config_alone *wanted, int *code);

#endif
