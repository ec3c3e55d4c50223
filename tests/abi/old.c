/* SPDX-License-Identifier: MIT */
/* old.c - a plugin as it was built against the header of ABI 1's first release: options, state,
 * HTTP, TCP and UDP. */
#include "portico-1.h"

#include <stdio.h>

struct old {
	const char *word;
	int64_t     number;
};

static int request(struct portico_request *req)
{
	struct old *old = portico_service_state(portico_request_service(req));
	char text[256];

	snprintf(text, sizeof(text), "%s %d\n", old->word, (int)old->number);
	portico_reply_header(req, "X-Old", "yes");
	return portico_reply_text(req, 200, text);
}

static ssize_t data(struct portico_conn *conn, const void *bytes, size_t len)
{
	return portico_conn_write(conn, bytes, len);
}

static int packet(struct portico_dgram *dgram, const void *bytes, size_t len)
{
	return portico_dgram_reply(dgram, bytes, len);
}

static const struct portico_option options[] = {
	PORTICO_OPTION(STRING, struct old, word, "old", "what to say"),
	PORTICO_OPTION_IN(INT, struct old, number, "1", "1..9", "how often"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "old", .version = "1", .options = options,
	.service_size = sizeof(struct old), .http_request = request, .tcp_data = data,
	.udp_packet = packet)
