/* SPDX-License-Identifier: MIT */
/* udp_echo.c - UDP: sends every datagram back (RFC 862). */
#include <portico.h>

static int packet(struct portico_dgram *dgram, const void *data, size_t len)
{
	return portico_dgram_reply(dgram, data, len);
}

PORTICO_PLUGIN(.name = "udp_echo", .summary = "sends every datagram back", .udp_packet = packet)
