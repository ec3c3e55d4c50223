/* SPDX-License-Identifier: MIT */
/*
 * expose.c - numbers as text for Prometheus.
 *
 * OpenMetrics 1.0: https://github.com/prometheus/OpenMetrics, specification/OpenMetrics.md.
 * There a counter's family has no _total and an info's no _info, quotes are escaped in HELP
 * too, and "# EOF" says that nothing was cut off.  The format 0.0.4 knows none of that.
 */
#include "admin/expose.h"

#include <stdarg.h>
#include <string.h>

#include "base/units.h"

/* ---- pieces ---- */

static void put_escaped(FILE *out, const char *text, bool quotes)
{
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\\\", out);
		else if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '"' && quotes)
			fputs("\\\"", out);
		else
			fputc(*text, out);
	}
}

static const char *suffix_of(enum expose_kind kind)
{
	switch (kind) {
	case EXPOSE_COUNTER: return "_total";
	case EXPOSE_INFO: return "_info";
	default: return "";
	}
}

/* ---- families ---- */

static const char *type_name(const struct expose *e, enum expose_kind kind)
{
	switch (kind) {
	case EXPOSE_COUNTER: return "counter";
	case EXPOSE_HISTOGRAM: return "histogram";
	case EXPOSE_INFO: return e->open_metrics ? "info" : "gauge";
	default: return "gauge";
	}
}

void expose_family(struct expose *e, const struct expose_family *f)
{
	const char *suffix = e->open_metrics ? "" : suffix_of(f->kind);

	e->family = *f;
	fprintf(e->out, "# TYPE %s%s %s\n", f->name, suffix, type_name(e, f->kind));
	if (e->open_metrics && f->unit)
		fprintf(e->out, "# UNIT %s %s\n", f->name, f->unit);
	fprintf(e->out, "# HELP %s%s ", f->name, suffix);
	put_escaped(e->out, f->help, e->open_metrics);
	fputc('\n', e->out);
}

/* ---- samples ---- */

static void put_labels(struct expose *e, va_list labels, const char *more, const char *value)
{
	const char *name, *glue = "{";

	while ((name = va_arg(labels, const char *))) {
		fprintf(e->out, "%s%s=\"", glue, name);
		put_escaped(e->out, va_arg(labels, const char *), true);
		fputc('"', e->out);
		glue = ",";
	}
	if (more)
		fprintf(e->out, "%s%s=\"%s\"", glue, more, value);
	if (more || *glue == ',')
		fputc('}', e->out);
}

static void put_sample(struct expose *e, va_list labels, const char *value)
{
	fprintf(e->out, "%s%s", e->family.name, suffix_of(e->family.kind));
	put_labels(e, labels, NULL, NULL);
	fprintf(e->out, " %s\n", value);
}

void expose_count(struct expose *e, uint64_t value, ...)
{
	char text[UNITS_TEXT];
	va_list labels;

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	va_start(labels, value);
	put_sample(e, labels, text);
	va_end(labels);
}

void expose_real(struct expose *e, double value, ...)
{
	char text[UNITS_TEXT];
	va_list labels;

	va_start(labels, value);
	put_sample(e, labels, units_exact(value, text));
	va_end(labels);
}

static void put_bucket(struct expose *e, const char *bound, uint64_t below, va_list labels)
{
	va_list again;

	va_copy(again, labels);
	fprintf(e->out, "%s_bucket", e->family.name);
	put_labels(e, again, "le", bound);
	fprintf(e->out, " %llu\n", (unsigned long long)below);
	va_end(again);
}

/* A bound without a fraction is written with one: 2.0, as OpenMetrics has it. */
static void write_bound(char out[UNITS_TEXT + 2], double bound)
{
	units_exact(bound, out);
	if (!strpbrk(out, ".e"))
		strcat(out, ".0");
}

void expose_histogram(struct expose *e, const struct expose_histogram *h, ...)
{
	va_list labels, again;
	char bound[UNITS_TEXT + 2], sum[UNITS_TEXT];

	va_start(labels, h);
	for (size_t i = 0; i < h->bound_count; i++) {
		write_bound(bound, h->bounds[i]);
		put_bucket(e, bound, h->below[i], labels);
	}
	put_bucket(e, "+Inf", h->count, labels);
	va_copy(again, labels);
	fprintf(e->out, "%s_count", e->family.name);
	put_labels(e, again, NULL, NULL);
	fprintf(e->out, " %llu\n%s_sum", (unsigned long long)h->count, e->family.name);
	va_end(again);
	put_labels(e, labels, NULL, NULL);
	fprintf(e->out, " %s\n", units_exact(h->sum, sum));
	va_end(labels);
}

void expose_end(struct expose *e)
{
	if (e->open_metrics)
		fputs("# EOF\n", e->out);
}
