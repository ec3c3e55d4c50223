/* SPDX-License-Identifier: MIT */
/*
 * metric.c - a plugin's own numbers, in the page that its master reads.
 */
#include "proto/handler.h"
#include "sys/page.h"

struct portico_counter *portico_counter(struct portico_service *h, const char *name,
	const char *help)
{
	return (struct portico_counter *)page_metric(h->page, h->label, name, help, PAGE_COUNTER);
}

struct portico_gauge *portico_gauge(struct portico_service *h, const char *name,
	const char *help)
{
	return (struct portico_gauge *)page_metric(h->page, h->label, name, help, PAGE_GAUGE);
}

void portico_counter_add(struct portico_counter *c, uint64_t n)
{
	if (c)
		((struct page_metric *)c)->value.count += n;
}

void portico_gauge_set(struct portico_gauge *g, double value)
{
	if (g)
		((struct page_metric *)g)->value.level = value;
}

void portico_gauge_add(struct portico_gauge *g, double by)
{
	if (g)
		((struct page_metric *)g)->value.level += by;
}
