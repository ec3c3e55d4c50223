/* SPDX-License-Identifier: MIT */
/* older.c - as if built with a header before portico-1.h: a plugin struct that ends at
 * http_request, options without a range.  What lies behind both is not zero, and is none
 * of the loader's business. */
#include "portico-1.h"

#include <stdio.h>

struct older {
	const char *word;
	bool        loud;
};

struct older_option {
	const char        *name;
	enum portico_type  type;
	size_t             offset;
	const char        *fallback;
	const char        *help;
};

struct older_plugin {
	uint32_t abi, struct_size, option_size, reserved;
	const char *name, *version, *summary;
	const struct older_option *options;
	size_t service_size, conn_size, request_size;
	int  (*setting)(struct portico_service *, const char *, const char *);
	int  (*start)(struct portico_service *);
	void (*drain)(struct portico_service *);
	void (*stop)(struct portico_service *);
	int     (*tcp_open)(struct portico_conn *);
	ssize_t (*tcp_data)(struct portico_conn *, const void *, size_t);
	void    (*tcp_eof)(struct portico_conn *);
	void    (*tcp_drained)(struct portico_conn *);
	void    (*tcp_close)(struct portico_conn *);
	int  (*udp_packet)(struct portico_dgram *, const void *, size_t);
	int     (*http_begin)(struct portico_request *);
	ssize_t (*http_body)(struct portico_request *, const void *, size_t);
	int     (*http_request)(struct portico_request *);
};

_Static_assert(sizeof(struct older_plugin) == offsetof(struct portico_plugin, http_drained),
	"the members of today's header in their order, without the last two");
_Static_assert(sizeof(struct older_option) == offsetof(struct portico_option, range),
	"the members of today's option, without the last");

static int request(struct portico_request *req)
{
	struct older *older = portico_service_state(portico_request_service(req));
	char text[256];

	snprintf(text, sizeof(text), "%s%s\n", older->word, older->loud ? "!" : "");
	return portico_reply_text(req, 200, text);
}

static const struct older_option options[] = {
	{ "word", PORTICO_STRING, offsetof(struct older, word), "older", "what to say" },
	{ "loud", PORTICO_BOOL, offsetof(struct older, loud), "no", "how to say it" },
	{ 0 },
};

struct with_neighbour {
	struct older_plugin plugin;
	uintptr_t           neighbour[8];
};

extern const struct with_neighbour portico_plugin;

__attribute__((visibility("default")))
const struct with_neighbour portico_plugin = {
	.plugin = {
		.abi = PORTICO_ABI,
		.struct_size = sizeof(struct older_plugin),
		.option_size = sizeof(struct older_option),
		.name = "older",
		.options = options,
		.service_size = sizeof(struct older),
		.http_request = request,
	},
	.neighbour = { 1, 2, 3, 4, 5, 6, 7, 8 },
};
