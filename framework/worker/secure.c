/* SPDX-License-Identifier: MIT */
/*
 * secure.c - the certificates and keys of all services, read while the worker may.
 *
 * Each worker reads them for itself, so a private key is never in the master, and a
 * reload, which is new workers, brings what the files hold then.
 */
#include "worker/secure.h"

#include <stdlib.h>

#include "base/log.h"
#include "net/tls_context.h"
#include "sys/ticket.h"

static void log_warning(void *arg, const char *sentence)
{
	(void)arg;
	log_warn("%s", sentence);
}

int secure_load(struct secure *s, const struct config *c, struct ticket_keys *tickets,
	bool warn, struct problems *problems)
{
	struct problems warnings = { .tell = log_warning, .most = CONFIG_MAX_PROBLEMS };
	int result = 0;

	s->count = c->service_count;
	s->contexts = calloc(s->count + 1, sizeof(*s->contexts));
	if (!s->contexts) {
		problems_add(problems, c->file, 0, "no memory for TLS");
		return -1;
	}
	if (tickets)
		ticket_protect(tickets);
	for (size_t i = 0; i < s->count; i++) {
		if (c->services[i].tls_pair_count == 0)
			continue;
		s->contexts[i] = tls_context_create(&c->services[i], tickets, problems,
			warn ? &warnings : NULL);
		if (!s->contexts[i])
			result = -1;
	}
	return result;
}

void secure_fini(struct secure *s)
{
	for (size_t i = 0; s->contexts && i < s->count; i++)
		tls_context_destroy(s->contexts[i]);
	free(s->contexts);
	s->contexts = NULL;
}
