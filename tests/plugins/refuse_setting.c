/* SPDX-License-Identifier: MIT */
/* refuse_setting.c - takes keys that are not in its table, but not the key "bad". */
#include <portico.h>
#include <string.h>

static int setting(struct portico_service *service, const char *key, const char *value)
{
	(void)service;
	(void)value;
	return strcmp(key, "bad") == 0 ? -1 : 0;
}

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, "set\n");
}

PORTICO_PLUGIN(.name = "refuse_setting", .setting = setting, .http_request = request)
