/* SPDX-License-Identifier: MIT */
/* die_in_start.c - while a file is there, the worker of one slot dies in start().  Those that
 * live say who they are: "SLOT PID\n". */
#include <portico.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct mortal {
	const char *file;
	int64_t     slot;
};

static int start(struct portico_service *service)
{
	const struct mortal *mortal = portico_service_state(service);

	if (portico_service_worker(service) == mortal->slot && access(mortal->file, F_OK) == 0)
		_exit(42);
	return 0;
}

static const char *who(struct portico_service *service)
{
	static char text[64];

	snprintf(text, sizeof(text), "%u %d\n", portico_service_worker(service), (int)getpid());
	return text;
}

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, who(portico_request_service(req)));
}

static int packet(struct portico_dgram *dgram, const void *data, size_t len)
{
	const char *text = who(portico_dgram_service(dgram));

	(void)data;
	(void)len;
	return portico_dgram_reply(dgram, text, strlen(text));
}

static const struct portico_option options[] = {
	PORTICO_OPTION(STRING, struct mortal, file, NULL, "what to die of"),
	PORTICO_OPTION_IN(INT, struct mortal, slot, "1", "0..1024", "who dies"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "die_in_start", .options = options, .service_size = sizeof(struct mortal),
	.start = start, .http_request = request, .udp_packet = packet)
