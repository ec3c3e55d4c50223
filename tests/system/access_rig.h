/* SPDX-License-Identifier: MIT */
/*
 * access_rig.h - what the tests of the access log share: their server, and what is in its files.
 */
#ifndef SYSTEM_ACCESS_RIG_H
#define SYSTEM_ACCESS_RIG_H

#include <sys/types.h>

#define WEB  "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
#define HELLO "[handler web /]\nplugin = ${E}/hello.so\n"
#define LOGGED(workers) "[portico]\nworkers = " workers "\n" WEB "access_log = access.log\n" HELLO

/* All of a file in the test's directory, however long; to be freed. */
char *access_text(const char *name);

/* Waits until the file has that piece. */
void access_await(const char *name, const char *piece);

/* Waits until the process has the file open that is there by that name now. */
void access_await_open(pid_t pid, const char *name);

/* Lines of the first service that were lost, as status tells. */
long long access_lost(void);

#endif
