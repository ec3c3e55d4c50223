/* SPDX-License-Identifier: MIT */
/*
 * udp.h - datagrams between sockets and a plugin's udp_packet().
 */
#ifndef PORTICO_PROTO_UDP_H
#define PORTICO_PROTO_UDP_H

struct dgram_socket;
struct hub;
struct portico_service;

/* Serves fd's datagrams with handler. d is zeroed memory; fd is borrowed
 * until dgram_stop(d).  -1 and ENOMEM. */
int udp_start(struct dgram_socket *d, struct hub *hub, struct portico_service *handler, int fd);

#endif
