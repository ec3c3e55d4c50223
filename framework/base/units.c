/* SPDX-License-Identifier: MIT */
/*
 * units.c - numbers as people read them.
 *
 * About two digits: who reads a status wants the size of a thing.
 */
#include "base/units.h"

#include <locale.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>

const char *units_exact(double value, char out[UNITS_TEXT])
{
	locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0), before = uselocale(plain);

	snprintf(out, UNITS_TEXT, "%.15g", value);
	uselocale(before);
	freelocale(plain);
	return out;
}

/* A value below limit is told in a unit of so many seconds. */
struct step {
	double      limit;
	double      unit;
	int         digits;
	const char *name;
};

static const struct step steps[] = {
	{ 0.0000995, 1e-6, 0, "µs" },
	{ 0.000995, 1e-3, 2, "ms" },
	{ 0.00995, 1e-3, 1, "ms" },
	{ 0.9995, 1e-3, 0, "ms" },
	{ 9.95, 1., 1, "s" },
	{ 120., 1., 0, "s" },
	{ 7200., 60., 0, "min" },
	{ 172800., 3600., 0, "h" },
	{ INFINITY, 86400., 0, "d" },
};

const char *units_seconds(double seconds, char out[UNITS_TEXT])
{
	const struct step *s = steps;

	if (isnan(seconds)) {
		snprintf(out, UNITS_TEXT, "-");
		return out;
	}
	if (seconds <= 0.) {
		snprintf(out, UNITS_TEXT, "0 s");
		return out;
	}
	while (seconds >= s->limit && s < &steps[sizeof(steps) / sizeof(*steps) - 1])
		s++;
	snprintf(out, UNITS_TEXT, "%.*f %s", s->digits, fmin(seconds / s->unit, 1e9), s->name);
	return out;
}

/* names[0] is the unit of value itself; the last is NULL. */
static const char *scale(double value, double step, const char *const *names, int digits,
	char out[UNITS_TEXT])
{
	if (isnan(value)) {
		snprintf(out, UNITS_TEXT, "-");
		return out;
	}
	/* 999.6 would be told as 1000. */
	for (; names[1] && fabs(value) >= step - 0.5; names++) {
		value /= step;
		digits = 1;
	}
	snprintf(out, UNITS_TEXT, "%.*f%s", fabs(value) < 9.95 && value != 0. ? digits : 0,
		fmin(value, 1e12), names[0]);
	return out;
}

static const char *const thousands[] = { "", " k", " M", " G", " T", NULL };
static const char *const binary[] = { " B", " KiB", " MiB", " GiB", " TiB", NULL };
static const char *const none[] = { "", NULL };

const char *units_count(double count, char out[UNITS_TEXT])
{
	return scale(count, 1000., thousands, 0, out);
}

const char *units_rate(double rate, char out[UNITS_TEXT])
{
	return scale(rate, 1000., thousands, 1, out);
}

const char *units_bytes(double bytes, char out[UNITS_TEXT])
{
	return scale(bytes, 1024., binary, 0, out);
}

const char *units_percent(double part, char out[UNITS_TEXT])
{
	return scale(part * 100., 1000., none, 1, out);
}
