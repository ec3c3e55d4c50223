/* SPDX-License-Identifier: MIT */
/*
 * state.c - what a handler knows, from one worker to the next.
 */
#include "proto/state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "proto/parcel.h"
#include "sys/capsule.h"

/* ---- out ---- */

static int not_handed_on(struct portico_service *h, const char *why)
{
	char text[256];

	snprintf(text, sizeof(text), "its state is not handed on: %s", why);
	handler_says(h, LOG_WARN, text);
	return -1;
}

static const char *explain(int error)
{
	switch (error) {
	case EFBIG:
		return "it is more than state_max";
	case ETIME:
		return "it took longer than state_time";
	default:
		return strerror(error);
	}
}

static int ask(struct portico_service *h, struct portico_export *e)
{
	handler_enter(h, PULSE_STATE_EXPORT);
	int result = h->plugin.state_export(h, e);
	handler_leave(h);
	return result;
}

int state_export(struct portico_service *h, size_t max, double until)
{
	struct capsule capsule;
	struct portico_export e = { .capsule = &capsule, .until = until };

	if (capsule_open(&capsule, max) < 0)
		return not_handed_on(h, strerror(errno));
	int result = ask(h, &e);
	if (result < 0 && !capsule.failed) {
		capsule_close(&capsule);
		return not_handed_on(h, "state_export() gave -1");
	}
	int fd = capsule_seal(&capsule, h->plugin.name, h->plugin.state_version);
	return fd >= 0 ? fd : not_handed_on(h, explain(errno));
}

/* ---- in ---- */

void state_says_empty(struct portico_service *h, const char *why)
{
	char text[256];

	if (h->told_state)
		return;
	h->told_state = true;
	snprintf(text, sizeof(text), "starts empty: %s", why);
	handler_says(h, LOG_WARN, text);
}

static void took_over(struct portico_service *h, const struct capsule_head *head)
{
	char text[96];

	h->told_state = true;
	snprintf(text, sizeof(text), "took over %llu bytes of state, version %u",
		(unsigned long long)head->len, head->version);
	handler_says(h, LOG_INFO, text);
}

static void refused(struct portico_service *h, uint32_t version)
{
	char text[160];

	snprintf(text, sizeof(text), "state_import() refused what there was, version %u; its own is %u",
		version, h->plugin.state_version);
	state_says_empty(h, text);
}

/* As much of a name as a capsule has room for. */
static bool is_of(const struct capsule_head *head, const char *plugin)
{
	return strncmp(head->plugin, plugin, sizeof(head->plugin) - 1) == 0;
}

static void give(struct portico_service *h, const struct capsule_view *v)
{
	if (!is_of(v->head, h->plugin.name)) {
		state_says_empty(h, "what there was is another plugin's");
		return;
	}
	handler_enter(h, PULSE_STATE_IMPORT);
	int result = h->plugin.state_import(h, v->head->version, v->data, (size_t)v->head->len);
	handler_leave(h);
	if (result < 0)
		refused(h, v->head->version);
	else
		took_over(h, v->head);
}

void state_import(struct portico_service *h, int fd)
{
	struct capsule_view view;
	char text[128];
	const char *wrong = capsule_map(&view, fd);

	if (wrong) {
		snprintf(text, sizeof(text), "what there was cannot be read: %s", wrong);
		state_says_empty(h, text);
		return;
	}
	give(h, &view);
	capsule_unmap(&view);
}
