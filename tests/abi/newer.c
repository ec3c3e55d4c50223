/* SPDX-License-Identifier: MIT */
/* newer.c - as if built with a later header, whose new members it does not use: their
 * zeros are welcome. */
#include "portico-1.h"

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, "newer\n");
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
		.name = "newer",
		.http_request = request,
	},
};
