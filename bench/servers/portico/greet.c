/* SPDX-License-Identifier: MIT */
/* greet.c - a greeting that was made before it is asked for, as the other servers have theirs:
 * what examples/hello.c formats for each request is not what a server costs. */
#include <portico.h>
#include <stdio.h>

struct greet {
	const char *greeting;
	char        text[64];
};

static int start(struct portico_service *service)
{
	struct greet *g = portico_service_state(service);

	if (snprintf(g->text, sizeof(g->text), "%s\n", g->greeting) < (int)sizeof(g->text))
		return 0;
	portico_log(service, PORTICO_ERROR, "greeting: at most %zu bytes", sizeof(g->text) - 2);
	return -1;
}

static int request(struct portico_request *req)
{
	struct greet *g = portico_service_state(portico_request_service(req));

	return portico_reply_text(req, 200, g->text);
}

static const struct portico_option options[] = {
	PORTICO_OPTION(STRING, struct greet, greeting, "Hello", "what to answer"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "greet", .options = options, .service_size = sizeof(struct greet),
	.start = start, .http_request = request)
