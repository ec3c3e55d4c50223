/* SPDX-License-Identifier: MIT */
/* echo_path.c - answers "LABEL METHOD PATH QUERY BODY\n": what the handler was shown. */
#include <portico.h>
#include <stdio.h>

struct labelled {
	const char *label;
};

static int request(struct portico_request *req)
{
	struct labelled *labelled = portico_service_state(portico_request_service(req));
	const char *query = portico_request_query(req);
	const char *body;
	char text[4096];
	size_t len;

	body = portico_request_body(req, &len);
	snprintf(text, sizeof(text), "%s %s %s %s %.*s\n", labelled->label,
		portico_request_method(req), portico_request_path(req), query ? query : "-",
		(int)len, body);
	return portico_reply_text(req, 200, text);
}

static const struct portico_option options[] = {
	PORTICO_OPTION(STRING, struct labelled, label, "-", "first word of the answer"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "echo_path", .options = options,
	.service_size = sizeof(struct labelled), .http_request = request)
