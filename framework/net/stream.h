/* SPDX-License-Identifier: MIT */
/*
 * stream.h - a buffered non-blocking stream over one connected socket.
 *
 * A protocol embeds a struct stream in its connection, opens it, and from
 * then on is called through its struct stream_ops, always from the loop and
 * never from inside a call that it made: writes are queued and sent once
 * after the callback, closing is remembered and done then too.
 *
 *	OPEN --stream_close()--> FLUSHING --sent--> LINGERING --peer ended--> CLOSED
 *	  \________ stream_abort(), error, reset __________________________/
 *
 * FLUSHING sends what is queued; LINGERING has said that it is finished and
 * throws away what still comes, so that the peer reads our last words before
 * a reset could delete them; it is left out when the peer has nothing to say,
 * as it said and as the socket shows.
 */
#ifndef PORTICO_NET_STREAM_H
#define PORTICO_NET_STREAM_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/pace.h"
#include "net/deadline.h"
#include "net/hub.h"

struct counts;
struct shortest_slot;
struct stream_file;
struct tls;
struct tls_context;

struct stream_ops {
	/* All input that was not used yet.  Gives how much is used now; the
	 * rest comes again, in front of what arrives next.  May have len 0
	 * after stream_retry(). */
	size_t (*data)(struct stream *, char *data, size_t len);
	void (*eof)(struct stream *);       /* the peer will send no more; once */
	void (*drained)(struct stream *);   /* after stream_tell_drained(): all is sent */
	void (*late)(struct stream *);      /* what was expected did not come in time */
	void (*closed)(struct stream *);    /* the last call: free it */
};

/* One for all streams of a service. */
struct stream_kind {
	const struct stream_ops *ops;
	struct hub              *hub;
	struct shortest_slot    *seat;       /* whose queue they are in; NULL: nobody asks */
	struct counts           *counts;     /* where what they do is added to */
	size_t                   max_input;  /* unused input that stops reading */
	size_t                   high_water; /* queued output that stops reading */
	size_t                   max_queue;  /* queued output that refuses a write */
	bool                     prompt;     /* there is input when they are opened, mostly */
	bool                     patient;    /* reading, below, is only for what is unsent at the close */
	struct tls_context      *tls;        /* what they speak TLS with; NULL: they do not */
	struct deadline_queue    idle;       /* restarted by every byte either way */
	struct deadline_queue    shakes;     /* TLS: for the whole of a handshake */
	struct deadline_queue    linger;
	struct deadline_queue    unread;     /* output is unsent, with a pace to be read at */
	struct pace_rule         reading;    /* stream_kind_pace() */
};

enum stream_state { STREAM_OPEN, STREAM_FLUSHING, STREAM_LINGERING, STREAM_CLOSED };

/* What is seldom looked at comes first: the rest is three cache lines, beside what the protocol
 * keeps behind it. */
struct stream {
	struct stream         *next, *prev;  /* in a list of the hub's: stream_list.c */
	struct pace            pace;         /* of its peer's reading, while output is unsent */
	ev_io                  io;
	struct stream_kind    *kind;
	struct tls            *tls;          /* its transport; NULL: the socket as it is */
	uint32_t               state : 2;    /* enum stream_state; with its flags in one word */
	uint32_t               touched : 1;
	uint32_t               waiting : 1;  /* for its turn to send much */
	uint32_t               held : 1;     /* in a callback: it settles by itself */
	uint32_t               retry : 1;    /* give data() what there is once more */
	uint32_t               paused : 1;
	uint32_t               choked : 1;   /* went over high_water, not yet below half */
	uint32_t               blocked : 1;  /* the socket took no more */
	uint32_t               broken : 1;   /* the connection failed */
	uint32_t               eof : 1;      /* the peer ended */
	uint32_t               eof_told : 1;
	uint32_t               drain_told : 1; /* nothing to tell about output */
	uint32_t               received : 1; /* bytes, since somebody looked */
	uint32_t               hasty : 1;    /* do not linger */
	uint32_t               renewed : 1;  /* stream_renew(), since somebody looked */
	uint32_t               moved : 1;    /* bytes, either way, since its deadline was set */
	uint32_t               anew : 1;     /* its deadline is to be, whatever it is due for */
	uint32_t               prompt : 1;   /* input is there, mostly: nobody has looked yet */
	uint32_t               in_pieces : 1; /* its files cannot go by sendfile(2) */
	uint32_t               ending : 1;   /* no more will be written: to be said when all is sent */
	uint32_t               ended : 1;    /* that was said */
	uint32_t               given : 1;    /* by stream_hand_on(): for closed() */
	uint32_t               cut : 1;      /* stream_abort(), or its peer made no sense */
	uint32_t               discarded : 1; /* what its peer said behind our end */
	struct buf             in;           /* unused input, own storage */
	struct buf             out;          /* unsent output, storage lent by the hub */
	struct stream_file    *files;        /* unsent, each somewhere in out: stream_file.c */
	uint64_t               file_bytes;   /* of them, unsent */
	struct deadline        deadline;
	struct deadline_queue *expects;      /* where it is due while nothing is unsent */
	uint64_t               sent;         /* bytes, in all; with TLS before they are sealed */
};

