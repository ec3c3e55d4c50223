/* SPDX-License-Identifier: MIT */
/*
 * config_balance.c - balance, weights and source of a [service], canary of [portico].
 */
#include "config/config_draft.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum {
	MOST_WEIGHT = 1000000,
	PAYLOAD_OFFSET = 65535,
	PAYLOAD_LENGTH = 16,
};

static const char *const names[] = {
	[CONFIG_HASH] = "hash",
	[CONFIG_RANDOM] = "random",
	[CONFIG_CPU] = "cpu",
	[CONFIG_SOURCE] = "source",
	[CONFIG_WEIGHTS] = "weights",
	[CONFIG_PAYLOAD] = "payload",
	[CONFIG_LOAD] = "load",
	NULL,
};

const char *config_balance_name(int balance)
{
	return names[balance];
}

/* ---- lists: pieces between separators, without blanks around them ---- */

static bool next_piece(struct draft *d, const char **at, const char *separators, const char **piece)
{
	const char *start = *at + strspn(*at, " \t");
	size_t len = strcspn(start, separators), kept = len;

	if (*start == '\0')
		return false;
	while (kept > 0 && (start[kept - 1] == ' ' || start[kept - 1] == '\t'))
		kept--;
	*piece = arena_copy(d->mem, start, kept);
	*at = start + len + (start[len] != '\0');
	return *piece != NULL;
}

static bool ends_with_comma(const char *list)
{
	size_t len = strlen(list);
	return len > 0 && list[len - 1] == ',';
}

static bool number_in(const char *text, int64_t least, int64_t most, int64_t *out)
{
	return text_int(text, out) == 0 && *out >= least && *out <= most;
}

static void wrong(struct draft *d, const struct draft_service *s, const char *why)
{
	const struct ini_entry *e = ini_find(s->section, "balance");

	problems_add(&d->problems, s->section->file, e->line, "balance = %s: %s", s->balance, why);
}

/* ---- what follows the word ---- */

static void read_payload(struct draft *d, struct draft_service *s, const char *at)
{
	const char *offset = NULL, *length = NULL, *more = NULL;
	int64_t o = 0, n = 0;

	if (next_piece(d, &at, " \t", &offset) && next_piece(d, &at, " \t", &length)
		&& !next_piece(d, &at, " \t", &more) && number_in(offset, 0, PAYLOAD_OFFSET, &o)
		&& number_in(length, 1, PAYLOAD_LENGTH, &n)) {
		s->service.payload_offset = (unsigned)o;
		s->service.payload_length = (unsigned)n;
		return;
	}
	wrong(d, s, "the bytes of a datagram that count are needed; write payload OFFSET LENGTH with "
		"an offset from 0 to 65535 and a length from 1 to 16");
}

static int add_weight(struct draft *d, struct config_service *c, const char *text)
{
	int64_t weight;

	if (!number_in(text, 0, MOST_WEIGHT, &weight) || c->weight_count == CONFIG_MAX_WORKERS)
		return -1;
	if (!c->weights)
		c->weights = arena_zalloc(d->mem, CONFIG_MAX_WORKERS * sizeof(uint32_t));
	if (!c->weights)
		return -1;
	c->weights[c->weight_count++] = (uint32_t)weight;
	return 0;
}

static void check_weights(struct draft *d, const struct draft_service *s)
{
	const struct config_service *c = &s->service;
	unsigned workers = d->portico.config.workers;
	char why[128];
	uint64_t sum = 0;

	for (size_t i = 0; i < c->weight_count; i++)
		sum += c->weights[i];
	if (c->weight_count != workers) {
		snprintf(why, sizeof(why), "%zu weight%s for %u worker%s; write one for each worker",
			c->weight_count, c->weight_count == 1 ? "" : "s", workers, workers == 1 ? "" : "s");
		wrong(d, s, why);
	} else if (sum == 0) {
		wrong(d, s, "nobody would get anything; at least one weight must be above 0");
	}
}

static void read_weights(struct draft *d, struct draft_service *s, const char *at)
{
	const char *piece;

	bool open = ends_with_comma(at);
	while (next_piece(d, &at, ",", &piece))
		if (open || add_weight(d, &s->service, piece) < 0) {
			wrong(d, s, "not a list of numbers from 0 to 1000000; write weights 3,1 with one for "
				"each worker");
			return;
		}
	check_weights(d, s);
}

