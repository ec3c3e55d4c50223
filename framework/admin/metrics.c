/* SPDX-License-Identifier: MIT */
/*
 * metrics.c - /metrics: the server as a whole, and the reply.
 */
#include "admin/metrics.h"

#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "admin/accept.h"
#include "admin/admin.h"
#include "admin/metrics_parts.h"

uint64_t metrics_count(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));
	return n > 0 ? (uint64_t)n : 0;
}

double metrics_real(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

const char *metrics_text(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));
	return text ? text : "";
}

/* ---- the server ---- */

static void one_real(struct expose *e, const char *name, const char *unit, const char *help,
	double value)
{
	expose_family(e, &(struct expose_family){ name, EXPOSE_GAUGE, unit, help });
	expose_real(e, value, NULL);
}

/* Families of one sample, with the member of the status that it is. */
static const struct {
	struct expose_family family;
	const char          *key;
} plain[] = {
	{ { "portico_workers", EXPOSE_GAUGE, NULL, "Workers that there are to be." }, "workers" },
	{ { "portico_generation", EXPOSE_GAUGE, NULL, "Number of the generation that serves." },
		"generation" },
	{ { "portico_crashes", EXPOSE_COUNTER, NULL, "Workers that died unasked." }, "crashes" },
	{ { "portico_stalls", EXPOSE_COUNTER, NULL, "Workers that stopped turning." }, "stalls" },
	{ { "portico_upgrades", EXPOSE_COUNTER, NULL, "Binaries that took over in place." }, "upgrades" },
	{ { "portico_strangers_seen", EXPOSE_COUNTER, NULL,
		"Sockets of other programs that came to our addresses." }, "strangers_seen" },
};

static void plain_families(struct expose *e, const json_t *status)
{
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		expose_family(e, &plain[i].family);
		expose_count(e, metrics_count(status, plain[i].key), NULL);
	}
}

static void reloads(struct expose *e, const json_t *numbers)
{
	expose_family(e, &(struct expose_family){ "portico_reloads", EXPOSE_COUNTER, NULL,
		"Reloads that have ended, those of upgrades too, by what came of them." });
	expose_count(e, metrics_count(numbers, "reloads"), "result", "good", NULL);
	expose_count(e, metrics_count(numbers, "reloads_failed"), "result", "failed", NULL);
}

static void generations(struct expose *e, const json_t *status)
{
	static const char *const states[] = { "starting", "canary", "serving", "retiring" };
	const json_t *all = json_object_get(status, "generations"), *g;
	size_t k;

	expose_family(e, &(struct expose_family){ "portico_generations", EXPOSE_GAUGE, NULL,
		"Generations that have workers, by state." });
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		unsigned count = 0;
		json_array_foreach(all, k, g)
			count += strcmp(metrics_text(g, "state"), states[i]) == 0;
		expose_count(e, count, "state", states[i], NULL);
	}
}

static void server(struct expose *e, const json_t *status, const json_t *numbers)
{
	expose_family(e, &(struct expose_family){ "portico_build", EXPOSE_INFO, NULL,
		"Which portico this is." });
	expose_count(e, 1, "version", metrics_text(status, "version"), NULL);
	one_real(e, "process_start_time_seconds", "seconds",
		"When the server began, over upgrades, in seconds since 1970.",
		metrics_real(numbers, "began"));
	plain_families(e, status);
	reloads(e, numbers);
	generations(e, status);
	one_real(e, "portico_strangers", NULL, "Sockets of other programs on our addresses now.",
		(double)json_array_size(json_object_get(status, "strangers")));
	one_real(e, "portico_canary_share_ratio", "ratio",
		"Part of the new clients that the canary of a reload gets now.",
		metrics_real(json_object_get(status, "canary"), "share"));
	/* Without enough clients there is nothing to tell, and 0 would be a lie. */
	expose_family(e, &(struct expose_family){ "portico_imbalance_ratio", EXPOSE_GAUGE, "ratio",
		"New clients of the worker with the most in the last minute, over its fair share." });
	if (json_is_number(json_object_get(status, "imbalance")))
		expose_real(e, metrics_real(status, "imbalance"), NULL);
}

