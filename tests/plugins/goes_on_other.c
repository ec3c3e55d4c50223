/* SPDX-License-Identifier: MIT */
/* goes_on_other.c - the same under another name: what there is was not its own. */
#define GOES_ON .ws_export = socket_export, .ws_import = socket_import, \
	.tcp_export = conn_export, .tcp_import = conn_import,
#define GOES_ON_NAME "other"
#include "goes_on.c"
