/* SPDX-License-Identifier: MIT */
/*
 * metrics_plugins.c - the plugins' own numbers: portico_plugin_NAME.
 *
 * Handlers choose their names for themselves, so one family may hold numbers of several; what
 * the first of them says is its help.  If one counts what another measures, the
 * gauge's family has a _ at its end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/metrics_parts.h"

enum { NAME = 128 };

struct number {
	const json_t    *metric;
	const char      *service;
	enum expose_kind kind;
	char             family[NAME];
	size_t           order;
};

/* A counter's _total is of its samples, and misleads in a gauge's name. */
static void name_family(struct number *n)
{
	const char *name = metrics_text(n->metric, "name");
	size_t len = strlen(name);

	if (len > 6 && strcmp(name + len - 6, "_total") == 0)
		len -= 6;
	snprintf(n->family, sizeof(n->family), "portico_plugin_%.*s", (int)(len < 64 ? len : 64), name);
}

static int by_family(const void *a, const void *b)
{
	const struct number *x = a, *y = b;
	int order = strcmp(x->family, y->family);

	return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

static bool counts_it(const struct number *all, size_t count, const char *family)
{
	for (size_t i = 0; i < count; i++)
		if (all[i].kind == EXPOSE_COUNTER && strcmp(all[i].family, family) == 0)
			return true;
	return false;
}

static void keep_kinds_apart(struct number *all, size_t count)
{
	for (size_t i = 0; i < count; i++)
		while (all[i].kind == EXPOSE_GAUGE && strlen(all[i].family) < NAME - 1
			&& counts_it(all, count, all[i].family))
			strcat(all[i].family, "_");
}

static struct number *collect(const json_t *services, size_t *count)
{
	const json_t *service, *metric;
	struct number *all = NULL;
	size_t i, k, room = 0;

	*count = 0;
	json_array_foreach(services, i, service)
		room += json_array_size(json_object_get(service, "metrics"));
	all = calloc(room + 1, sizeof(*all));
	json_array_foreach(services, i, service) {
		const json_t *metrics = json_object_get(service, "metrics");
		for (k = 0; all && k < json_array_size(metrics); k++) {
			struct number *n = &all[*count];
			metric = json_array_get(metrics, k);
			*n = (struct number){ .metric = metric, .service = metrics_text(service, "name") };
			n->kind = strcmp(metrics_text(metric, "kind"), "counter") == 0
				? EXPOSE_COUNTER : EXPOSE_GAUGE;
			n->order = (*count)++;
			name_family(n);
		}
	}
	return all;
}

static void write_one(struct expose *e, const struct number *n)
{
	const char *handler = metrics_text(n->metric, "handler");

	if (n->kind == EXPOSE_COUNTER)
		expose_count(e, metrics_count(n->metric, "value"), "service", n->service,
			"handler", handler, NULL);
	else
		expose_real(e, metrics_real(n->metric, "value"), "service", n->service,
			"handler", handler, NULL);
}

void metrics_plugins(struct expose *e, const json_t *status)
{
	size_t count;
	struct number *all = collect(json_object_get(status, "services"), &count);

	if (!all)
		return;
	keep_kinds_apart(all, count);
	qsort(all, count, sizeof(*all), by_family);
	for (size_t i = 0; i < count; i++) {
		const char *help = metrics_text(all[i].metric, "help");
		if (i == 0 || strcmp(all[i].family, all[i - 1].family) != 0)
			expose_family(e, &(struct expose_family){ all[i].family, all[i].kind, NULL,
				*help ? help : "A plugin's own." });
		write_one(e, &all[i]);
	}
	free(all);
}