/* max_input and the rest as in struct stream_kind; spans in seconds.  What they do is
 * counted nowhere until the caller sets counts. */
void stream_kind_init(struct stream_kind *k, struct hub *hub, const struct stream_ops *ops,
	double idle, double linger);
void stream_kind_fini(struct stream_kind *k);         /* no stream is left */

/* Before the first stream: while output is unsent its peer must read, by what it acknowledged,
 * rate bytes a second on average, and may fall behind by grace seconds; then it is late. */
void stream_kind_pace(struct stream_kind *k, double rate, double grace);

/* Streams that it opens from now on speak TLS, if c is not NULL; c is borrowed.  A handshake
 * has so many seconds. */
void stream_kind_secure(struct stream_kind *k, struct tls_context *c, double handshake);

/* What late() is to be called for: gives the queue's streams to ops->late. */
void stream_expired(struct deadline_queue *q, struct deadline *d);

/* s is zeroed memory; fd becomes its own.  Reading begins, of a prompt kind before the loop
 * sleeps: who is answered at once and closed is never watched. */
void stream_open(struct stream *s, struct stream_kind *kind, int fd);

/* The same over a transport that is ready and becomes its own; NULL: none.  kind has none to make. */
void stream_open_over(struct stream *s, struct stream_kind *kind, int fd, struct tls *tls);

/* From inside data(): it is of another kind of the same hub and seat from now on,
 * expects idle, and what data() leaves is for the new one. */
void stream_become(struct stream *s, struct stream_kind *kind);

/* Queues all of it: 0, or -1 with EPIPE (closing), ENOBUFS (over max_queue)
 * or ENOMEM, and then nothing is queued. */
int stream_write(struct stream *s, const void *data, size_t len);

/* Room for len bytes of output to be filled in at once; then stream_wrote()
 * what was filled.  NULL and errno as stream_write(). */
char *stream_reserve(struct stream *s, size_t len);
void  stream_wrote(struct stream *s, size_t len);

/* Queues length bytes of a regular file from offset on, behind what is queued now; what is
 * written later comes behind them.  They cost no memory.  fd is taken, also at -1: with EPIPE
 * (closing), EINVAL (offset, length), ENOBUFS (STREAM_FILES are unsent) or ENOMEM. A file
 * that turns out to be shorter, or cannot be read, aborts the stream. */
enum { STREAM_FILES = 64 };
int stream_send_file(struct stream *s, int fd, int64_t offset, int64_t length);

/* Whether one more could be queued: 0, or -1 with EPIPE or ENOBUFS.  For who writes something
 * in front of it that cannot be taken back. */
int stream_may_send_file(const struct stream *s);

/* What is unsent, in memory and in files. */
static inline size_t stream_queued(const struct stream *s)
{
	return buf_len(&s->out) + s->file_bytes;
}

/* Not closing, not broken. */
static inline bool stream_is_open(const struct stream *s)
{
	return s->state == STREAM_OPEN && !s->broken;
}

void stream_pause(struct stream *s);                  /* no more data() */
void stream_resume(struct stream *s);                 /* and what was left comes again */
void stream_retry(struct stream *s);                  /* call data() from the loop */
void stream_tell_drained(struct stream *s);           /* call drained() once all is sent */
void stream_expect(struct stream *s, struct deadline_queue *q); /* NULL: idle */

/* What was expected has come: what is expected next has all of its time, even
 * if it is due in the same queue. */
void stream_renew(struct stream *s);

/* No more will be written: the peer is told when all is sent, and may go on.  When it has ended
 * too, the stream closes. */
void stream_end(struct stream *s);

/* Ends it after what is queued is sent.  hasty: the peer has promised to say nothing
 * more, so do not wait for its end, unless bytes of it come all the same. */
void stream_close(struct stream *s, bool hasty);
__attribute__((cold)) void stream_abort(struct stream *s);                  /* now; the peer sees a reset */

/* Nothing is unread, unused, unsent or under way on our side; one with TLS never is,
 * since half of it lives in this process. */
bool stream_is_at_rest(const struct stream *s);

/* Lets go of a stream at rest without ending its connection: give(arg, fd) gets the
 * descriptor to borrow; if it gives 0, closed() has been called and fd is closed here;
 * else nothing has changed. Not from a callback of s. */
int stream_hand_on(struct stream *s, int (*give)(void *arg, int fd), void *arg);

/* Takes the connection out of a stream on whose two sides nothing is under way, TLS or not: *fd and *tls are
 * the caller's, and closed() has been called.  False: it cannot be, and nothing has changed.  Not
 * from a callback of s. */
bool stream_part(struct stream *s, int *fd, struct tls **tls);
void stream_abort_all(struct deadline_queue *q);       /* every stream that is in q */
void stream_kind_abort(struct stream_kind *k);        /* every stream in the kind's own queues */
struct stream *stream_of(struct deadline *d);

/* Closes a connection that becomes no stream; counted as closed. */
void stream_decline(struct stream_kind *k, int fd);

/* For who goes through a hub's lists only: settles it, which leaves its list. */
void stream_settle_listed(struct stream *s);

#endif
