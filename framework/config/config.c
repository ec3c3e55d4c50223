/* SPDX-License-Identifier: MIT */
/*
 * config.c - one immutable configuration.
 *
 * Reads the ini files into a draft, lets each section's reader say what is
 * wrong with it, and makes arrays of the draft's lists when nothing is.
 * The configuration, its draft and the text they point into live in one arena.
 */
#include "config/config.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "config/config_alone.h"
#include "config/config_draft.h"

struct config_snapshot {
	struct config config; /* first: what the caller holds */
	struct arena mem;
};

/* What stands between the brackets: a kind, a name and a prefix. */
enum { WORDS_MOST = 3 };

struct heading {
	char *words[WORDS_MOST + 1];
	size_t count; /* may be one more than make sense */
};

bool config_defers(const struct config_service *s)
{
	bool client_speaks_first = s->protocol == CONFIG_HTTP || s->tls_pair_count > 0;

	return s->defer_accept == CONFIG_DEFER_YES
		|| (s->defer_accept == CONFIG_DEFER_AUTO && client_speaks_first);
}

bool config_is_admin(const struct config_service *s)
{
	return strcmp(s->name, CONFIG_ADMIN) == 0;
}

bool config_has_rate(const struct config_service *s)
{
	return s->rate_each > 0 || s->rate_client_each > 0;
}

bool config_is_over_redis(const struct config_service *s)
{
	return s->table_redis || s->publish_redis
		|| (config_has_rate(s) && s->rate_over == CONFIG_RATE_REDIS);
}

const char *config_protocol_name(int protocol)
{
	static const char *const names[] = {
		[CONFIG_TCP] = "tcp", [CONFIG_UDP] = "udp", [CONFIG_HTTP] = "http"};

	if (protocol < CONFIG_TCP || protocol > CONFIG_HTTP)
		return "?";
	return names[protocol];
}

enum kind { PORTICO, SERVICE, HANDLER, UNKNOWN };

static const struct {
	const char *name;
	const char *form;
	size_t least, most; /* words, the kind counted */
} kinds[] = {
	[PORTICO] = {"portico", "[portico]", 1, 1},
	[SERVICE] = {"service", "[service NAME]", 2, 2},
	[HANDLER] = {"handler", "[handler SERVICE] or [handler SERVICE /PREFIX]", 2, 3},
};

static int cut_heading(struct draft *d, const struct ini_section *s, struct heading *h)
{
	char *rest = arena_copy(d->mem, s->name, strlen(s->name));

	*h = (struct heading){0};
	if (rest == NULL)
		return -1;
	while (rest != NULL && h->count <= WORDS_MOST)
		h->words[h->count++] = strsep(&rest, " ");
	return 0;
}

static enum kind find_kind(const char *word)
{
	enum kind kind = PORTICO;

	while (kind < UNKNOWN && strcmp(kinds[kind].name, word) != 0)
		kind++;
	return kind;
}

/* Tells of a section that is none of ours, and of a wrong number of words;
 * UNKNOWN then. */
static enum kind sound_kind(struct draft *d, const struct ini_section *s, const struct heading *h)
{
	const char *names[] = {"portico", "service", "handler", NULL};
	enum kind kind = find_kind(h->words[0]);
	const char *near = text_nearest(h->words[0], names);

	if (kind != UNKNOWN && h->count >= kinds[kind].least && h->count <= kinds[kind].most)
		return kind;
	d->ini.incomplete = true;
	if (kind != UNKNOWN)
		problems_add(&d->problems, s->file, s->line,
			"[%s]: is not of the form %s; write it so", s->name, kinds[kind].form);
	else if (near != NULL)
		problems_add(&d->problems, s->file, s->line,
			"there is no section [%s]; did you mean [%s%s]?", s->name, near,
			s->name + strlen(h->words[0]));
	else
		problems_add(&d->problems, s->file, s->line,
			"there is no section [%s]; write [portico], [service ...] or [handler ...]",
			s->name);
	return UNKNOWN;
}

