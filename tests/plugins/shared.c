/* SPDX-License-Identifier: MIT */
/*
 * shared.c - the table of a service by HTTP: the path is the call, the query is the key, and what
 * it answers ends with the worker's number.  /flood says as many messages as the query has it, and
 * heard counts those that came.
 */
#include <portico.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int answer(struct portico_request *req, const char *text)
{
	char line[256];

	snprintf(line, sizeof(line), "%s %u\n", text,
		portico_service_worker(portico_request_service(req)));
	return portico_reply_text(req, 200, line);
}

static int add(struct portico_request *req, struct portico_service *s, const char *key)
{
	char text[32];
	int64_t now;

	if (portico_table_add(s, key, strlen(key), 1, 0., &now) < 0)
		return answer(req, strerror(errno));
	snprintf(text, sizeof(text), "%lld", (long long)now);
	return answer(req, text);
}

static int get(struct portico_request *req, struct portico_service *s, const char *key)
{
	char value[128];
	ssize_t len = portico_table_get(s, key, strlen(key), value, sizeof(value) - 1);

	if (len < 0)
		return answer(req, strerror(errno));
	value[len] = '\0';
	return answer(req, value);
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
	return portico_subscribe(s, "flood", heard) == 0 || errno == EOPNOTSUPP ? 0 : -1;
}

static int flood(struct portico_request *req, struct portico_service *s, long count)
{
	static const char text[200];

	for (long i = 0; i < count; i++)
		if (portico_publish(s, "flood", text, sizeof(text)) < 0)
			return answer(req, strerror(errno));
	return answer(req, "done");
}

static int request(struct portico_request *req)
{
	struct portico_service *s = portico_request_service(req);
	const char *call = portico_request_path(req), *key = portico_request_query(req);
	int result = 0;

	if (strcmp(call, "/add") == 0)
		return add(req, s, key);
	if (strcmp(call, "/get") == 0)
		return get(req, s, key);
	if (strcmp(call, "/flood") == 0)
		return flood(req, s, atol(key));
	if (strcmp(call, "/put") == 0)
		result = portico_table_put(s, key, strlen(key), "put", 3, 0.);
	if (strcmp(call, "/swap") == 0)
		result = portico_table_swap(s, key, strlen(key), "put", 3, "swapped", 7, 0.);
	if (strcmp(call, "/delete") == 0)
		result = portico_table_delete(s, key, strlen(key));
	return answer(req, result == 0 ? "done" : strerror(errno));
}

PORTICO_PLUGIN(.name = "shared", .start = start, .http_request = request)
