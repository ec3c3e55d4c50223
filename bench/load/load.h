/* SPDX-License-Identifier: MIT */
/*
 * load.h - the parts of the load generator: what is said (message), over what (wire), by whom
 * (stream, udp).  Every load is closed: a peer says the next thing when all of the last one was
 * answered.
 */
#ifndef PORTICO_BENCH_LOAD_H
#define PORTICO_BENCH_LOAD_H

#include <netdb.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum load_kind { LOAD_HTTP, LOAD_ECHO, LOAD_WS, LOAD_UDP };
enum load_tls { LOAD_PLAIN, LOAD_FULL, LOAD_RESUMED };

struct load_plan {
	enum load_kind kind;
	enum load_tls tls;
	bool close;	   /* a connection for each batch; the server ends it */
	bool wait;	   /* says "ready" before the first request, and waits for a line */
	bool burst;	   /* udp: a batch is one send, in segments, and comes back as it likes */
	bool once;	   /* each connection asks once, and then all are held */
	unsigned depth;	   /* requests in a batch: sent together, awaited together */
	size_t count;	   /* connections; udp: sockets */
	uint64_t requests; /* 0: until seconds are over */
	double seconds;
	const struct addrinfo *where;
};

struct load_result {
	uint64_t requests; /* answered */
	uint64_t errors;
	double seconds;
};

/* ---- message.c: what a batch is, and what has to come back ---- */

struct message {
	char *out; /* the whole batch */
	size_t out_size;
	char *answer; /* one of its answers: what it is compared with */
	size_t answer_size;
	size_t checked; /* this much of each answer has to be the same */
	size_t batch_size;
};

/* A request from a file, or bytes of our own. */
void message_init_http(struct message *m, const struct load_plan *plan, const char *file);
void message_init_bytes(struct message *m, const struct load_plan *plan, size_t bytes);
/* Whether these bytes may stand at this position of what comes back. */
bool message_fits(const struct message *m, size_t position, const char *bytes, size_t len);

/* ---- wire.c: a connection, with TLS or without ---- */

struct wire {
	int fd; /* -1: none */
	SSL *ssl;
	SSL_SESSION *session; /* of this peer's connections, to be resumed */
};

/* Begins to connect, without blocking: when it is writable wire_is_open() tells.  -1: at once not.
 */
int wire_open(struct wire *wire, const struct load_plan *plan);
/* Waits, if need be, and clears what went wrong into errno. */
bool wire_is_open(struct wire *wire);
void wire_close(struct wire *wire);
void wire_free(struct wire *wire);
void wire_set_blocking(struct wire *wire, bool blocking);
/* 1: done, 0: wait until readable, -1: failed, or not of the kind that was asked for. */
int wire_shake(struct wire *wire, const struct load_plan *plan);
/* All or nothing: what is sent here fits a send buffer. */
int wire_send(struct wire *wire, const char *bytes, size_t len);
/* Bytes; 0 at the end; -1 and errno, EAGAIN for none yet. */
ssize_t wire_receive(struct wire *wire, char *bytes, size_t room);
/* WebSocket's opening handshake, on a wire that blocks. */
int wire_upgrade(struct wire *wire);

/* ---- stream.c, udp.c ---- */

void load_stream(const struct load_plan *plan, const struct message *m, struct load_result *result);
void load_udp(const struct load_plan *plan, const struct message *m, struct load_result *result);

/* ---- main.c ---- */

double load_now(void);
/* If the plan says so: until standard input brings a line. */
void load_wait(const struct load_plan *plan);

#endif
