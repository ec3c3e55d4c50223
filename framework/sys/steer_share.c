/* SPDX-License-Identifier: MIT */
/*
 * steer_share.c - which keys are whose.
 *
 * Members of equal weight that stand side by side have exactly the same number of
 * keys (the last of them also what division leaves), so that one division finds
 * the member, however many they are.  Where each member's keys begin depends on
 * the weights alone and not on who is closed.
 */
#include "sys/steer_share.h"

enum { ROW_WORTH = 3 };          /* fewer members are found faster one by one */

struct division {
	uint64_t weights[STEER_MEMBERS];
	uint64_t starts[STEER_MEMBERS + 1];     /* of a member's keys; [count]: the range */
};

static bool is_closed(const struct steer *s, unsigned i)
{
	return s->closed && s->closed[i];
}

static uint32_t weight_of(const struct steer *s, unsigned i)
{
	return s->weights ? s->weights[i] : 1;
}

/* Gives their sum. */
static uint64_t weigh(const struct steer *s, bool open_only, uint64_t *weights)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < s->count; i++) {
		weights[i] = open_only && is_closed(s, i) ? 0 : weight_of(s, i);
		sum += weights[i];
	}
	return sum;
}

static void weigh_equally(const struct steer *s, bool open_only, uint64_t *weights)
{
	for (unsigned i = 0; i < s->count; i++)
		weights[i] = !(open_only && is_closed(s, i));
}

/* The mean, over those of a grain that have any weight. */
static void level(uint64_t *weights, unsigned count, unsigned grain)
{
	for (unsigned i = 0; i < count; i += grain) {
		unsigned end = i + grain < count ? i + grain : count, some = 0;
		uint64_t sum = 0;

		for (unsigned j = i; j < end; j++) {
			sum += weights[j];
			some += weights[j] > 0;
		}
		for (unsigned j = i; j < end; j++)
			weights[j] = weights[j] > 0 ? (sum + some - 1) / some : 0;
	}
}

/* range * sum / total without overflow: sum <= total < 2^42, range <= 2^32. */
static uint64_t part(uint64_t range, uint64_t sum, uint64_t total)
{
	unsigned cut = 0;

	while (total >> cut > UINT32_MAX)
		cut++;
	return range * (sum >> cut) / (total >> cut);
}

static void divide(struct division *d, unsigned count, uint64_t range)
{
	uint64_t sum = 0, total = 0;
	unsigned end;

	for (unsigned i = 0; i < count; i++)
		total += d->weights[i];
	for (unsigned i = 0; i < count; i = end) {
		for (end = i + 1; end < count && d->weights[end] == d->weights[i];)
			end++;
		uint64_t from = part(range, sum, total);
		sum += d->weights[i] * (end - i);
		uint64_t width = (part(range, sum, total) - from) / (end - i);
		for (unsigned j = i; j < end; j++)
			d->starts[j] = from + (j - i) * width;
	}
	d->starts[count] = range;
}

static uint64_t width_of(const struct division *d, unsigned i)
{
	return d->starts[i + 1] - d->starts[i];
}

/* The next member with which i stands in no row. */
static unsigned row_end(
	const struct steer *s, const struct division *d, unsigned i, bool open_only)
{
	unsigned end = i + 1;

	while (end < s->count && width_of(d, end) == width_of(d, i)
		&& (open_only || !is_closed(s, end)))
		end++;
	return end - i < ROW_WORTH ? i + 1 : end;
}

/* Closed neighbours have one fate. */
static void add_piece(struct steer_shares *out, struct steer_piece piece)
{
	if (out->count > 0 && piece.outcome == STEER_CLOSED
		&& out->pieces[out->count - 1].outcome == STEER_CLOSED)
		return;
	out->pieces[out->count++] = piece;
}

static void cut(
	const struct steer *s, const struct division *d, bool open_only, struct steer_shares *out)
{
	unsigned end;

	for (unsigned i = 0; i < s->count; i = end) {
		struct steer_piece piece = {
			.from = (uint32_t)d->starts[i],
			.outcome = STEER_CLOSED,
			.first = i,
			.width = (uint32_t)width_of(d, i),
		};
		end = i + 1;
		if (width_of(d, i) == 0)
			continue;
		if (open_only || !is_closed(s, i)) {
			end = row_end(s, d, i, open_only);
			piece.outcome = end - i > 1 ? STEER_ROW : STEER_ONE;
		}
		add_piece(out, piece);
	}
}

static void share(
	const struct steer *s, struct division *d, bool open_only, struct steer_shares *out)
{
	divide(d, s->count, out->range);
	cut(s, d, open_only, out);
}

void steer_share_all(const struct steer *s, struct steer_shares *out)
{
	struct division d;

	*out = (struct steer_shares){ .range = UINT64_C(1) << 32 };
	if (weigh(s, false, d.weights) == 0)
		weigh_equally(s, false, d.weights);
	if (s->by == STEER_CPU) {
		out->range = 0;
		for (unsigned i = 0; i < s->count; i++)
			out->range += d.weights[i] = d.weights[i] > 0;
	}
	share(s, &d, false, out);
}

void steer_share_open(const struct steer *s, unsigned grain, struct steer_shares *out)
{
	struct division d;

	*out = (struct steer_shares){ .range = UINT64_C(1) << 32 };
	if (weigh(s, true, d.weights) == 0)
		weigh_equally(s, true, d.weights);
	level(d.weights, s->count, grain);
	share(s, &d, true, out);
}
