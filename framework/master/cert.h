/* SPDX-License-Identifier: MIT */
/*
 * cert.h - portico cert: a certificate for development that signs itself.
 */
#ifndef PORTICO_MASTER_CERT_H
#define PORTICO_MASTER_CERT_H

/* For count names, hosts or IP addresses; 0: localhost and its addresses.  Writes
 * NAME.crt and NAME.key of the first one to this directory, neither of which may be
 * there.  Gives the exit code. */
int cert(char *const *names, int count);

#endif
