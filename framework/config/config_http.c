/* SPDX-License-Identifier: MIT */
/*
 * config_http.c - keys of http that need more than a type: host, server and access_log.
 */
#include "config/config_draft.h"

#include <string.h>

#include "base/text.h"

enum {
	HOST_MOST = 255,         /* bytes of a name: RFC 1035, 2.3.4 */
	SERVER_MOST = 100,
};

bool config_handler_owns(const char *key, bool http)
{
	if (strcmp(key, "host") == 0)
		return http;
	return schema_has(&config_handler_keys, key);
}

/* ---- host ---- */

static void make_small(char *text)
{
	for (; *text != '\0'; text++) {
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
	}
}

/* A name, *.name, an IPv4 address or an IPv6 one in brackets; small letters. */
static bool is_host(const char *host)
{
	const char *name = strncmp(host, "*.", 2) == 0 ? host + 2 : host;
	size_t len = strlen(name);

	if (len == 0 || len > HOST_MOST)
		return false;
	if (name[0] == '[' && name == host)
		return len > 2 && strspn(name + 1, "0123456789abcdef:.") == len - 2
			&& name[len - 1] == ']';
	return name[0] != '.' && name[len - 1] != '.'
		&& strstr(name, "..") == NULL
		&& strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == len;
}

static size_t count_commas(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += *text == ',';
	return count;
}

int config_read_hosts(struct draft *d, const struct ini_section *section,
	struct config_handler *handler)
{
	const struct ini_entry *e = ini_find(section, "host");

	if (e == NULL || e->value == NULL)
		return 0;
	char *rest = arena_copy(d->mem, e->value, strlen(e->value));
	handler->hosts = arena_alloc(d->mem, (count_commas(e->value) + 1) * sizeof(*handler->hosts));
	if (rest == NULL || handler->hosts == NULL)
		return -1;
	make_small(rest);
	while (rest != NULL) {
		char *host = text_trim(strsep(&rest, ","));
		if (is_host(host))
			handler->hosts[handler->host_count++] = host;
		else
			problems_add(&d->problems, section->file, e->line,
				"host: \"%s\" is no host; write a.example or *.example, without a port",
				host);
	}
	return 0;
}

/* ---- server ---- */

/* No value of an ini file has a control character, so any may stand in a field. */
void config_read_server(struct draft *d, struct draft_service *s)
{
	const char **server = &s->service.server;

	if (strcmp(*server, "off") == 0)
		*server = NULL;
	else if (strlen(*server) > SERVER_MOST)
		problems_add(&d->problems, s->section->file, ini_find(s->section, "server")->line,
			"server has more than %d bytes; write less, or off", SERVER_MOST);
}

/* ---- access_log ---- */

int config_read_access_log(struct draft *d, struct draft_service *s)
{
	const struct ini_entry *format = ini_find(s->section, "access_log_format");
	const char **path = &s->service.access_log;

	if ((*path)[0] != '\0') {
		if (strcmp(*path, "-") != 0)
			*path = ini_relative(d->mem, s->section->file, *path);
		return *path != NULL ? 0 : -1;
	}
	*path = NULL;
	if (format != NULL && format->value != NULL && ini_find(s->section, "access_log") == NULL)
		problems_add(&d->problems, s->section->file, format->line,
			"access_log_format without access_log logs nothing; add access_log, or delete it");
	return 0;
}
