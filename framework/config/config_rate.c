/* SPDX-License-Identifier: MIT */
/*
 * config_rate.c - the keys rate... of a section [service NAME], but rate_grace, which is of bytes.
 */
#include "config/config_draft.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

enum {
	EACH_LEAST = 100,        /* ns: more often is beyond what is counted in them */
	PERIOD_TEXT = 16,
};

#define WHOLE_MOST (366. * 86400.)       /* seconds until a bucket is full again */

static void wrong(struct draft *d, const struct draft_service *s, const struct ini_entry *e,
	const char *why)
{
	problems_add(&d->problems, s->section->file, e->line, "%s = %s: %s", e->key, e->value, why);
}

/* ---- a rate ---- */

/* "s", "10s". */
static int read_period(const char *text, double *seconds)
{
	char period[PERIOD_TEXT];
	const char *one = *text >= '0' && *text <= '9' ? "" : "1";

	if (snprintf(period, sizeof(period), "%s%s", one, text) >= PERIOD_TEXT)
		return -1;
	return text_seconds(period, seconds);
}

/* "100/s".  NULL, or a sentence. */
static const char *read_rate(const char *text, int64_t *count, uint64_t *each)
{
	static const char form[] = "not a rate; write 100/s, 30/m, 5/10s, or off for no limit";
	const char *slash = strchr(text, '/');
	char number[PERIOD_TEXT];
	double seconds;

	if (!slash || snprintf(number, sizeof(number), "%.*s", (int)(slash - text), text) >= PERIOD_TEXT
		|| text_int(number, count) < 0 || read_period(slash + 1, &seconds) < 0 || *count < 0
		|| seconds <= 0.)
		return form;
	if (*count == 0)
		return "nobody would ever be served; write more, or off for no limit";
	double ns = seconds * CLOCK_SECOND / (double)*count;
	if (ns < EACH_LEAST)
		return "more than 10000000 a second; write less, or off for no limit";
	if (ns > WHOLE_MOST * CLOCK_SECOND)
		return "less than one a year; write more, or off for no limit";
	*each = (uint64_t)ns;
	return NULL;
}

struct limit {                   /* one of the two, and its burst */
	const char *key, *burst_key;
	uint64_t   *each;
	int64_t    *burst;
};

/* Without a burst of its own a rate's number may come at once. */
static void read_limit(struct draft *d, const struct draft_service *s, const struct limit *l)
{
	const struct ini_entry *e = config_written(s, l->key), *burst = config_written(s, l->burst_key);
	int64_t count;

	if (!e || strcmp(e->value, "off") == 0)
		return;
	const char *why = read_rate(e->value, &count, l->each);
	if (why) {
		wrong(d, s, e, why);
		return;
	}
	if (!burst)
		*l->burst = count;
	if ((double)*l->each * (double)*l->burst > WHOLE_MOST * CLOCK_SECOND)
		wrong(d, s, burst ? burst : e, "it would take more than a year until all of a burst has "
			"come back; write less");
}

/* ---- the rest ---- */

/* "/24" at *at, which goes on behind it. */
static bool read_bits(const char **at, long most, unsigned *bits)
{
	char *end;

	if (**at != '/' || (*at)[1] < '1' || (*at)[1] > '9')
		return false;
	errno = 0;
	long n = strtol(*at + 1, &end, 10);
	if (errno || n > most)
		return false;
	*bits = (unsigned)n;
	*at = end + strspn(end, " \t");
	return true;
}

static void read_prefix(struct draft *d, struct draft_service *s)
{
	const struct ini_entry *e = config_written(s, "rate_client_prefix");
	const char *at = e ? e->value : "";

	s->service.rate_prefix4 = 32;
	s->service.rate_prefix6 = 64;
	if (!e)
		return;
	bool good = read_bits(&at, 32, &s->service.rate_prefix4);
	if (good && *at == ',') {
		at += 1 + strspn(at + 1, " \t");
		good = read_bits(&at, 128, &s->service.rate_prefix6);
	}
	if (!good || *at != '\0')
		wrong(d, s, e, "not a prefix; write /1 to /32 for IPv4, and for IPv6 behind a comma /1 to "
			"/128: /32,/64");
}

/* What was written and is of no effect would be taken for protection. */
static void refuse_alone(struct draft *d, const struct draft_service *s, const char *key,
	const char *needs)
{
	const struct ini_entry *e = config_written(s, key);

	if (e)
		problems_add(&d->problems, s->section->file, e->line,
			"%s does nothing without %s; add %s, or delete it", key, needs, needs);
}

static void check_redis(struct draft *d, const struct draft_service *s)
{
	if (s->service.rate_over == CONFIG_RATE_REDIS && !d->portico.config.redis.name)
		wrong(d, s, config_written(s, "rate_over"),
			"nobody says where it is; add redis = ADDRESS:PORT to [portico]");
}

void config_read_rate(struct draft *d, struct draft_service *s)
{
	struct config_service *c = &s->service;
	bool rate = config_written(s, "rate"), client = config_written(s, "rate_client");

	read_limit(d, s, &(struct limit){ "rate", "rate_burst", &c->rate_each, &c->rate_burst });
	read_limit(d, s, &(struct limit){ "rate_client", "rate_client_burst", &c->rate_client_each,
		&c->rate_client_burst });
	read_prefix(d, s);
	if (!rate)
		refuse_alone(d, s, "rate_burst", "rate");
	if (!client) {
		refuse_alone(d, s, "rate_client_burst", "rate_client");
		refuse_alone(d, s, "rate_client_prefix", "rate_client");
		refuse_alone(d, s, "rate_clients", "rate_client");
	}
	check_redis(d, s);
	if (!rate && !client) {
		refuse_alone(d, s, "rate_action", "rate or rate_client");
		refuse_alone(d, s, "rate_over", "rate or rate_client");
	}
}
