/* SPDX-License-Identifier: MIT */
/*
 * ini_read.h - the text of one ini file becomes sections and entries.
 */
#ifndef PORTICO_CONFIG_INI_READ_H
#define PORTICO_CONFIG_INI_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "config/ini.h"

/* Adds what text holds to ini->sections and tells its problems.  file is
 * what it is called and must live as long as ini->mem.  -1 and ENOMEM. */
int ini_read(struct ini *ini, const char *file, bool is_main, const char *text, size_t len);

#endif
