/* SPDX-License-Identifier: MIT */
/*
 * project.h - portico new: a folder to begin a handler in.
 */
#ifndef PORTICO_MASTER_PROJECT_H
#define PORTICO_MASTER_PROJECT_H

/* Makes the folder name here, for a handler of kind tcp, udp, http or websocket.  Nothing is written
 * over; what went wrong is told on standard error, and then nothing is left behind.  Gives the
 * exit code. */
int project(const char *name, const char *kind);

#endif
