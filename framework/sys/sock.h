/* SPDX-License-Identifier: MIT */
/*
 * sock.h - the sockets of a SO_REUSEPORT group (socket(7), ip(7), tcp(7)).
 *
 * Every descriptor made here is non-blocking and close-on-exec.  type is
 * SOCK_STREAM or SOCK_DGRAM.  Failures are -1 with errno of the system call.
 */
#ifndef PORTICO_SYS_SOCK_H
#define PORTICO_SYS_SOCK_H

#include <stdbool.h>

#include "sys/addr.h"

/* A socket bound to a, a member of its group, IPv6 only for IPv6.  A TCP one
 * is not listening yet and so takes no connections; a UDP one takes
 * datagrams at once.  A wildcard UDP one tells where each datagram was sent to. */
int sock_bind(const struct addr *a, int type);

/* Whether a could be bound by somebody who does not share: 0, or -1 with
 * EADDRINUSE when anybody holds it, with SO_REUSEPORT or without. */
int sock_probe(const struct addr *a, int type);

/* Makes one that others have bound what sock_bind() would have made: it does not block, is closed on
 * exec, and no program of before chooses in its group.  -1 and errno. */
int sock_adopt(int fd, const struct addr *a, int type);

int sock_listen(int fd, int backlog);

/* Whether a connection waits in the kernel for its first byte before it comes into the queue:
 * TCP_DEFER_ACCEPT (tcp(7)).  One whose client says nothing comes when the SYN-ACK is sent
 * again, after a second. */
void sock_defer(int fd, bool on);

/* A stream socket that is connecting, or connected: it takes bytes when it is, or has SO_ERROR.
 * EAGAIN: a unix socket's queue is full. */
int sock_connect(const struct sockaddr *to, socklen_t len);

/* The next connection of a listening socket and who it is from. */
int sock_accept(int fd, struct addr *peer);

/* How many connections wait in a listening socket's queue (tcpi_unacked of
 * TCP_INFO, on a duplicate too), or 1 if a UDP socket has datagrams. -1 and errno. */
int sock_queue(int fd);

/* How many may wait (tcpi_sacked of TCP_INFO); 0 for a UDP socket. -1 and errno. */
int sock_queue_limit(int fd);

/* A listening socket is found by no new connection any more, whoever else holds it: the
 * kernel looks for another one on the port, a wildcard maybe, or refuses the client.  What
 * has begun goes on: its queue, and handshakes on their way, but not those that the kernel
 * answered by SYN cookie.  There is no way back, and it is done once.  -1 and errno; EPERM:
 * before Linux 5.7, or when its address has a zone, it needs CAP_NET_RAW. */
int sock_refuse(int fd);

/* Takes a listening socket out of its group, whoever else holds it.  What is in its
 * queue is reset. */
void sock_end(int fd);

/* Bytes that were sent and that the peer has not acknowledged: what the kernel still
 * holds of them, SIOCOUTQ.  0 if it cannot tell. */
size_t sock_unacknowledged(int fd);

/* Whether bytes have come that nobody has read yet, SIOCINQ: a close() would then reset the
 * connection, and what the peer has not read of ours may go with it. */
bool sock_has_unread(int fd);

/* The next close() of fd resets the connection instead of ending it. */
void sock_reset_on_close(int fd);

#endif
