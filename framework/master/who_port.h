/* SPDX-License-Identifier: MIT */
/*
 * who_port.h - what portico who knows of one port of one protocol.
 *
 * Made in steps, each of which needs the one before: who_port_look() sees the sockets and who
 * holds them, who_try() finds what could be bound, who_port_group() numbers the groups.
 */
#ifndef PORTICO_MASTER_WHO_PORT_H
#define PORTICO_MASTER_WHO_PORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "sys/diag.h"
#include "sys/holder.h"

struct who_socket {
	struct diag_socket s;
	struct holder     *holders;      /* owned; ascending pids; none: nobody is seen */
	size_t             holder_count;
	int                reuseport;    /* 1 yes, 0 no, -1 not known */
	int                reuseaddr;
	unsigned           group;        /* from 1; 0: in none, or not known */
};

/* With what a socket is bound. */
enum who_how { WHO_PLAIN, WHO_REUSEADDR, WHO_REUSEPORT, WHO_HOWS };

enum who_answer { WHO_NO, WHO_YES, WHO_UNKNOWN };

struct who_outcome {
	enum who_answer answer;
	bool            tried;           /* or else it was concluded */
	int             error;           /* of the try; 0 */
};

struct who_place {                       /* what another process may want to bind */
	struct addr        addr;
	bool               v6only;
	unsigned           device;
	bool               held;         /* a socket is exactly there */
	uid_t              uid;          /* whose process it is that binds */
	struct who_outcome with[WHO_HOWS];
};

struct who_port {
	int                type;         /* SOCK_STREAM, SOCK_DGRAM */
	uint16_t           port;
	struct who_socket *sockets;      /* owned; those that hold the port */
	size_t             count;
	struct who_place  *places;       /* owned; the first is what is most likely wanted */
	size_t             place_count;
	unsigned           groups;
	size_t             connections;  /* TCP: with this local port, but for the next */
	size_t             time_wait;
	int                hidden;       /* processes that this user may not look at */
	bool               failed;       /* no memory */
};

int  who_port_look(struct who_port *p, int type, uint16_t port);   /* 0, or -1 and errno */
void who_port_group(struct who_port *p);
void who_port_fini(struct who_port *p);

/* Whether s is in the way of place, and whether it is exactly there. */
bool who_meets(const struct who_socket *s, const struct who_place *place);
bool who_is_at(const struct who_socket *s, const struct who_place *place);

int  who_try(struct who_port *p);                                  /* 0, or -1 and errno */
/* Ports under this one need CAP_NET_BIND_SERVICE. */
int  who_privileged_below(void);

enum { WHO_SENTENCE = 1024, WHO_ADDRESS = 128 };

/* Whether place can be bound now, and why not, in one sentence without a full stop; gives out. */
const char *who_say(const struct who_port *p, const struct who_place *place,
	char out[WHO_SENTENCE]);
/* The same for all places that are free, together; "" if none is. */
const char *who_say_free(const struct who_port *p, char out[WHO_SENTENCE]);
enum who_answer who_verdict(const struct who_place *place);

/* Words that text and JSON share. */
const char *who_type(const struct who_port *p);                    /* "tcp", "udp" */
const char *who_state(const struct who_socket *s);                 /* "listen", "bound", ... */
/* "0.0.0.0:80", "[::]:80 v6only", "[::]:80 and IPv4", "10.0.0.1:80 on eth0"; gives out.  v6only
 * matters for a wildcard; -1: not known. */
const char *who_address(const struct addr *a, int v6only, unsigned device, char out[WHO_ADDRESS]);

void    who_tell(const struct who_port *p);
json_t *who_json(const struct who_port *p);                        /* a new reference */

#endif
