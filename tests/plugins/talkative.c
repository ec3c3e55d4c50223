/* SPDX-License-Identifier: MIT */
/* talkative.c - as many numbers as a worker may have, with names and helps as long as they may be. */
#include <portico.h>
#include <stdio.h>
#include <string.h>

enum { NUMBERS = 128, NAME = 63, HELP = 103 };

static int start(struct portico_service *service)
{
	unsigned worker = portico_service_worker(service);
	char name[NAME + 1], help[HELP + 1];

	memset(help, '0', HELP);
	help[HELP] = '\0';
	for (int i = 0; i < NUMBERS; i++) {
		memset(name, '_', NAME);
		name[NAME] = '\0';
		name[snprintf(name, sizeof(name), "of_%u_%d", worker, i)] = '_';
		if (!portico_counter(service, name, help))
			return -1;
	}
	return 0;
}

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, "hello\n");
}

PORTICO_PLUGIN(.name = "talkative", .start = start, .http_request = request)
