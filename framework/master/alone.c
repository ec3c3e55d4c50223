/* SPDX-License-Identifier: MIT */
/*
 * alone.c - portico run PLUGIN.so: what the command line says takes the place of a file.
 */
#include "master/alone.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "master/inspect.h"

static struct config_alone alone;
static char path[PATH_MAX];

/* One of the words of config.h, which live for ever, as found does not. */
static const char *lasting(const char *protocol)
{
	return strcmp(protocol, "tcp") == 0 ? "tcp" : strcmp(protocol, "udp") == 0 ? "udp" : "http";
}

static void tell_several(const json_t *protocols)
{
	size_t i;
	json_t *p;

	fprintf(stderr, "portico: %s serves several protocols; say which:", path);
	json_array_foreach(protocols, i, p)
		fprintf(stderr, "%s --%s", i ? " or" : "", json_string_value(p));
	fprintf(stderr, "\n");
}

/* NULL after telling why there is none. */
static const char *protocol_of(const json_t *found)
{
	const char *problem = json_string_value(json_object_get(found, "problem"));
	const json_t *protocols = json_object_get(found, "protocols");

	if (!problem && json_array_size(protocols) == 1)
		return lasting(json_string_value(json_array_get(protocols, 0)));
	if (problem)
		fprintf(stderr, "portico: %s\n", problem);
	else if (json_array_size(protocols) == 0)
		fprintf(stderr, "portico: %s serves no protocol: it lacks tcp_data(), udp_packet() or "
			"http_request()\n", path);
	else
		tell_several(protocols);
	return NULL;
}

static const char *find_protocol(void)
{
	json_t *found = inspect(path);
	const char *protocol = found ? protocol_of(found) : NULL;

	json_decref(found);
	return protocol;
}

const char *alone_begin(const struct config_alone *wanted, int *code)
{
	alone = *wanted;
	*code = EX_NOINPUT;
	if (inspect_find(alone.plugin, path) < 0)
		return NULL;
	*code = EX_CONFIG;
	alone.plugin = path;
	if (!alone.listen)
		alone.listen = ALONE_LISTEN;
	if (!alone.protocol)
		alone.protocol = find_protocol();
	if (!alone.protocol)
		return NULL;
	config_serve_alone(&alone);
	return path;
}