/* ---- sockets ---- */

static void one_socket(struct expose *e, const json_t *s, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(s, key));

	if (value < 0 || strcmp(metrics_text(s, "type"), "tcp") != 0
		|| strcmp(metrics_text(s, "state"), "held") != 0)
		return;
	expose_count(e, (uint64_t)value,
		"worker", metrics_worker(json_integer_value(json_object_get(s, "slot"))),
		"service", metrics_text(s, "service"), "address", metrics_text(s, "address"), NULL);
}

static void sockets(struct expose *e, const json_t *status)
{
	static const struct {
		struct expose_family family;
		const char          *key;
	} families[] = {
		{ { "portico_accept_queue_length", EXPOSE_GAUGE, NULL,
			"Connections that wait in a socket to be accepted." }, "queue" },
		{ { "portico_accept_queue_limit", EXPOSE_GAUGE, NULL,
			"Connections that may wait there; one more is not heard." }, "limit" },
	};
	const json_t *all = json_object_get(status, "sockets"), *s;
	size_t k;

	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++) {
		expose_family(e, &families[i].family);
		json_array_foreach(all, k, s)
			one_socket(e, s, families[i].key);
	}
}

/* ---- the whole ---- */

void metrics_write(struct expose *e, const json_t *status, const json_t *numbers)
{
	server(e, status, numbers);
	metrics_slots(e, status, numbers);
	sockets(e, status);
	metrics_services(e, numbers);
	metrics_tables(e, status);
	metrics_plugins(e, status);
}

static int write_page(struct admin_page *page, struct admin *a, bool open_metrics,
	const json_t *status, const json_t *numbers)
{
	struct expose e = { .open_metrics = open_metrics };
	char *text = NULL;
	size_t len;

	e.out = open_memstream(&text, &len);
	if (!e.out)
		return -1;
	(void)__fsetlocking(e.out, FSETLOCKING_BYCALLER);    /* it is this thread's alone */
	metrics_write(&e, status, numbers);
	metrics_certificates(&e, a);
	expose_end(&e);
	bool failed = ferror(e.out);
	if (fclose(e.out) == 0 && !failed) {
		*page = (struct admin_page){ .text = text, .len = len };
		return 0;
	}
	free(text);
	return -1;
}

static int make_page(struct admin_page *page, struct admin *a, bool open_metrics,
	const struct status_told *told)
{
	json_t *status = json_loadb(told->status, told->status_len, 0, NULL);
	json_t *numbers = json_loadb(told->numbers, told->numbers_len, JSON_DISABLE_EOF_CHECK, NULL);
	int result = status && numbers ? write_page(page, a, open_metrics, status, numbers) : -1;

	json_decref(status);
	json_decref(numbers);
	return result;
}

/* To write it may take a tenth of a second, and all who wait are told in one turn of the loop. */
static int answer(struct admin *a, struct portico_request *r, const struct status_told *told)
{
	bool open_metrics = accept_open_metrics(portico_request_header(r, "Accept"));
	struct admin_page *page = &a->metrics[open_metrics];

	if (!page->text && make_page(page, a, open_metrics, told) < 0)
		return -1;
	return admin_reply(r, 200, open_metrics
		? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		: "text/plain; version=0.0.4; charset=utf-8", page->text, page->len);
}

void metrics_forget(struct admin *a)
{
	for (unsigned i = 0; i < 2; i++) {
		free(a->metrics[i].text);
		a->metrics[i] = (struct admin_page){0};
	}
}

int metrics_page(struct admin *a, struct portico_request *r)
{
	return admin_ask(a, r, answer);
}
