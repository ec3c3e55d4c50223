/* SPDX-License-Identifier: MIT */
/* headers.c - tries headers that would break the framing; answers with the names of those
 * that were let through. */
#include <errno.h>
#include <portico.h>
#include <stdio.h>

static const struct {
	const char *label, *name, *value;
} attempts[] = {
	{ "crlf-in-value", "X-A", "a\r\nX-Injected: yes" },
	{ "lf-in-value", "X-A", "a\nX-Injected: yes" },
	{ "cr-in-value", "X-A", "a\rb" },
	{ "crlf-in-name", "X-A: b\r\nX-Injected", "yes" },
	{ "space-in-name", "X A", "b" },
	{ "colon-in-name", "X-A:", "b" },
	{ "empty-name", "", "b" },
	{ "content-length", "Content-Length", "5" },
	{ "transfer-encoding", "transfer-encoding", "chunked" },
	{ "connection", "Connection", "keep-alive" },
};

static int request(struct portico_request *req)
{
	char text[1024];
	int len = 0;

	for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++)
		if (portico_reply_header(req, attempts[i].name, attempts[i].value) == 0
			|| errno != EINVAL)
			len += snprintf(text + len, sizeof(text) - (size_t)len, "%s ",
				attempts[i].label);
	if (portico_reply(req, 200, "text/plain\r\nX-Injected: yes", "", 0) == 0)
		return 0;
	portico_reply_header(req, "X-Good", "yes");
	snprintf(text + len, sizeof(text) - (size_t)len, "end\n");
	return portico_reply_text(req, 200, text);
}

PORTICO_PLUGIN(.name = "headers", .http_request = request)
