/* SPDX-License-Identifier: MIT */
/* plus.cc - a plugin in C++, with all that PORTICO_PLUGIN() and options need there. */
#include <portico.h>
#include <string>

namespace {

struct state {
	const char *greeting;
	int64_t times;
};

int request(struct portico_request *req)
{
	const state *s = static_cast<state *>(portico_service_state(portico_request_service(req)));
	std::string text;

	for (int64_t i = 0; i < s->times; i++)
		text += s->greeting;
	return portico_reply_text(req, 200, text.c_str());
}

const struct portico_option options[] = {
	PORTICO_OPTION(STRING, state, greeting, "Hello", "what to answer"),
	PORTICO_OPTION_IN(INT, state, times, "1", "1..100", "how often"),
	{},
};

}

PORTICO_PLUGIN(.name = "plus", .options = options, .service_size = sizeof(state), .http_request = request)
