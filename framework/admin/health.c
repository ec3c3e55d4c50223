/* SPDX-License-Identifier: MIT */
/*
 * health.c - /livez, /readyz, /startupz.
 */
#include "admin/health.h"

#include <stdio.h>

#include "admin/admin.h"

struct check {
	const char *name;
	bool      (*fails)(const struct admin *a, char *why, size_t size);
};

/* That it is asked is the proof. */
static bool loop_fails(const struct admin *a, char *why, size_t size)
{
	(void)a;
	(void)why;
	(void)size;
	return false;
}

static bool services_fail(const struct admin *a, char *why, size_t size)
{
	snprintf(why, size, "service %s could not be served", a->unserved ? a->unserved : "");
	return a->unserved != NULL;
}

static bool shutdown_fails(const struct admin *a, char *why, size_t size)
{
	snprintf(why, size, "%s", a->unready);
	return a->unready[0] != '\0';
}

static const struct check checks[] = {
	{ "loop", loop_fails },
	{ "services", services_fail },
	{ "shutdown", shutdown_fails },
};

/* Looks at the first count checks: 503 if one fails. */
static int look(struct admin *a, struct portico_request *r, size_t count)
{
	bool verbose = admin_asked_for(r, "verbose"), failed = false;
	char text[2048], why[512];
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		bool fails = checks[i].fails(a, why, sizeof(why));
		failed = failed || fails;
		if (fails)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s%s%s\n",
				verbose ? "[-]" : "", verbose ? checks[i].name : "",
				verbose ? " failed: " : "", why);
		else if (verbose)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "[+]%s ok\n",
				checks[i].name);
	}
	if (verbose || !failed)
		snprintf(text + at, sizeof(text) - at, "%s\n", failed ? "failed" : "ok");
	return admin_reply_text(r, failed ? 503 : 200, text);
}

int health_live(struct admin *a, struct portico_request *r)
{
	return look(a, r, 1);
}

int health_started(struct admin *a, struct portico_request *r)
{
	return look(a, r, 2);
}

int health_ready(struct admin *a, struct portico_request *r)
{
	return look(a, r, sizeof(checks) / sizeof(*checks));
}
