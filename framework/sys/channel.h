/* SPDX-License-Identifier: MIT */
/*
 * channel.h - messages between the master and one worker, with descriptors.
 *
 * A pair of SOCK_SEQPACKET sockets (unix(7)): a message arrives whole or not
 * at all, and end of file means that the other process is gone.
 */
#ifndef PORTICO_SYS_CHANNEL_H
#define PORTICO_SYS_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

/* What is said.  Values and texts as the comment beside each says. */
enum message_type {
	/* master to worker */
	MESSAGE_BIND = 1,        /* it is your turn to bind what your slot lacks */
	MESSAGE_SERVE,           /* the sockets listen: start accepting; seconds: how long to wait
	                          * before for what your predecessor's handlers export */
	MESSAGE_RETIRE,          /* leave the queue to your successor, finish; seconds: until when;
	                          * value 1: and say what your handlers export */
	MESSAGE_FINISH,          /* empty the queue, finish; seconds: until when, 0: no limit */
	MESSAGE_NOW,             /* end at once */
	MESSAGE_LOG,             /* fd: write your log there from now on, in style value */
	MESSAGE_LEND,            /* fd: serve listen number value, of slot, too */
	MESSAGE_KEEP,            /* when you retire, go on serving listen number value */
	MESSAGE_HEIR,            /* fd: a channel to who takes your idle connections when you retire;
	                          * text[n] not 0: but not of service number n */
	MESSAGE_LEGACY,          /* fd: the other end of such a channel */
	MESSAGE_TURN,            /* nothing: turn once, so that it is seen that you can */
	MESSAGE_RETURN,          /* empty what you borrowed or kept (value, slot) and stop */
	MESSAGE_ACCESS,          /* fd: the access log of service number value, opened anew */

	/* worker to worker */
	MESSAGE_IDLE,            /* fd: an idle connection; text: worker/legacy.c */

	/* worker to master */
	MESSAGE_BOUND,           /* fd: the socket for listen number value */
	MESSAGE_BOUND_ALL,       /* the slot has all its sockets */
	MESSAGE_RETURNED,        /* done with it (value, slot) */
	MESSAGE_READY,           /* loaded and started: waiting for SERVE; value: enum message_estate */
	MESSAGE_FAILED,          /* value: exit code; text: the sentence */

	/* The following came later, and a master speaks with workers of the binary before it. */
	MESSAGE_STATUS,          /* to the master: how is it all?  From it: fd: admin/status.h */
	MESSAGE_UNREADY,         /* to a worker: /readyz says so from now on; text: why */
	MESSAGE_EXPORTED,        /* and on to who comes after: fd: of the handler text; without a
	                          * text that was all; value 1: its worker died */
	MESSAGE_CONTINUE,        /* worker to worker: fd: a connection, and behind it what its handler
	                          * has to know; text: worker/legacy.c */
};

/* What handlers of a worker do about state. */
enum message_estate {
	MESSAGE_EXPORTS = 1,
	MESSAGE_IMPORTS = 2,
};

enum { MESSAGE_TEXT = 512 };

struct message {
	uint32_t type;
	uint32_t value;
	uint32_t slot;
	uint32_t unused;         /* so that all bytes are set */
	double   seconds;        /* from now; 0: no limit */
	char     text[MESSAGE_TEXT];
};

/* Two connected ends, both close-on-exec and non-blocking.  0, or -1 and errno. */
int channel_open(int ends[2]);

/* Sends m, and fd with it unless that is -1 (it stays open here).  0, or -1 and errno:
 * EAGAIN (it is full: the other does not listen), EPIPE or ECONNRESET (it is gone). */
int channel_send(int end, const struct message *m, int fd);

/* The same with len bytes behind m, which only channel_receive_more() gets. */
int channel_send_more(int end, const struct message *m, const void *more, size_t len, int fd);

/* 1 and a message, with *fd the caller's own or -1 (without one, or if there
 * was no descriptor left for it); 0 at end of file; -1 with errno, EAGAIN if
 * there is none. */
int channel_receive(int end, struct message *m, int *fd);

/* The same, and up to *len bytes that came behind it; *len is what came. */
int channel_receive_more(int end, struct message *m, void *more, size_t *len, int *fd);

/* Waits without limit for the next message. 1, 0 at end of file, -1. */
int channel_wait(int end, struct message *m, int *fd);

#endif
