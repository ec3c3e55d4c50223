/* SPDX-License-Identifier: MIT */
/*
 * counts.c - what a service did in one worker, in numbers that only grow.
 */
#include "sys/counts.h"

#include <stddef.h>

_Static_assert(sizeof(struct counts) % sizeof(uint64_t) == 0, "64-bit numbers only");
_Static_assert(offsetof(struct counts, latency) % sizeof(uint64_t) == 0, "64-bit numbers only");

enum {
	WORDS = sizeof(struct counts) / sizeof(uint64_t),
	PLAIN = offsetof(struct counts, latency) / sizeof(uint64_t),
};

void counts_read(struct counts *out, const struct counts *shared)
{
	const uint64_t *from = (const uint64_t *)shared;
	uint64_t *to = (uint64_t *)out;

	for (unsigned i = 0; i < WORDS; i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

void counts_merge(struct counts *to, const struct counts *more)
{
	const uint64_t *from = (const uint64_t *)more;
	uint64_t *sum = (uint64_t *)to;

	for (unsigned i = 0; i < PLAIN; i++)
		sum[i] += from[i];
	latency_merge(&to->latency, &more->latency);
}

void counts_since(struct counts *c, const struct counts *before)
{
	const uint64_t *from = (const uint64_t *)before;
	uint64_t *rest = (uint64_t *)c;

	for (unsigned i = 0; i < PLAIN; i++)
		rest[i] -= from[i];
	latency_since(&c->latency, &before->latency);
}

/* Two of its numbers may have been read a moment apart. */
uint64_t counts_active(const struct counts *c)
{
	uint64_t in = c->accepted + c->taken, out = c->given + c->closed + c->lost;
	return in > out ? in - out : 0;
}

uint64_t counts_requests(const struct counts *c)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < COUNT_CLASSES; i++)
		sum += c->requests[i];
	return sum;
}

const char *count_error_name(unsigned kind)
{
	static const char *const names[COUNT_ERRORS] = {
		[ERROR_ACCEPT] = "accept",
		[ERROR_MEMORY] = "memory",
		[ERROR_PROTOCOL] = "protocol",
		[ERROR_TIMEOUT] = "timeout",
		[ERROR_RESET] = "reset",
		[ERROR_HANDLER] = "handler",
		[ERROR_UNSENT] = "unsent",
		[ERROR_REFUSED] = "refused",
		[ERROR_UNLOGGED] = "unlogged",
	};
	return kind < COUNT_ERRORS ? names[kind] : "?";
}

const char *count_scope_name(unsigned scope)
{
	static const char *const names[COUNT_SCOPES] = {
		[COUNT_CLIENT] = "client",
		[COUNT_SERVICE] = "service",
	};
	return scope < COUNT_SCOPES ? names[scope] : "?";
}
