/* SPDX-License-Identifier: MIT */
/*
 * expose.h - numbers as text for Prometheus: OpenMetrics 1.0, or the format 0.0.4 before it.
 *
 *	expose_family(&e, &(struct expose_family){ "portico_requests", EXPOSE_COUNTER, NULL, "..." });
 *	expose_count(&e, 12, "service", "web", "code", "2xx", NULL);
 *
 * A family's samples come right behind it, and no family comes twice.
 */
#ifndef PORTICO_ADMIN_EXPOSE_H
#define PORTICO_ADMIN_EXPOSE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum expose_kind { EXPOSE_COUNTER, EXPOSE_GAUGE, EXPOSE_HISTOGRAM, EXPOSE_INFO };

struct expose_family {
	const char      *name;   /* without _total and _info; with the unit, if it has one */
	enum expose_kind kind;
	const char      *unit;   /* "seconds", "bytes"; NULL: none */
	const char      *help;   /* one sentence, not escaped */
};

struct expose {
	FILE                *out;
	bool                 open_metrics;
	struct expose_family family;
};

/* Borrowed until the next one. */
void expose_family(struct expose *e, const struct expose_family *family);

/* A sample; behind the value names and values of labels, NULL at the end. */
void expose_count(struct expose *e, uint64_t value, ...) __attribute__((sentinel));
void expose_real(struct expose *e, double value, ...) __attribute__((sentinel));

/* A histogram's samples: below[i] of all were less than bounds[i], which grow. */
struct expose_histogram {
	const double   *bounds;
	const uint64_t *below;
	size_t          bound_count;
	uint64_t        count;
	double          sum;
};
void expose_histogram(struct expose *e, const struct expose_histogram *h, ...)
	__attribute__((sentinel));

void expose_end(struct expose *e);

#endif
