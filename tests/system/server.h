/* SPDX-License-Identifier: MIT */
/*
 * server.h - the real binary, run by a test: its log, its workers, its end.
 *
 * Each server has a process group of its own and dies with its test.
 */
#ifndef SYSTEM_SERVER_H
#define SYSTEM_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct server;

struct spawn {                   /* zeroed: as root, with the limits of the test */
	uid_t    uid;
	unsigned files;          /* hard and soft limit of descriptors */
	const int *given;        /* sockets, as systemd would give them */
	unsigned   given_count;
};

/* Forks and runs the binary; argv[0] is filled in.  Its own process group; gone with its parent. */
pid_t spawn_portico(const struct spawn *how, int out, int err, const char **argv);

/* Writes portico.ini, runs it, waits until generation 1 serves. */
struct server *server_start(const char *ini, ...) __attribute__((format(printf, 1, 2)));
/* Runs the portico.ini that is there, and waits for nothing. */
struct server *server_spawn(const struct spawn *how);
/* The same with words of your own; argv[0] is filled in. */
struct server *server_spawn_with(const struct spawn *how, const char **argv);

/* Writes portico.ini anew and says HUP. */
void server_reload(struct server *s, const char *ini, ...) __attribute__((format(printf, 2, 3)));

pid_t server_pid(const struct server *s);
void  server_signal(struct server *s, int number);

/* What it and its workers have said so far, standard output and error. */
const char *server_log(struct server *s);
bool   server_says(struct server *s, const char *text);
size_t server_count(struct server *s, const char *text);
/* Waits for a piece of its log; no such piece in PATIENCE: the test fails. */
void   server_await(struct server *s, const char *text);
void   server_await_count(struct server *s, const char *text, size_t count);
void   server_await_generation(struct server *s, unsigned number);

/* Its exit code, -1 when a signal ended it, -2 when it goes on. */
int  server_await_exit(struct server *s, double seconds);
/* TERM, exit code 0, and no process of it left. */
void server_stop(struct server *s);
/* No process of its group is left.  Waits a while for it. */
void server_assert_gone(struct server *s);
/* After a test has failed: shows logs.  In any case nothing stays. */
void servers_end(void);

/* The pids of its workers, ascending.  Gives how many. */
size_t server_workers(struct server *s, pid_t *out, size_t max);
void   server_await_workers(struct server *s, size_t count);

/* One run to its end. */
struct outcome {
	int    code;
	char   out[4096];
	char   err[65536];
	double seconds;
};

/* Arguments end with NULL.  Fails the test when it does not end. */
void portico_ends(struct outcome *o, const struct spawn *how, const char *argument, ...);

#endif
