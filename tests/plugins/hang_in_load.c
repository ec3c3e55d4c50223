/* SPDX-License-Identifier: MIT */
/* hang_in_load.c - its constructor never ends, once it has told so. */
#include <portico.h>
#include <unistd.h>

__attribute__((constructor))
static void hang(void)
{
	static const char text[] = "hang_in_load: hanging\n";

	if (write(2, text, sizeof(text) - 1) < 0)
		_exit(1);
	for (;;)
		pause();
}

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, "never\n");
}

PORTICO_PLUGIN(.name = "hang_in_load", .http_request = request)
