/* SPDX-License-Identifier: MIT */
/*
 * config_admin.c - the admin service: admin = and admin_host = of [portico].
 *
 * It is a service like any other, with an http handler that is linked into the binary, so
 * what holds for services holds for it: its sockets belong to slots, a reload loses nothing.
 * Few may use it at a time, and a request of it has no body.
 */
#include "config/config_draft.h"

#include <string.h>

#include "base/text.h"
#include "sys/local.h"

/* QUEUE: of a thousand workers there is much to tell. */
enum { CONNECTIONS = 64, BACKLOG = 128, QUEUE = 256 << 20 };

#define UNIX "unix:"

static const struct ini_section *find_main(const struct draft *d)
{
	const struct ini_section *s = d->ini.sections;

	while (s != NULL && !(s->main && strcmp(s->name, "portico") == 0))
		s = s->next;
	return s;
}

/* ---- the path ---- */

/* Beside the control socket: admin.sock by control.sock, and NAME.admin by any other, so that
 * two servers whose control sockets lie in one directory do not meet. */
static const char *default_path(struct draft *d)
{
	static const char usual[] = "/control.sock";
	const char *control = d->portico.config.control;
	size_t len = strlen(control), tail = sizeof(usual) - 1;

	if (len >= tail && strcmp(control + len - tail, usual) == 0)
		return arena_printf(d->mem, "%.*s/admin.sock", (int)(len - tail), control);
	return arena_printf(d->mem, "%s.admin", control);
}


static int read_path(struct draft *d, const struct ini_section *section, unsigned line,
	const char *path)
{
	struct config *c = &d->portico.config;

	if (c->admin_path != NULL || path[0] == '\0' || d->listen_count >= CONFIG_MAX_LISTENS) {
		problems_add(&d->problems, section->file, line,
			"admin: one path is expected behind " UNIX "; write " UNIX "/run/portico/admin.sock");
		return 0;
	}
	c->admin_path = ini_relative(d->mem, section->file, path);
	if (c->admin_path == NULL)
		return -1;
	d->listen_count++;
	if (strlen(c->admin_path) > LOCAL_PATH)
		problems_add(&d->problems, section->file, line,
			"admin: %s is too long for the path of a socket; choose one of at most %d bytes",
			c->admin_path, LOCAL_PATH);
	return 0;
}

/* ---- the addresses ---- */

/* Takes the paths out of the list: what is left in *rest are host:port. */
static int split(struct draft *d, const struct ini_section *section, const struct ini_entry *e,
	const char **rest)
{
	char *words = arena_copy(d->mem, e->value, strlen(e->value));

	*rest = "";
	while (words != NULL) {
		char *word = text_trim(strsep(&words, ","));
		if (strncmp(word, UNIX, strlen(UNIX)) == 0) {
			if (read_path(d, section, e->line, word + strlen(UNIX)) < 0)
				return -1;
			continue;
		}
		if (word[0] == '\0')
			problems_add(&d->problems, section->file, e->line,
				"admin: no address between two commas or at the end; delete the comma");
		else
			*rest = arena_printf(d->mem, "%s%s%s", *rest, (*rest)[0] ? "," : "",
				word);
		if (*rest == NULL)
			return -1;
	}
	return 0;
}

/* ---- the service ---- */

static int add_handler(struct draft *d, struct draft_service *s)
{
	struct draft_handler *h = arena_zalloc(d->mem, sizeof(*h));

	if (h == NULL)
		return -1;
	h->handler = (struct config_handler){
		.prefix = "/",
		.plugin = CONFIG_ADMIN,
		.file = s->service.file,
		.line = s->service.line,
	};
	s->handlers = h;
	s->service.handler_count = 1;
	return 0;
}

static int add_service(struct draft *d, const struct ini_section *section, const char *listen)
{
	struct draft_service *s = config_add_service(d, section, CONFIG_ADMIN);

	if (s == NULL || add_handler(d, s) < 0)
		return -1;
	s->listen = listen;
	s->listen_key = "admin";
	s->protocol_known = true;
	s->service.protocol = CONFIG_HTTP;
	s->service.balance = CONFIG_HASH;
	s->service.backlog = BACKLOG;
	s->service.max_connections = CONNECTIONS;
	s->service.max_queue = QUEUE;
	s->service.max_body = 0;
	s->service.access_log = NULL;
	return listen[0] != '\0' ? config_read_listens(d, s) : 0;
}

/* ---- the names ---- */

static int read_hosts(struct draft *d)
{
	struct config *c = &d->portico.config;
	const char *text = d->portico.admin_host;
	size_t most = 1;

	for (const char *at = text; *at != '\0'; at++)
		most += *at == ',';
	c->admin_hosts = arena_alloc(d->mem, most * sizeof(*c->admin_hosts));
	char *rest = arena_copy(d->mem, text, strlen(text));
	if (c->admin_hosts == NULL || rest == NULL)
		return -1;
	while (rest != NULL) {
		const char *host = text_trim(strsep(&rest, ","));
		if (host[0] != '\0')
			c->admin_hosts[c->admin_host_count++] = host;
	}
	return 0;
}

/* Nobody asked for it: where there is no room for its name there is none. */
static int add_default(struct draft *d, const struct ini_section *section)
{
	const char *path = default_path(d);

	if (path == NULL)
		return -1;
	if (strlen(path) > LOCAL_PATH || d->listen_count >= CONFIG_MAX_LISTENS)
		return 0;
	d->portico.config.admin_path = path;
	d->listen_count++;
	return add_service(d, section, "");
}

int config_read_admin(struct draft *d)
{
	const struct ini_section *section = find_main(d);
	const struct ini_entry *e = section != NULL ? ini_find(section, "admin") : NULL;
	struct config *c = &d->portico.config;
	const char *listen = "";

	if (read_hosts(d) < 0)
		return -1;
	if (e == NULL && c->control == NULL)
		return 0;
	if (e == NULL)
		return add_default(d, section);
	if (e->value == NULL || e->value[0] == '\0' || strcmp(e->value, "off") == 0)
		return 0;
	if (split(d, section, e, &listen) < 0)
		return -1;
	return add_service(d, section, listen);
}
