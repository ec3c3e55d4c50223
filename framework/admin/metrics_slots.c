/* SPDX-License-Identifier: MIT */
/*
 * metrics_slots.c - families with a sample for each worker.
 */
#include <stdio.h>
#include <string.h>

#include "admin/metrics_parts.h"

/* Several in one call must not meet. */
const char *metrics_worker(json_int_t slot)
{
	static char texts[4][16];
	static unsigned next;
	char *text = texts[next++ % 4];

	snprintf(text, sizeof(texts[0]), "%d", (int)slot);
	return text;
}

static const char *worker_of(const json_t *row)
{
	return metrics_worker(json_integer_value(json_object_get(row, "slot")));
}

static const struct {
	struct expose_family family;
	const char          *key;
} plain[] = {
	{ { "portico_worker_resident_memory_bytes", EXPOSE_GAUGE, "bytes", "Its resident memory." },
		"rss" },
	{ { "portico_worker_generation", EXPOSE_GAUGE, NULL, "The generation that it is of." },
		"generation" },
};

static void plain_families(struct expose *e, const json_t *slots)
{
	const json_t *row;
	size_t k;

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		expose_family(e, &plain[i].family);
		json_array_foreach(slots, k, row)
			expose_count(e, metrics_count(row, plain[i].key), "worker", worker_of(row), NULL);
	}
}

static void states(struct expose *e, const json_t *slots)
{
	static const char *const names[] = { "starting", "ready", "serving", "stalled", "resting",
		"drained", "draining", "canary", "down" };
	const json_t *row;
	size_t k;

	expose_family(e, &(struct expose_family){ "portico_worker_state", EXPOSE_GAUGE, NULL,
		"1 for the state that the worker is in, 0 for the others." });
	json_array_foreach(slots, k, row)
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			expose_count(e, strcmp(metrics_text(row, "state"), names[i]) == 0,
				"worker", worker_of(row), "state", names[i], NULL);
}

/* Parts of the last minute's clients; nothing while there were none. */
static void shares(struct expose *e, const json_t *slots, const char *key,
	const struct expose_family *family)
{
	const json_t *row;
	size_t k;

	expose_family(e, family);
	json_array_foreach(slots, k, row)
		if (json_is_number(json_object_get(row, key)))
			expose_real(e, metrics_real(row, key), "worker", worker_of(row), NULL);
}

/* Handlers' work in threads, as it is now. */
static void offloads(struct expose *e, const json_t *slots)
{
	static const struct {
		struct expose_family family;
		const char          *key;
	} families[] = {
		{ { "portico_offload_threads", EXPOSE_GAUGE, NULL, "Threads that it has for handlers' work." },
			"threads" },
		{ { "portico_offload_busy", EXPOSE_GAUGE, NULL, "Pieces of handlers' work in its threads." },
			"busy" },
		{ { "portico_offload_queued", EXPOSE_GAUGE, NULL, "Pieces that wait for one of its threads." },
			"queued" },
	};
	const json_t *row;
	size_t k;

	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++) {
		expose_family(e, &families[i].family);
		json_array_foreach(slots, k, row)
			expose_count(e, metrics_count(json_object_get(row, "offload"), families[i].key),
				"worker", worker_of(row), NULL);
	}
}

/* Of all that there ever were: one that was scaled away did what it did. */
static void loops(struct expose *e, const json_t *numbers)
{
	const json_t *all = json_object_get(numbers, "loops"), *loop;
	size_t slot;

	expose_family(e, &(struct expose_family){ "portico_worker_restarts", EXPOSE_COUNTER, NULL,
		"Workers of that number that died unasked." });
	json_array_foreach(all, slot, loop)
		expose_count(e, metrics_count(loop, "restarts"), "worker",
			metrics_worker((json_int_t)slot), NULL);
	expose_family(e, &(struct expose_family){ "portico_worker_busy_seconds", EXPOSE_COUNTER,
		"seconds", "Time in which its loop did not wait." });
	json_array_foreach(all, slot, loop)
		expose_real(e, metrics_real(loop, "busy"), "worker",
			metrics_worker((json_int_t)slot), NULL);
	expose_family(e, &(struct expose_family){ "portico_offload_left_behind", EXPOSE_COUNTER, NULL,
		"Pieces of handlers' work that had not returned when their worker ended." });
	json_array_foreach(all, slot, loop)
		expose_count(e, metrics_count(loop, "left_behind"), "worker",
			metrics_worker((json_int_t)slot), NULL);
}

void metrics_slots(struct expose *e, const json_t *status, const json_t *numbers)
{
	const json_t *slots = json_object_get(status, "slots");

	states(e, slots);
	plain_families(e, slots);
	shares(e, slots, "share", &(struct expose_family){ "portico_worker_share_ratio", EXPOSE_GAUGE,
		"ratio", "Part of all new clients of the last minute that came to it." });
	shares(e, slots, "expected", &(struct expose_family){ "portico_worker_expected_share_ratio",
		EXPOSE_GAUGE, "ratio", "The part that was to come to it." });
	offloads(e, slots);
	loops(e, numbers);
}
