/* SPDX-License-Identifier: MIT */
/*
 * confine_files.h - the files, ports and processes that a worker may reach: Landlock.
 */
#ifndef PORTICO_WORKER_CONFINE_FILES_H
#define PORTICO_WORKER_CONFINE_FILES_H

struct worker_birth;

/* EX_OK, also where landlock = auto and the kernel has none of it; or an exit code whose reason has been
 * reported. */
int confine_files(const struct worker_birth *b);

#endif