static void read_source(struct draft *d, struct draft_service *s, const char *at)
{
	unsigned *prefixes[2] = { &s->service.prefix4, &s->service.prefix6 };
	const char *piece;
	int64_t bits;

	*prefixes[0] = 32;
	*prefixes[1] = 128;
	bool open = ends_with_comma(at);
	for (int i = 0; next_piece(d, &at, ",", &piece); i++) {
		if (open || i == 2 || piece[0] != '/' || !number_in(piece + 1, 1, i == 0 ? 32 : 128, &bits)) {
			wrong(d, s, "not a prefix; write source /24 with /1 to /32 for IPv4, and for IPv6 "
				"behind a comma /1 to /128: source /24,/64");
			return;
		}
		*prefixes[i] = (unsigned)bits;
	}
}

/* ---- the word ---- */

static int find_balance(const char *word)
{
	for (int i = 0; names[i]; i++)
		if (strcmp(names[i], word) == 0)
			return i;
	return -1;
}

static void unknown(struct draft *d, const struct draft_service *s, const char *word)
{
	const char *near = text_nearest(word, names);
	char why[160];

	snprintf(why, sizeof(why), "there is no such balance%s%s; write hash, random, cpu, source, "
		"weights 3,1, load or payload OFFSET LENGTH",
		near ? "; did you mean " : "", near ? near : "");
	wrong(d, s, why);
}

static void read_rest(struct draft *d, struct draft_service *s, const char *at)
{
	switch (s->service.balance) {
	case CONFIG_WEIGHTS:
		read_weights(d, s, at);
		break;
	case CONFIG_SOURCE:
		read_source(d, s, at);
		break;
	case CONFIG_PAYLOAD:
		read_payload(d, s, at);
		break;
	default:
		if (*at)
			wrong(d, s, "one word is enough");
	}
}

static void check_protocol(struct draft *d, const struct draft_service *s)
{
	const struct config_service *c = &s->service;

	if (!s->protocol_known)
		return;
	if (c->balance == CONFIG_PAYLOAD && c->protocol != CONFIG_UDP)
		wrong(d, s, "only a datagram comes with its payload; payload is for protocol = udp");
	if (c->balance == CONFIG_LOAD && c->protocol == CONFIG_UDP)
		wrong(d, s, "a datagram leaves nothing open that could be counted; load is for "
			"protocol = tcp and http");
}

void config_read_balance(struct draft *d, struct draft_service *s)
{
	const struct ini_entry *e = ini_find(s->section, "balance");
	const char *at = s->balance, *word;

	if (!e || !e->value || !next_piece(d, &at, " \t", &word))
		return;
	int balance = find_balance(word);
	if (balance < 0) {
		unknown(d, s, word);
		return;
	}
	s->service.balance = balance;
	read_rest(d, s, at);
	check_protocol(d, s);
}

/* ---- canary ---- */

int config_parse_canary(const char *text, double *share, double *seconds)
{
	char percent[16], time[16], more[2];
	int64_t n;

	if (strcmp(text, "off") == 0) {
		*share = *seconds = 0.;
		return 0;
	}
	time[0] = '\0';
	int words = sscanf(text, "%15[^ \t]%*[ \t]%15s %1s", percent, time, more);
	if (words < 1 || words > 2)
		return -1;
	size_t len = strlen(percent);
	if (len < 2 || percent[len - 1] != '%')
		return -1;
	percent[len - 1] = '\0';
	if (text_int(percent, &n) < 0 || n < 1 || n > 99)
		return -1;
	if (time[0] && (text_seconds(time, seconds) < 0 || *seconds <= 0.))
		return -1;
	*share = (double)n / 100.;
	return 0;
}

void config_read_canary(struct draft *d, const struct ini_section *s, const struct ini_entry *e)
{
	struct config *c = &d->portico.config;

	c->canary_time = CONFIG_CANARY_TIME;
	if (e && e->value && config_parse_canary(d->portico.canary, &c->canary_share, &c->canary_time) < 0)
		problems_add(&d->problems, s->file, e->line,
			"canary = %s: not a share and a time; write 10%% 30s, or off", e->value);
}
