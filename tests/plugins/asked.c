/* SPDX-License-Identifier: MIT */
/*
 * asked.c - the table of a service by HTTP, answered later: the path is the call, the query has what
 * it takes with commas between them, "-" for a NULL.  N as a value is eight bytes, the number N.
 * /many asks as often as the query says, and answers with how often which error came.
 * /say publishes, and heard counts what came.
 */
#include <portico.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 4 };

struct asking {                  /* outlives its request, which may be done first */
	struct portico_request *req;     /* NULL: it is done */
	long          wanted, answered, good;
	int           error;             /* the last one */
};

static void finish(struct asking *a, const char *text)
{
	if (a->req) {
		*(struct asking **)portico_request_state(a->req) = NULL;
		portico_reply_text(a->req, 200, text);
	}
	free(a);
}

static void show(char *out, size_t room, const struct portico_table_answer *answer)
{
	int64_t n;

	if (answer->error) {
		snprintf(out, room, "%s\n", strerror(answer->error));
	} else if (answer->value && answer->len == sizeof(n)) {
		memcpy(&n, answer->value, sizeof(n));
		snprintf(out, room, "number %lld\n", (long long)n);
	} else if (answer->value) {
		snprintf(out, room, "value %.*s\n", (int)answer->len, (const char *)answer->value);
	} else {
		snprintf(out, room, "done %lld\n", (long long)answer->now);
	}
}

static void answered(struct portico_service *s, const struct portico_table_answer *answer, void *arg)
{
	char text[256];

	(void)s;
	show(text, sizeof(text), answer);
	finish(arg, text);
}

static void one_of_many(struct portico_service *s, const struct portico_table_answer *answer, void *arg)
{
	struct asking *a = arg;
	char text[128];

	(void)s;
	a->answered++;
	a->good += answer->error == 0;
	a->error = answer->error ? answer->error : a->error;
	if (a->answered < a->wanted)
		return;
	snprintf(text, sizeof(text), "good %ld of %ld, %s\n", a->good, a->answered,
		a->error ? strerror(a->error) : "no error");
	finish(a, text);
}

struct word {
	const void *bytes;
	size_t      len;
	int64_t     number;
};

static void cut(char *query, struct word *words)
{
	for (int i = 0; query && i < WORDS; i++) {
		char *text = strsep(&query, ",");
		struct word *w = &words[i];
		if (strcmp(text, "-") == 0)
			continue;
		*w = (struct word){ text, strlen(text), 0 };
		if (text[0] != 'N')
			continue;
		w->number = strtoll(text + 1, NULL, 10);
		w->bytes = &w->number;
		w->len = sizeof(w->number);
	}
}

static int ask_many(struct portico_service *s, struct asking *a, const struct word *w)
{
	long count = strtol(w[1].bytes, NULL, 10);

	for (long i = 0; i < count; i++)
		a->wanted += portico_table_add_then(s, w[0].bytes, w[0].len, 1, 0., one_of_many, a) == 0;
	return a->wanted > 0 ? 0 : -1;
}

static int ask(struct portico_service *s, const char *call, const struct word *w, struct asking *a)
{
	const void *key = w[0].bytes;
	size_t len = w[0].len;
	double ttl;

	if (strcmp(call, "/many") == 0)
		return ask_many(s, a, w);
	if (strcmp(call, "/get") == 0)
		return portico_table_get_then(s, key, len, answered, a);
	if (strcmp(call, "/delete") == 0)
		return portico_table_delete_then(s, key, len, answered, a);
	if (strcmp(call, "/add") == 0) {
		ttl = w[2].bytes ? strtod(w[2].bytes, NULL) : 0.;
		return portico_table_add_then(s, key, len, w[1].number, ttl, answered, a);
	}
	if (strcmp(call, "/put") == 0) {
		ttl = w[2].bytes ? strtod(w[2].bytes, NULL) : 0.;
		return portico_table_put_then(s, key, len, w[1].bytes, w[1].len, ttl, answered, a);
	}
	ttl = w[3].bytes ? strtod(w[3].bytes, NULL) : 0.;
	return portico_table_swap_then(s, key, len, w[1].bytes, w[1].len, w[2].bytes, w[2].len, ttl,
		answered, a);
}

static int say(struct portico_request *req, const char *query)
{
	int result = portico_publish(portico_request_service(req), "told", query, strlen(query));

	return portico_reply_text(req, 200, result == 0 ? "said\n" : strerror(errno));
}

static int request(struct portico_request *req)
{
	char query[1024];
	struct word words[WORDS] = { 0 };
	const char *call = portico_request_path(req), *given = portico_request_query(req);
	struct asking *a;

	if (!given)
		return portico_reply_text(req, 200, "alive\n");
	if (strcmp(call, "/say") == 0)
		return say(req, given);
	snprintf(query, sizeof(query), "%s", given);
	cut(query, words);
	a = calloc(1, sizeof(*a));
	if (!a)
		return -1;
	if (ask(portico_request_service(req), call, words, a) < 0) {
		free(a);
		return portico_reply_text(req, 200, strerror(errno));
	}
	a->req = req;
	*(struct asking **)portico_request_state(req) = a;
	return PORTICO_LATER;
}

static void done(struct portico_request *req)
{
	struct asking *a = *(struct asking **)portico_request_state(req);

	if (a)
		a->req = NULL;
}

static void heard(struct portico_service *s, const char *channel, const void *data, size_t len)
{
	(void)channel;
	(void)data;
	(void)len;
	portico_counter_add(portico_counter(s, "heard", NULL), 1);
}

static int start(struct portico_service *s)
{
	return portico_subscribe(s, "told", heard) == 0 || errno == EOPNOTSUPP ? 0 : -1;
}

PORTICO_PLUGIN(.name = "asked", .start = start, .http_request = request, .http_done = done,
	.request_size = sizeof(struct asking *))
