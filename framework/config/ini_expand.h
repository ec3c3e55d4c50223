/* SPDX-License-Identifier: MIT */
/*
 * ini_expand.h - ${VAR} and ${VAR:default} in a value of an ini file.
 */
#ifndef PORTICO_CONFIG_INI_EXPAND_H
#define PORTICO_CONFIG_INI_EXPAND_H

#include "base/arena.h"

/* text with every variable replaced, in mem.  The default stands in for a
 * variable that is not set; one that is set but empty is taken as it is.  What was put in is
 * not looked at again.  $$ is one $, any other $ is itself.  NULL with *why,
 * a sentence in mem or constant: not set, not closed, not a name, a control character in
 * what the variable holds, out of memory. */
const char *ini_expand(struct arena *mem, const char *text, const char **why);

#endif
