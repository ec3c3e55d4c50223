/* SPDX-License-Identifier: MIT */
/* tell.c - answers with an empty body, X-Saw: what it was shown (tests/cases/saw.h), and
 * X-Count: how many requests there have been in this worker, this one included. */
#include <portico.h>
#include <string.h>

#include "../cases/saw.h"

struct told {
	unsigned count;
};

static void tell(struct saw *saw, const char *before, const char *part)
{
	if (part)
		saw_part(saw, before, part, strlen(part), "");
}

static int request(struct portico_request *req)
{
	struct told *told = portico_service_state(portico_request_service(req));
	struct saw saw = { .len = 0 };
	char count[16];
	size_t len;
	const char *body = portico_request_body(req, &len);

	tell(&saw, "", portico_request_method(req));
	tell(&saw, " ", portico_request_path(req));
	tell(&saw, " ?", portico_request_query(req));
	tell(&saw, " @", portico_request_header(req, "Host"));
	tell(&saw, " x=", portico_request_header(req, "X"));
	if (len > 0)
		saw_part(&saw, " [", body, len, "]");
	snprintf(count, sizeof(count), "%u", ++told->count);
	portico_reply_header(req, "X-Saw", saw.text);
	portico_reply_header(req, "X-Count", count);
	return portico_reply(req, 200, NULL, "", 0);
}

PORTICO_PLUGIN(.name = "tell", .service_size = sizeof(struct told), .http_request = request)
