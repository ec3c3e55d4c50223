/* SPDX-License-Identifier: MIT */
/* service_rate.c - how often a service may be used, as its section says. */
#include "base/log.h"
#include "service/service_parts.h"

const struct rate *service_rate(const struct service *s)
{
	return s->rate.shared ? &s->rate : NULL;
}

static struct bucket_rule rule(uint64_t each, int64_t burst)
{
	return (struct bucket_rule){ .each = each, .whole = each * (uint64_t)burst };
}

static bool is_joined(const struct service *s)
{
	return s->rate.shared && s->config->rate_over == CONFIG_RATE_REDIS;
}

int service_rate_join(struct service *s, struct redis *redis)
{
	struct rate *r = &s->rate;

	if (!is_joined(s))
		return 0;
	for (int i = 0; i < COUNT_SCOPES; i++)
		r->rules[i].debt = rate_join_debt(&r->rules[i]);
	r->join = rate_join_create(r, redis, s->config->redis_prefix, &s->handlers[0]);
	if (r->join)
		return 0;
	log_error("service %s: no memory for its rates over Redis", s->config->name);
	return -1;
}

void service_rate_init(struct service *s, struct rates *rates)
{
	const struct config_service *c = s->config;

	s->rate = (struct rate){
		.shared = config_has_rate(c) ? rates : NULL,
		.rules[COUNT_CLIENT] = rule(c->rate_client_each, c->rate_client_burst),
		.rules[COUNT_SERVICE] = rule(c->rate_each, c->rate_burst),
		.texts[COUNT_CLIENT] = c->rate_client,
		.texts[COUNT_SERVICE] = c->rate,
		.prefix4 = c->rate_prefix4,
		.prefix6 = c->rate_prefix6,
		.reports = c->rate_action == CONFIG_RATE_REPORT,
		.service = c->name,
		.counts = s->counts,
	};
}
