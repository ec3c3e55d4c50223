/* SPDX-License-Identifier: MIT */
/* typed.c - an option of each type, with and without a range; answers with all of them. */
#include <inttypes.h>
#include <portico.h>
#include <stdio.h>

struct typed {
	const char *text;
	int64_t     number;
	int64_t     small;
	size_t      size;
	bool        flag;
	double      wait;
	int         colour;
	const char *must;
};

static int request(struct portico_request *req)
{
	struct typed *t = portico_service_state(portico_request_service(req));
	char text[512];

	snprintf(text, sizeof(text), "%s %" PRId64 " %" PRId64 " %zu %d %.3f %d %s\n", t->text,
		t->number, t->small, t->size, t->flag, t->wait, t->colour, t->must);
	return portico_reply_text(req, 200, text);
}

static const struct portico_option options[] = {
	PORTICO_OPTION(STRING, struct typed, text, "words", "a text"),
	PORTICO_OPTION(INT, struct typed, number, "-3", "a number"),
	PORTICO_OPTION_IN(INT, struct typed, small, "5", "1..10", "a small number"),
	PORTICO_OPTION_IN(SIZE, struct typed, size, "4k", "1..1m", "a size"),
	PORTICO_OPTION(BOOL, struct typed, flag, "no", "a flag"),
	PORTICO_OPTION_IN(SECONDS, struct typed, wait, "250ms", "0..1m", "a time"),
	PORTICO_OPTION_IN(ENUM, struct typed, colour, "green", "red|green|blue", "a colour"),
	PORTICO_OPTION(STRING, struct typed, must, NULL, "what must be said"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "typed", .options = options, .service_size = sizeof(struct typed),
	.http_request = request)