/* Reads the sections of one kind: handlers must find all services. */
static int read_sections(struct draft *d, enum kind wanted)
{
	struct heading h;

	for (const struct ini_section *s = d->ini.sections; s != NULL; s = s->next) {
		if (cut_heading(d, s, &h) < 0)
			return -1;
		if (find_kind(h.words[0]) != wanted)
			continue;
		enum kind kind = sound_kind(d, s, &h);
		int rc = 0;
		if (kind == SERVICE)
			rc = config_read_service(d, s, h.words[1]);
		else if (kind == HANDLER)
			rc = config_read_handler(d, s, h.words[1], h.words[2]);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int read_draft(struct draft *d)
{
	int rc = config_alone_is(d->file) ? config_alone_sections(d) : ini_load(&d->ini, d->file);
	if (rc < 0 || config_read_portico(d) < 0)
		return -1;
	if (read_sections(d, UNKNOWN) < 0 || read_sections(d, PORTICO) < 0 ||
		read_sections(d, SERVICE) < 0 || read_sections(d, HANDLER) < 0)
		return -1;
	config_check(d);
	return config_read_admin(d);
}

/* The longest prefix first, so that the first that fits wins. */
static int by_prefix(const void *a, const void *b)
{
	const struct config_handler *x = a, *y = b;
	size_t x_len = strlen(x->prefix), y_len = strlen(y->prefix);

	return (x_len < y_len) - (x_len > y_len);
}

static int finish_handlers(struct draft *d, struct draft_service *from)
{
	struct config_service *s = &from->service;
	size_t i = 0;

	s->handlers = arena_alloc(d->mem, s->handler_count * sizeof(*s->handlers));
	if (s->handlers == NULL)
		return -1;
	for (struct draft_handler *h = from->handlers; h != NULL; h = h->next)
		s->handlers[i++] = h->handler;
	assert(i == s->handler_count);
	if (s->protocol == CONFIG_HTTP)
		qsort(s->handlers, s->handler_count, sizeof(*s->handlers), by_prefix);
	return 0;
}

/* Lists become arrays. */
static int finish(struct draft *d, struct config *c)
{
	size_t i = 0;

	*c = d->portico.config;
	c->services = arena_alloc(d->mem, c->service_count * sizeof(*c->services));
	if (c->services == NULL)
		return -1;
	for (struct draft_service *s = d->services; s != NULL; s = s->next) {
		if (finish_handlers(d, s) < 0)
			return -1;
		c->services[i++] = s->service;
	}
	assert(i == c->service_count);
	return 0;
}

/* The draft's problems are told when it is done, whatever came of it. */
static int load(
	struct config_snapshot *snapshot, const char *file, config_problem_fn *problem, void *arg)
{
	struct draft d = {
		.mem = &snapshot->mem,
		.problems = {.tell = problem, .arg = arg, .most = CONFIG_MAX_PROBLEMS},
	};

	d.ini = (struct ini){.mem = d.mem,
		.problems = &d.problems,
		.include_section = "portico",
		.include_key = "include",
		.repeated = "handler"}; /* for other hosts */
	d.file = arena_copy(d.mem, file, strlen(file));
	int rc = d.file != NULL ? read_draft(&d) : -1;
	if (rc == 0 && d.problems.count == 0)
		rc = finish(&d, &snapshot->config);
	int error = rc == 0 ? EINVAL : errno;
	if (rc < 0 && d.problems.count == 0)
		problems_add(&d.problems, file, 0, "%s", strerror(error));
	problems_end(&d.problems);
	errno = error;
	return d.problems.count == 0 ? 0 : -1;
}

struct config *config_load(const char *file, config_problem_fn *problem, void *arg)
{
	struct config_snapshot *snapshot = calloc(1, sizeof(*snapshot));

	if (snapshot == NULL)
		return NULL;
	arena_init(&snapshot->mem);
	if (load(snapshot, file, problem, arg) == 0)
		return &snapshot->config;
	int error = errno;
	config_destroy(&snapshot->config);
	errno = error;
	return NULL;
}

void config_destroy(struct config *c)
{
	struct config_snapshot *snapshot = (struct config_snapshot *)c;

	if (snapshot == NULL)
		return;
	arena_fini(&snapshot->mem);
	free(snapshot);
}

static int copy_text(struct arena *mem, const char **out, const char *text)
{
	*out = text ? arena_copy(mem, text, strlen(text)) : NULL;
	return text && !*out ? -1 : 0;
}

static int copy_service(struct arena *mem, struct config_service *out,
	const struct config_service *s)
{
	*out = (struct config_service){
		.protocol = s->protocol,
		.balance = s->balance,
		.listens = arena_alloc(mem, (s->listen_count + 1) * sizeof(*s->listens)),
		.listen_count = s->listen_count,
	};
	if (!out->listens || copy_text(mem, &out->name, s->name) < 0)
		return -1;
	memcpy(out->listens, s->listens, s->listen_count * sizeof(*s->listens));
	return 0;
}

struct config *config_of_services(const struct config_service *services, size_t count,
	double drain, const char *log)
{
	struct config_snapshot *snapshot = calloc(1, sizeof(*snapshot));
	if (snapshot == NULL)
		return NULL;
	arena_init(&snapshot->mem);
	struct config *c = &snapshot->config;
	c->drain = drain;
	c->services = arena_zalloc(&snapshot->mem, (count + 1) * sizeof(*c->services));
	if (c->services == NULL || copy_text(&snapshot->mem, &c->log, log) < 0)
		goto no_memory;
	while (c->service_count < count) {
		struct config_service *s = &c->services[c->service_count];
		if (copy_service(&snapshot->mem, s, &services[c->service_count]) < 0)
			goto no_memory;
		c->service_count++;
	}
	return c;

no_memory:
	config_destroy(c);
	return NULL;
}

const struct config_handler *config_find_handler(const struct config *c, uint32_t number,
	const struct config_service **service)
{
	for (size_t i = 0; i < c->service_count; i++) {
		*service = &c->services[i];
		if (number < c->services[i].handler_count)
			return &c->services[i].handlers[number];
		number -= (uint32_t)c->services[i].handler_count;
	}
	return NULL;
}

static void ignore_problem(void *arg, const char *sentence)
{
	(void)arg;
	(void)sentence;
}

const char *config_control_path(const char *file, struct arena *mem)
{
	struct problems problems = { .tell = ignore_problem };
	struct ini ini = { .mem = mem, .problems = &problems };

	if (config_is_plugin(file) || ini_load(&ini, file) < 0)
		return NULL;
	for (const struct ini_section *s = ini.sections; s; s = s->next) {
		const struct ini_entry *e = ini_find(s, "control");
		if (strcmp(s->name, "portico") == 0 && e && e->value && *e->value)
			return ini_relative(mem, file, e->value);
	}
	return NULL;
}
