/* SPDX-License-Identifier: MIT */
/*
 * metrics_services.c - families with a sample for each service in each worker.
 */
#include <string.h>

#include "admin/metrics_parts.h"

static const char *service_of(const json_t *row)
{
	return metrics_text(row, "service");
}

static const char *worker_of(const json_t *row)
{
	return metrics_worker(json_integer_value(json_object_get(row, "worker")));
}

static bool speaks(const json_t *row, const char *protocol)
{
	return strcmp(metrics_text(row, "protocol"), protocol) == 0;
}

/* ---- a number a row ---- */

static const struct {
	struct expose_family family;
	const char          *key;
	bool                 datagrams;  /* udp's alone; else all others', but bytes are everybody's */
} plain[] = {
	{ { "portico_connections_accepted", EXPOSE_COUNTER, NULL,
		"Connections taken from the queues of sockets." }, "accepted",
		false },
	{ { "portico_connections_closed", EXPOSE_COUNTER, NULL, "Connections that have ended." },
		"closed", false },
	{ { "portico_connections_lost", EXPOSE_COUNTER, NULL,
		"Connections that were open when their worker died." }, "lost",
		false },
	{ { "portico_connections_active", EXPOSE_GAUGE, NULL, "Connections that are open now." },
		"active", false },
	{ { "portico_received_bytes", EXPOSE_COUNTER, "bytes", "Bytes read from clients." },
		"bytes_in", false },
	{ { "portico_sent_bytes", EXPOSE_COUNTER, "bytes", "Bytes written to clients." },
		"bytes_out", false },
	{ { "portico_datagrams_received", EXPOSE_COUNTER, NULL, "Datagrams read." }, "datagrams_in",
		true },
	{ { "portico_datagrams_sent", EXPOSE_COUNTER, NULL, "Datagrams sent." }, "datagrams_out",
		true },
};

static void plain_families(struct expose *e, const json_t *rows)
{
	const json_t *row;
	size_t k;

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		expose_family(e, &plain[i].family);
		json_array_foreach(rows, k, row)
			if (plain[i].family.unit || speaks(row, "udp") == plain[i].datagrams)
				expose_count(e, metrics_count(row, plain[i].key), "service", service_of(row),
					"worker", worker_of(row), NULL);
	}
}

/* ---- by class and reason ---- */

static void requests(struct expose *e, const json_t *rows)
{
	const char *code;
	json_t *row, *n;
	size_t k;

	expose_family(e, &(struct expose_family){ "portico_requests", EXPOSE_COUNTER, NULL,
		"HTTP requests answered, by the class of their status." });
	json_array_foreach(rows, k, row) {
		if (!speaks(row, "http"))
			continue;
		json_object_foreach(json_object_get(row, "requests"), code, n)
			expose_count(e, (uint64_t)json_integer_value(n), "service", service_of(row),
				"worker", worker_of(row), "code", code, NULL);
	}
}

/* Lines that a log lost have a family of their own: no client notices them. */
static bool is_for_log(const char *reason)
{
	return strcmp(reason, "unlogged") == 0;
}

static void errors(struct expose *e, const json_t *rows)
{
	const char *reason;
	json_t *row, *n;
	size_t k;

	expose_family(e, &(struct expose_family){ "portico_errors", EXPOSE_COUNTER, NULL,
		"What went wrong with clients, by reason: docs/status.md names them." });
	json_array_foreach(rows, k, row)
		json_object_foreach(json_object_get(row, "errors"), reason, n)
			if (!is_for_log(reason))
				expose_count(e, (uint64_t)json_integer_value(n), "service", service_of(row),
					"worker", worker_of(row), "reason", reason, NULL);
	expose_family(e, &(struct expose_family){ "portico_access_log_lines_lost", EXPOSE_COUNTER, NULL,
		"Lines that an access log did not take." });
	json_array_foreach(rows, k, row)
		if (speaks(row, "http"))
			expose_count(e, metrics_count(json_object_get(row, "errors"), "unlogged"),
				"service", service_of(row), "worker", worker_of(row), NULL);
}

static void limited(struct expose *e, const json_t *rows)
{
	const char *scope;
	json_t *row, *n;
	size_t k;

	expose_family(e, &(struct expose_family){ "portico_rate_limited", EXPOSE_COUNTER, NULL,
		"What was over a rate, of its client or of the whole service." });
	json_array_foreach(rows, k, row)
		json_object_foreach(json_object_get(row, "rate_limited"), scope, n)
			expose_count(e, (uint64_t)json_integer_value(n), "service", service_of(row),
				"worker", worker_of(row), "scope", scope, NULL);
}

/* ---- latency ---- */

enum { BOUNDS = 64 };

struct bounds {
	double values[BOUNDS];
	size_t count;
};

static void read_bounds(struct bounds *b, const json_t *numbers)
{
	const json_t *all = json_object_get(numbers, "bounds"), *bound;
	size_t i;

	b->count = 0;
	json_array_foreach(all, i, bound)
		if (i < BOUNDS)
			b->values[b->count++] = json_number_value(bound);
}

static void one_histogram(struct expose *e, const struct bounds *b, const json_t *row)
{
	const json_t *latency = json_object_get(row, "latency");
	const json_t *all = json_object_get(latency, "below");
	uint64_t below[BOUNDS];

	for (size_t i = 0; i < b->count; i++)
		below[i] = (uint64_t)json_integer_value(json_array_get(all, i));
	expose_histogram(e, &(struct expose_histogram){
		.bounds = b->values,
		.below = below,
		.bound_count = b->count,
		.count = metrics_count(latency, "count"),
		.sum = metrics_real(latency, "sum"),
	}, "service", service_of(row), "worker", worker_of(row), NULL);
}

static void latency(struct expose *e, const json_t *numbers, const json_t *rows)
{
	const json_t *row;
	struct bounds b;
	size_t k;

	read_bounds(&b, numbers);
	expose_family(e, &(struct expose_family){ "portico_answer_duration_seconds",
		EXPOSE_HISTOGRAM, "seconds",
		"Time of an answer: http from a request's first byte to its reply, tcp and udp of a callback." });
	json_array_foreach(rows, k, row)
		one_histogram(e, &b, row);
}

/* ---- what the workers of a service share ---- */

void metrics_tables(struct expose *e, const json_t *status)
{
	static const struct {
		struct expose_family family;
		const char          *key;
	} families[] = {
		{ { "portico_table_entries", EXPOSE_GAUGE, NULL,
			"Entries of the table that its workers share, some of which may have expired." }, "entries" },
		{ { "portico_table_used_bytes", EXPOSE_GAUGE, "bytes", "What they take." }, "used" },
		{ { "portico_table_room_bytes", EXPOSE_GAUGE, "bytes", "As much as they may take." }, "room" },
		{ { "portico_table_refused", EXPOSE_COUNTER, NULL,
			"Values for which a table had no room, since it began." }, "refused" },
	};
	const json_t *service;
	size_t k;

	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++) {
		expose_family(e, &families[i].family);
		json_array_foreach(json_object_get(status, "services"), k, service) {
			const json_t *table = json_object_get(service, "table");
			if (json_is_object(table))
				expose_count(e, metrics_count(table, families[i].key), "service",
					metrics_text(service, "name"), NULL);
		}
	}
}

void metrics_services(struct expose *e, const json_t *numbers)
{
	const json_t *rows = json_object_get(numbers, "rows");

	plain_families(e, rows);
	requests(e, rows);
	errors(e, rows);
	limited(e, rows);
	latency(e, numbers, rows);
}
