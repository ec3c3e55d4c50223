/* SPDX-License-Identifier: MIT */
/* hello.c - the smallest useful HTTP handler: a greeting from the ini file. */
#include <portico.h>
#include <stdio.h>

struct hello {
	const char *greeting;
};

static int request(struct portico_request *req)
{
	struct hello *hello = portico_service_state(portico_request_service(req));
	char text[256];

	snprintf(text, sizeof(text), "%s\n", hello->greeting);
	/* No browser shall take a greeting for a page. */
	portico_reply_header(req, "X-Content-Type-Options", "nosniff");
	return portico_reply_text(req, 200, text);
}

static const struct portico_option options[] = {
	PORTICO_OPTION(STRING, struct hello, greeting, "Hello", "what to answer"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "hello", .summary = "answers every request with a greeting",
	.options = options, .service_size = sizeof(struct hello), .http_request = request)
