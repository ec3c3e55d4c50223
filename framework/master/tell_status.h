/* SPDX-License-Identifier: MIT */
/*
 * tell_status.h - a status as plain text that fits a ticket: the verdict first, at most 100 columns,
 * no colours, what status --json has.
 */
#ifndef PORTICO_MASTER_TELL_STATUS_H
#define PORTICO_MASTER_TELL_STATUS_H

#include <jansson.h>
#include <stdio.h>

/* Of a status that facts_prepare() has seen. */
void tell_status(const json_t *status, FILE *out);

#endif
