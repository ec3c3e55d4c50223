/* SPDX-License-Identifier: MIT */
/*
 * accept.c - which of two forms a client would rather have.
 *
 * Who takes anything, as curl does, is a person: plain text.  So OpenMetrics has to be named.
 */
#include "admin/accept.h"

#include <math.h>
#include <string.h>
#include <strings.h>

/* The next piece of *at up to one of stops, without blanks around it; *at goes behind it. */
static const char *next_piece(const char **at, const char *stops, size_t *len)
{
	const char *from = *at + strspn(*at, " \t");
	size_t n = strcspn(from, stops);

	*at = from + n;
	while (n > 0 && (from[n - 1] == ' ' || from[n - 1] == '\t'))
		n--;
	*len = n;
	return from;
}

static bool is(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && strncasecmp(text, word, len) == 0;
}

struct range {
	const char *type;
	size_t      len;
	double      q;
	bool        version;     /* 1.0.0, or none is named */
};

/* RFC 9110, 12.4.2, and not as the locale has it; what is none is 0. */
static double weight(const char *text)
{
	double q = 0., part = 1.;

	for (; *text >= '0' && *text <= '9'; text++)
		q = q * 10. + (*text - '0');
	if (*text == '.')
		while (*++text >= '0' && *text <= '9')
			q += (part /= 10.) * (*text - '0');
	return q;
}

static void read_parameter(struct range *r, const char *text, size_t len)
{
	if (len > 2 && strncasecmp(text, "q=", 2) == 0)
		r->q = weight(text + 2);
	else if (len >= 8 && strncasecmp(text, "version=", 8) == 0)
		r->version = is(text, len, "version=1.0.0");
}

static const char *read_range(const char *at, struct range *r)
{
	size_t len;

	*r = (struct range){ .q = 1., .version = true };
	r->type = next_piece(&at, ",;", &r->len);
	while (*at == ';') {
		at++;
		const char *text = next_piece(&at, ",;", &len);
		read_parameter(r, text, len);
	}
	if (r->q > 1.)
		r->q = 0.;
	return *at == ',' ? at + 1 : at;
}

/* How much plain text is wanted; the closest range that has it counts. */
struct plain {
	double q;
	int    closeness;
};

static void look_for_plain(struct plain *p, const struct range *r)
{
	int closeness = is(r->type, r->len, "text/plain") ? 3 : is(r->type, r->len, "text/*") ? 2
		: is(r->type, r->len, "*/*") ? 1 : 0;

	if (closeness < p->closeness || closeness == 0)
		return;
	p->q = closeness > p->closeness ? r->q : fmax(p->q, r->q);
	p->closeness = closeness;
}

bool accept_open_metrics(const char *accept)
{
	struct plain plain = { 0., 0 };
	double wanted = 0.;
	struct range r;

	while (accept && *accept) {
		accept = read_range(accept, &r);
		if (is(r.type, r.len, "application/openmetrics-text") && r.version && r.q > wanted)
			wanted = r.q;
		else
			look_for_plain(&plain, &r);
	}
	return wanted > 0. && wanted >= plain.q;
}
