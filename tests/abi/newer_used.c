/* SPDX-License-Identifier: MIT */
/* newer_used.c - as if built with a later header, one of whose new members it needs. */
#include "portico-1.h"

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, "never\n");
}

static void needed(void)
{
}

struct newer_plugin {
	struct portico_plugin known;
	void                (*unknown[4])(void);
};

extern const struct newer_plugin portico_plugin;

__attribute__((visibility("default")))
const struct newer_plugin portico_plugin = {
	.known = {
		.abi = PORTICO_ABI,
		.struct_size = sizeof(struct newer_plugin),
		.option_size = sizeof(struct portico_option),
		.name = "newer_used",
		.http_request = request,
	},
	.unknown = { NULL, NULL, needed, NULL },
};
