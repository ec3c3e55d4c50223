/* SPDX-License-Identifier: MIT */
/*
 * handler.c - one plugin with its settings, state and timers, in one worker.
 */
#include "proto/handler.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "proto/channels.h"
#include "proto/outgoing.h"
#include "proto/timer.h"

/* The label is the service's name, and behind a blank the prefix if there is one. */
static const char *prefix_of(const struct portico_service *h)
{
	size_t len = strlen(h->service);

	return strncmp(h->label, h->service, len) == 0 && h->label[len] == ' ' ? h->label + len + 1 : "";
}

static struct log_place place_of(const struct portico_service *h)
{
	return (struct log_place){ .service = h->service, .handler = prefix_of(h) };
}

static void __attribute__((format(printf, 3, 4)))
say(const struct portico_service *h, enum log_level level, const char *fmt, ...)
{
	const struct log_place here = place_of(h);
	char what[512], text[768];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	snprintf(text, sizeof(text), "handler %s (plugin %s): %s", h->label, h->plugin.name, what);
	log_say(level, &here, text);
}

void handler_says(const struct portico_service *h, enum log_level level, const char *what)
{
	say(h, level, "%s", what);
}

void handler_broke_contract(const struct portico_service *h, const char *how)
{
	h->counts->errors[ERROR_HANDLER]++;
	say(h, LOG_ERROR, "%s", how);
}

/* Counts what it did wrong; whether it may be told. */
static bool may_tell(struct portico_service *h)
{
	double now = ev_now(h->loop);

	h->counts->errors[ERROR_HANDLER]++;
	if (now - h->told < 1. && now >= h->told)
		return false;
	h->told = now;
	return true;
}

void handler_failed_to(struct portico_service *h, const char *callback, const char *what)
{
	if (may_tell(h))
		say(h, LOG_WARN, "%s %s", callback, what);
}

void handler_gave_up(struct portico_service *h, const char *callback)
{
	if (may_tell(h))
		say(h, LOG_WARN, "%s gave -1 (errno: %m)", callback);
}

int handler_setting(struct portico_service *h, const char *key, const char *value)
{
	h->shown = true;
	handler_enter(h, PULSE_SETTING);
	int result = h->plugin.setting(h, key, value);
	handler_leave(h);
	return result;
}

int handler_start(struct portico_service *h)
{
	h->shown = true;
	if (!h->plugin.start)
		return 0;
	handler_enter(h, PULSE_START);
	int result = h->plugin.start(h);
	handler_leave(h);
	return result;
}

void handler_drain(struct portico_service *h)
{
	if (!h->shown || !h->plugin.drain)
		return;
	handler_enter(h, PULSE_DRAIN);
	h->plugin.drain(h);
	handler_leave(h);
}

void handler_stop(struct portico_service *h)
{
	if (h->shown && h->plugin.stop) {
		handler_enter(h, PULSE_STOP);
		h->plugin.stop(h);
		handler_leave(h);
	}
	h->shown = false;
	timer_stop_all(h);
	channels_forget(h);
	outgoing_forget(h);
}

void *portico_service_state(struct portico_service *h)
{
	return h->state;
}

const char *portico_service_name(const struct portico_service *h)
{
	return h->service;
}

unsigned portico_service_worker(const struct portico_service *h)
{
	return h->worker;
}

bool portico_service_has_heir(const struct portico_service *h)
{
	return h->has_heir;
}

struct ev_loop *portico_service_loop(struct portico_service *h)
{
	return h->loop;
}

void portico_log(struct portico_service *h, enum portico_level level, const char *fmt, ...)
{
	static const enum log_level levels[] = {
		[PORTICO_ERROR] = LOG_ERROR,
		[PORTICO_WARN] = LOG_WARN,
		[PORTICO_INFO] = LOG_INFO,
		[PORTICO_DEBUG] = LOG_DEBUG,
	};
	struct log_place here = place_of(h);
	va_list args;

	here.named = true;
	va_start(args, fmt);
	log_vsay(level > PORTICO_DEBUG ? LOG_DEBUG : levels[level], &here, fmt, args);
	va_end(args);
}
